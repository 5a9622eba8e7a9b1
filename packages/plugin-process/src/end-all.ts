import { type AgentId, type Clock, type Logger, messageOf, type Ms } from '@praetorian-guard/core/plugin';
import { type Locks, unlessAborted } from '@praetorian-guard/core/kit';
import type { Keeper } from './keeper.ts';
import type { ProcessTable } from './process-table.ts';
import type { AgentEntry, ProcessRecord, RecordBook } from './records.ts';

export interface EndAllParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly table: ProcessTable;
  readonly records: RecordBook;
  readonly keeper: Keeper;
  readonly locks: Locks;
  readonly graceMs: Ms;
  /** Aborts when there is no time left for any grace. */
  readonly hurry: AbortSignal;
}

/** How long the store has to take what a process must not wait for. */
const journalMs = 1_000;

/**
 * Ends every process: all agents beside each other, one on which an action is under way as soon as that is over, or at the
 * latest when it has to hurry.
 */
export async function endAll(parts: EndAllParts): Promise<void> {
  const { records, locks, hurry } = parts;
  const agentIds = records.entries().map(({ agentId }) => agentId);
  const inTurn = Promise.all(agentIds.map((agentId) => locks.run(agentId, () => endAgent(parts, agentId))));
  await unlessAborted<unknown>(inTurn, hurry, () => undefined);
  await Promise.all(agentIds.map((agentId) => killRest(parts, agentId)));
}

async function endAgent(parts: EndAllParts, agentId: AgentId): Promise<void> {
  const entry = parts.records.get(agentId);
  const running = entry.instances.filter(({ phase }) => phase === 'running');
  if (running.length === 0) return;
  await journalStopped(parts, entry);
  await Promise.all(running.map((record) => end(parts, agentId, record, parts.graceMs)));
}

/** What lives on when it has to hurry; one whose turn does not come, because an action waits for the store, among them. */
async function killRest(parts: EndAllParts, agentId: AgentId): Promise<void> {
  const rest = parts.records.get(agentId).instances.filter((record) => mayLive(parts, record));
  await Promise.all(rest.map((record) => end(parts, agentId, record, 0)));
}

/** One that is about to be started is found by its key alone. */
function mayLive({ table }: EndAllParts, { phase, identity }: ProcessRecord): boolean {
  try {
    return phase === 'spawning' || (identity !== undefined && table.isAlive(identity));
  } catch {
    // It cannot be looked at now; why not is told when it is to be ended.
    return true;
  }
}

async function end(
  { keeper, log, hurry }: EndAllParts,
  agentId: AgentId,
  record: ProcessRecord,
  graceMs: Ms,
): Promise<void> {
  try {
    await keeper.end(agentId, record, graceMs, hurry);
  } catch (error) {
    log.error({ agentId, why: messageOf(error) }, 'a process could not be ended');
  }
}

/**
 * Before the end: a process that ends from here on was stopped and did not fail. A store that does not take it keeps no
 * process alive.
 */
async function journalStopped({ clock, log, records, hurry }: EndAllParts, entry: AgentEntry): Promise<void> {
  const instances = entry.instances.map((record): ProcessRecord =>
    record.phase === 'running' ? { ...record, phase: 'stopped' } : record,
  );
  const { agentId } = entry;
  const giveUp = AbortSignal.any([hurry, clock.timeout(journalMs)]);
  try {
    await unlessAborted(records.put([{ ...entry, instances }]), giveUp, () => undefined);
  } catch (error) {
    log.error({ agentId, why: messageOf(error) }, 'a stop could not be journaled; the next guard finds the agent dead');
  }
}
