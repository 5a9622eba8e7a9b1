import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTestHost, type TestHost } from '../../../examples/reference-host/test/config.ts';
import type { ContainerFleet, ContainerLine } from '../../../examples/reference-host/test/docker/container-fleet.ts';
import { filtered } from '../../../examples/reference-host/test/docker/engine.ts';
import { RunningHost } from '../../../examples/reference-host/test/host.ts';
import { sectionsOf } from '../docker/limits.ts';
import { PlainContestant } from './contestant.ts';

/** `--restart always`, and nothing else. */
export class RestartPolicy extends PlainContestant {
  readonly name = 'restart policy';
  protected readonly restartPolicy = 'always';

  protected async lookAfter(): Promise<void> {
    // The engine does it.
  }
}

const pollMs = 5_000;
const stopSeconds = 10;

/** A restart policy, and beside it a loop that asks every 5 s who is unhealthy and restarts it with 10 s to stop. */
export class PollingRestarter extends PlainContestant {
  readonly name = 'restart policy and a restarter that polls';
  protected readonly restartPolicy = 'always';
  readonly #end = new AbortController();
  #loop: Promise<void> = Promise.resolve();

  protected async lookAfter(): Promise<void> {
    this.#loop = this.#poll();
  }

  override async close(): Promise<void> {
    this.#end.abort();
    await this.#loop;
    await super.close();
  }

  async #poll(): Promise<void> {
    const { signal } = this.#end;
    const { engine, label } = this.fleet;
    while (!signal.aborted) {
      const path = filtered('/containers/json', { health: ['unhealthy'], label: [label] });
      const sick = await engine.ask<readonly ContainerLine[]>('GET', path);
      for (const { Id } of sick)
        await engine.ask('POST', `/containers/${Id}/restart?t=${stopSeconds}`).catch(() => undefined);
      await sleep(pollMs, undefined, { signal }).catch(() => undefined);
    }
  }
}

/** For agents that answer within milliseconds, and send a heartbeat twice a second if they send any. */
const quick = {
  heartbeat: { every: '500ms', timeout: '1500ms', silentFor: '6s' },
  probes: {
    health: { timeout: '500ms' },
    liveness: { every: '1s', timeout: '500ms', failures: 2 },
    readiness: { every: '1s', timeout: '500ms' },
    performance: { every: '1s', timeout: '500ms' },
    startGrace: '10s',
  },
};

/** No restart policy: the guard does all of it. */
export class Guarded extends PlainContestant {
  readonly name: string;
  protected readonly restartPolicy = 'no';
  readonly #beats: { readonly host: string } | undefined;
  readonly #tokens = { operator: randomBytes(16).toString('hex'), agents: randomBytes(16).toString('hex') };
  #folder: TestHost | undefined;
  #host: RunningHost | undefined;

  /** `beats`: agents send heartbeats as well, to that address of this machine. */
  constructor(fleet: ContainerFleet, asked: boolean, beats?: { readonly host: string }) {
    super(fleet, asked);
    this.#beats = beats;
    this.name = beats ? 'Praetorian Guard, agents send heartbeats' : 'Praetorian Guard';
  }

  override async open(agentIds: readonly string[]): Promise<void> {
    const { engine, label } = this.fleet;
    const { operator: token, agents } = this.#tokens;
    const open = this.#beats && { host: this.#beats.host, token, agents: { group: 'fleet', token: agents } };
    this.#folder = await createTestHost({
      sections: { ...sectionsOf('raised', engine.url, label), ...quick },
      ...(open ? { open } : {}),
    });
    await super.open(agentIds);
  }

  override async close(): Promise<void> {
    try {
      await this.#host?.stop();
    } finally {
      await super.close();
      this.#folder?.remove();
    }
  }

  protected override envOf(agentId: string): { readonly [name: string]: string } {
    if (!this.#beats) return {};
    return {
      PRAETORIAN_URL: this.#folder?.url ?? '',
      PRAETORIAN_TOKEN: this.#tokens.agents,
      PRAETORIAN_AGENT_ID: agentId,
      PRAETORIAN_GROUP: 'fleet',
      HEARTBEAT_MS: '500',
      RESTORE_WAIT_MS: '1000',
    };
  }

  protected async lookAfter(agentIds: readonly string[]): Promise<void> {
    if (!this.#folder) throw new Error('the guard has no folder');
    this.#host = new RunningHost(this.#folder);
    await this.#host.start();
    await this.#host.healthy(agentIds.length);
  }
}
