import { type Clock, type Logger, messageOf } from '@praetorian-guard/core/plugin';
import type { InventoryFeed, Locks } from '@praetorian-guard/core/kit';
import { type Birth, diedEvent, type Keeper } from './keeper.ts';
import { commandFor } from './launcher.ts';
import type { AgentSpec } from './process-config.ts';
import type { ProcessTable } from './process-table.ts';
import { newest, type ProcessRecord, type RecordBook } from './records.ts';
import type { Roster } from './roster.ts';
import type { ScratchFolders } from './scratch-folders.ts';

export interface FirstStartsParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly table: ProcessTable;
  readonly records: RecordBook;
  readonly roster: Roster;
  readonly keeper: Keeper;
  readonly scratch: ScratchFolders;
  readonly feed: InventoryFeed;
  readonly locks: Locks;
  readonly guardUrl: () => string | undefined;
  readonly newKey: () => string;
  /** Aborts when the guard stops. */
  readonly end: AbortSignal;
}

/** How long the first processes wait for the guard to know its own address. */
const urlWaitMs = 3_000;
const urlPollMs = 25;
/** Pause before an agent is tried again of which the store took nothing. */
const againMs = 1_000;

/** Starts what never ran or was stopped with the last guard. What ended by itself is left to the engine to heal. */
export class FirstStarts {
  readonly #parts: FirstStartsParts;

  constructor(parts: FirstStartsParts) {
    this.#parts = parts;
  }

  /** Resolves when each was tried once; never rejects: an agent of which the store takes nothing is tried again later. */
  async run(): Promise<void> {
    const { records, roster } = this.#parts;
    const missing = roster.specs().filter(({ agentId }) => isMissing(records.get(agentId).instances));
    if (missing.length === 0) return;
    await this.#awaitUrl();
    await Promise.all(
      missing.map(async (spec) => {
        if (!(await this.#isSettled(spec))) void this.#again(spec);
      }),
    );
  }

  async #again(spec: AgentSpec): Promise<void> {
    const { clock, end } = this.#parts;
    for (let settled = false; !settled && !end.aborted;) {
      await clock.sleep(againMs, end).catch(() => undefined);
      settled = await this.#isSettled(spec, { tells: true });
    }
  }

  /** Whether it runs now, or is known not to. `tells`: the inventory was listed without it. */
  async #isSettled(spec: AgentSpec, { tells = false } = {}): Promise<boolean> {
    const { locks, log } = this.#parts;
    try {
      await locks.run(spec.agentId, () => this.#start(spec, tells));
      return true;
    } catch (error) {
      log.error({ agentId: spec.agentId, why: messageOf(error) }, 'a first start could not be journaled');
      return false;
    }
  }

  async #start(spec: AgentSpec, tells: boolean): Promise<void> {
    const { end, keeper, log, records, roster, scratch, newKey } = this.#parts;
    const { agentId } = spec;
    const { lastGeneration, instances } = records.get(agentId);
    // Scaled in meanwhile, or an action has started it.
    const isSettled = !roster.spec(agentId) || instances.some(({ phase }) => phase === 'running');
    if (end.aborted || isSettled) return;
    const generation = lastGeneration + 1;
    const birth = { instanceId: `${agentId}~${generation}`, generation, key: newKey() };
    // What the last one had is kept, as over a restart.
    const last = newest(instances);
    const folder = spec.scratch ? scratch.of(last) : undefined;
    const kept = {
      ...(last?.override === undefined ? {} : { override: last.override }),
      ...(folder === undefined ? {} : { scratch: folder }),
    };
    try {
      await keeper.start(spec, { birth, ...kept, restore: lastGeneration > 0, beside: [], becomesCurrent: true });
    } catch (error) {
      if (end.aborted) return;
      log.error({ agentId, why: messageOf(error) }, 'a process could not be started');
      await this.#noteUnstartable(spec, { ...birth, ...kept }, messageOf(error), tells);
    }
  }

  /** An agent that cannot even be started is listed as ended, so that the engine takes it up. */
  async #noteUnstartable(
    spec: AgentSpec,
    known: Birth & Pick<ProcessRecord, 'override' | 'scratch'>,
    why: string,
    tells: boolean,
  ): Promise<void> {
    const { clock, feed, keeper, records, table } = this.#parts;
    const { agentId } = spec;
    const record: ProcessRecord = {
      ...known,
      port: spec.port ?? 0,
      boot: table.boot,
      phase: 'ended',
      command: commandFor(spec.command, known.override),
      exit: { at: clock.now(), detail: why },
    };
    await records.put([
      { agentId, lastGeneration: known.generation, currentId: known.instanceId, instances: [record] },
    ]);
    if (!tells) return;
    feed.publish(keeper.presentEvent(agentId, record));
    feed.publish(diedEvent(agentId, record));
  }

  async #awaitUrl(): Promise<void> {
    const { clock, guardUrl, log, end } = this.#parts;
    const until = clock.monotonic() + urlWaitMs;
    while (guardUrl() === undefined && clock.monotonic() < until && !end.aborted) {
      await clock.sleep(urlPollMs, end).catch(() => undefined);
    }
    if (guardUrl() === undefined)
      log.warn({ waitedMs: urlWaitMs }, 'processes start without PRAETORIAN_URL: no surface has named an address');
  }
}

/**
 * Whether nothing runs and the guard's own stop had a part in it. Of two instances side by side one may have ended by
 * itself: it was the other that the agent lived on with.
 */
function isMissing(instances: readonly ProcessRecord[]): boolean {
  const gone = instances.every(({ phase }) => phase === 'stopped' || phase === 'ended');
  return gone && (instances.length === 0 || instances.some(({ phase }) => phase === 'stopped'));
}
