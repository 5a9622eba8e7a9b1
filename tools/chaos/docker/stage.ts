import { setTimeout as sleep } from 'node:timers/promises';
import type { Incident } from '@praetorian-guard/core';
import { createTestHost, type TestHost } from '../../../examples/reference-host/test/config.ts';
import { ContainerFleet, type Inspected } from '../../../examples/reference-host/test/docker/container-fleet.ts';
import { importThinImage } from '../../../examples/reference-host/test/docker/image.ts';
import { type EngineEvent, EngineLog } from '../../../examples/reference-host/test/docker/engine-log.ts';
import { RunningHost } from '../../../examples/reference-host/test/host.ts';
import { Observer } from '../observer.ts';
import type { OwnDaemon } from './daemon.ts';
import type { Window } from './judge.ts';
import { groupSizes, imageOf } from './layout.ts';
import { type Limits, sectionsOf } from './limits.ts';
import { isWell } from './truth.ts';

const firstHostPort = 24_000;
/** The system of this machine fits beside an agent of 45 MB; a leak reaches it in seconds. */
const memoryMb = 160;
const quietMs = 90_000;
const hearMs = 20_000;
/** An event of what was done by hand may come after the answer. */
const lateMs = 100;

/** Everything a run plays on: the containers, what the engine tells of them, and the guard. */
export class Stage {
  readonly daemon: OwnDaemon;
  readonly fleet: ContainerFleet;
  readonly log: EngineLog;
  readonly agentIds: readonly string[];
  readonly hostPorts: ReadonlyMap<string, number>;
  readonly #limits: Limits;
  readonly #byHand: Window[] = [];
  #openedAt = Infinity;
  #folder: TestHost | undefined;
  #host: RunningHost | undefined;
  #observer: Observer | undefined;

  constructor(daemon: OwnDaemon, size: number, limits: Limits) {
    this.daemon = daemon;
    this.fleet = new ContainerFleet(daemon.engine);
    this.log = new EngineLog(daemon.engine, this.fleet.label);
    this.#limits = limits;
    this.agentIds = Object.entries(groupSizes(size)).flatMap(([group, count]) =>
      Array.from({ length: count }, (_, at) => `${group}.${at + 1}`),
    );
    const gates = this.agentIds.filter((agentId) => agentId.startsWith('gates.'));
    this.hostPorts = new Map(gates.map((agentId, at) => [agentId, firstHostPort + at]));
  }

