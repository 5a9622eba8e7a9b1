import type { Incident } from '@praetorian-guard/core';
import { EngineRefusal } from '../../../examples/reference-host/test/docker/engine.ts';
import type { Stage } from './stage.ts';
import { wellAt } from './truth.ts';

/** What came of mending an agent. */
export interface Mended {
  /** Starts of its container that the person made. */
  readonly ownStarts: number;
  /** The container works only since its engine was restarted, and the engine itself said why. */
  readonly refused: boolean;
  /** Its container was not there any more: there was less than there had been. */
  readonly gone: boolean;
}

/** Within this one is well whom a person has mended. */
const mendedMs = 12_000;
/** What the guard was told by the engine while it tried. */
const lookBackMs = 120_000;

/**
 * Mends what the guard has left to people: the container is started anew, and what the guard isolated is resolved, for which
 * it brings it back. Where the engine does not do its part it is restarted first, and where that does not help the container
 * is removed and made anew.
 */
export class Person {
  readonly #stage: Stage;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  async mend(agentId: string): Promise<Mended> {
    const { log, daemon } = this.#stage;
    const since = Date.now();
    const refusal = await this.#restart(agentId);
    const gone = refusal instanceof EngineRefusal && refusal.status === 404;
    if (gone) await this.#makeAnew(agentId);
    const isStuck = !gone && (refusal !== undefined || !(await this.#isWellSoon(agentId, since)));
    if (isStuck) {
      await daemon.restart();
      if ((await this.#restart(agentId)) !== undefined) await this.#makeAnew(agentId);
    }
    const isWell = !(gone || isStuck) || (await this.#isWellSoon(agentId, since));
    const engineSaid = [String(refusal), ...this.#stage.logged(agentId, since - lookBackMs)].some(tellsDamage);
    return {
      ownStarts: log.of(agentId, since).filter(({ action }) => action === 'start').length,
      refused: isStuck && isWell && engineSaid,
      gone,
    };
  }

  /** What the engine answers, if it refuses. */
  #restart(agentId: string): Promise<unknown> {
    const { fleet } = this.#stage;
    const restart = (): Promise<void> =>
      this.#stage.stubbornly(() => fleet.engine.ask('POST', `/containers/${fleet.nameOf(agentId)}/restart?t=0`));
    return this.#stage.byHand(agentId, restart).then(
      () => undefined,
      (error: unknown) => error,
    );
  }

  /** A new container in place of one that is gone, or good for nothing. */
  async #makeAnew(agentId: string): Promise<void> {
    const { fleet } = this.#stage;
    await this.#stage.byHand(agentId, async () => {
      await fleet.engine.ask('DELETE', `/containers/${fleet.nameOf(agentId)}?force=1`).catch(unlessMissing);
      await this.#stage.startAgent(agentId);
    });
  }

  async #isWellSoon(agentId: string, startedAfter: number): Promise<boolean> {
    await this.#resolveIsolated(agentId);
    return (await wellAt(this.#stage.fleet, agentId, { withinMs: mendedMs, startedAfter })) !== undefined;
  }

  /** What was handed over is resolved, and the guard brings back whom it has isolated. Others it sees well by itself. */
  async #resolveIsolated(agentId: string): Promise<void> {
    const { fleet, host } = this.#stage;
    const inspected = await fleet.inspect(agentId).catch(() => undefined);
    if (!inspected || Object.keys(inspected.NetworkSettings.Networks).length > 0) return;
    const handedOver = ((await host.incidents()) as unknown as readonly Incident[]).filter(
      (one) => one.agentId === agentId && one.state === 'escalated',
    );
    for (const { id } of handedOver) await host.ask('POST', `/api/v1/incidents/${id}/resolve`, { by: 'campaign' });
  }
}

function unlessMissing(error: unknown): void {
  if (!(error instanceof EngineRefusal && error.status === 404)) throw error as Error;
}

/** An engine that was ended in the middle of something says so of what it has lost track of. */
function tellsDamage(text: string): boolean {
  return /port is already allocated|already exists|already in use/.test(text);
}