  get host(): RunningHost {
    if (!this.#host) throw new Error('the stage is not open');
    return this.#host;
  }

  get observer(): Observer {
    if (!this.#observer) throw new Error('the stage is not open');
    return this.#observer;
  }

  async open(): Promise<void> {
    const { fleet, log, daemon } = this;
    await fleet.open();
    log.start();
    for (const agentId of this.agentIds) await this.startAgent(agentId);
    this.#folder = await createTestHost({ sections: sectionsOf(this.#limits, daemon.engine.url, fleet.label) });
    this.#host = new RunningHost(this.#folder, ['--log-format', 'json']);
    this.#observer = new Observer(this.#folder.url);
    this.#observer.start();
    await this.#host.start();
    await this.#host.healthy(this.agentIds.length);
    this.#openedAt = Date.now();
  }

  async close(): Promise<void> {
    await this.#host?.stop();
    await this.#observer?.stop();
    await this.log.stop();
    await this.fleet.remove();
    this.#folder?.remove();
  }

  /** Makes the container of an agent and starts it. */
  async startAgent(agentId: string): Promise<void> {
    const { fleet } = this;
    const hostPort = this.hostPorts.get(agentId);
    const archive = agentId.startsWith('archives.');
    const image = imageOf(fleet, agentId);
    if (archive) await importThinImage(fleet.engine, image.split(':')[0] ?? image, fleet.label);
    await fleet.start(agentId, {
      memoryMb,
      healthEveryMs: 3_000,
      ...(hostPort === undefined ? {} : { hostPort }),
      ...(archive ? { image } : {}),
    });
  }

  /** What the guard has done about an agent since a time, and its containers as they are now; a line each. */
  async findings(agentId: string, since: number): Promise<readonly string[]> {
    const incidents = this.incidentsOf(agentId, since);
    const entries = incidents.flatMap(({ id }) => this.observer.entriesOf(id)).filter(({ at }) => at >= since);
    const told = entries.map(({ at, type, reason }) => `+${at - since} ms ${type}: ${reason.text}`);
    const events = this.log.of(agentId, since).filter(({ action }) => !action.startsWith('exec_'));
    const seen = events.map(
      ({ at, action, name, containerId }) =>
        `+${Math.round(at - since)} ms engine: ${action} ${name} (${containerId.slice(0, 12)})`,
    );
    const containers = (await this.fleet.containers()).filter(({ Labels }) => Labels['praetorian.agent'] === agentId);
    const asked = await this.host.ask('GET', `/api/v1/agents/${agentId}`).catch(() => undefined);
    const known = (asked?.body as { agent?: { instance?: object } } | undefined)?.agent?.instance;
    const standing = await Promise.all(
      containers.map(async ({ Id, Names, State }) => {
        const { NetworkSettings } = await this.fleet.engine.ask<Inspected>('GET', `/containers/${Id}/json`);
        const addresses = Object.values(NetworkSettings.Networks).map(({ IPAddress }) => IPAddress);
        return `stands there: ${Names.join()} (${Id.slice(0, 12)}) ${State} at ${addresses.join()}`;
      }),
    );
    const logged = this.logged(agentId, since);
    return [...told, ...seen, ...logged, ...standing, `the guard knows: ${JSON.stringify(known)}`];
  }

  /** What the guard has written of an agent to its log. */
  logged(agentId: string, since: number): readonly string[] {
    return this.host.output.split('\n').filter((line) => line.includes(`"${agentId}"`) && timeIn(line) >= since);
  }

  /** Does something to an agent as a person would: what the engine tells of it meanwhile is not the guard's doing. */
  async byHand<T>(agentId: string, deed: () => Promise<T>): Promise<T> {
    const from = Date.now();
    try {
      return await deed();
    } finally {
      this.#byHand.push({ agentId, from, to: Date.now() });
    }
  }

  /** What the engine told since everything stood, but for what was done by hand. */
  get unaided(): readonly EngineEvent[] {
    return this.log.events.filter(
      ({ agentId, at }) =>
        at > this.#openedAt &&
        !this.#byHand.some((one) => one.agentId === agentId && at >= one.from && at <= one.to + lateMs),
    );
  }

  groupOf(agentId: string): readonly string[] {
    const group = agentId.split('.')[0] ?? '';
    return this.agentIds.filter((other) => other.startsWith(`${group}.`));
  }

  incidentsOf(agentId: string, since: number): readonly Incident[] {
    return this.observer.incidents.filter((one) => one.agentId === agentId && one.changedAt >= since);
  }

  /** At rest: every agent works, by the engine and by the guard, and no incident is open. */
  async rest(): Promise<void> {
    const { host } = this;
    await host.until('every incident is resolved', () => this.#isQuiet(), quietMs);
    await host.healthy(this.agentIds.length, quietMs);
    await host.until('every agent works', async () => {
      const well = await Promise.all(this.agentIds.map((agentId) => isWell(this.fleet, agentId)));
      return well.every(Boolean);
    });
  }

  /** Waits for something to be heard, not for ever: what comes of it is judged elsewhere. */
  async heard(holds: () => boolean): Promise<void> {
    const end = Date.now() + hearMs;
    while (!holds() && Date.now() < end) await sleep(5);
  }

  /** Does it again while the engine is away. */
  async stubbornly(deed: () => Promise<unknown>): Promise<void> {
    for (let tries = 0; ; tries += 1) {
      try {
        return void (await deed());
      } catch (error) {
        const code = (error as { code?: string }).code;
        if (tries > 100 || !['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE'].includes(code ?? '')) throw error;
        await sleep(100);
      }
    }
  }

  async #isQuiet(): Promise<boolean> {
    const incidents = (await this.host.incidents()) as unknown as readonly Incident[];
    for (const incident of incidents) this.observer.note(incident);
    return incidents.every(({ state }) => state === 'resolved');
  }
}

/** When a line of the guard's log was written. */
function timeIn(line: string): number {
  return Number(/"time":(\d+)/.exec(line)?.[1] ?? Number.NaN);
}
