import { type Logger, messageOf, type Ms } from '@praetorian-guard/core/plugin';
import type { KeyHolder, ProcessTable } from './process-table.ts';
import { type AgentEntry, newest, type ProcessRecord, type RecordBook } from './records.ts';
import type { Roster } from './roster.ts';
import type { ScratchFolders } from './scratch-folders.ts';
import type { Terminator } from './terminator.ts';

export interface StartupParts {
  readonly table: ProcessTable;
  readonly records: RecordBook;
  readonly roster: Roster;
  readonly terminator: Terminator;
  readonly scratch: ScratchFolders;
  readonly log: Logger;
  readonly prefix: string;
  readonly graceMs: Ms;
  /** Aborts when the start has no time left for any grace. */
  readonly hurry: AbortSignal | undefined;
  readonly now: number;
}

/**
 * Brings the journal in line with what runs: adopts what is alive, notes what ended while nobody watched, completes
 * spawns whose record was lost in a crash, and ends processes of ours that belong to no agent. Nothing is started.
 */
export async function takeStock(parts: StartupParts): Promise<void> {
  const holders = parts.table.holders(parts.prefix);
  const entries = parts.records.entries().map((entry) => {
    // An agent that left the config is nobody's: its processes are found below as orphans.
    if (!parts.roster.spec(entry.agentId))
      return { agentId: entry.agentId, lastGeneration: entry.lastGeneration, instances: [] };
    return settleEntry(entry, parts, holders);
  });
  await endStrays(parts, entries, holders);
  if (entries.length > 0) await parts.records.put(entries);
  await sweepScratch(parts, entries);
}

/** Folders of agents that left the config, and of instances whose record was lost in a crash. */
async function sweepScratch({ scratch, log }: StartupParts, entries: readonly AgentEntry[]): Promise<void> {
  try {
    await scratch.sweep(entries.flatMap(({ instances }) => instances));
  } catch (error) {
    log.warn({ why: messageOf(error) }, 'scratch folders that nobody uses could not be removed');
  }
}

/** The entry as it is true now. */
function settleEntry(entry: AgentEntry, parts: StartupParts, holders: readonly KeyHolder[]): AgentEntry {
  const settled = entry.instances.flatMap((record) => settle(record, parts, holders) ?? []);
  const running = settled.filter((record) => record.phase === 'running');
  // An in-place replacement that got as far as the new process: the old one has done its part.
  const currentRuns = running.some((record) => record.instanceId === entry.currentId);
  const instances = running.length > 0 && !currentRuns ? running : settled;
  const current = instances.find((record) => record.instanceId === entry.currentId) ?? newest(instances);
  const { agentId, lastGeneration } = entry;
  return { agentId, lastGeneration, instances, ...(current ? { currentId: current.instanceId } : {}) };
}

/** The record as it is true now; `undefined` for a spawn that never happened. */
function settle(record: ProcessRecord, parts: StartupParts, holders: readonly KeyHolder[]): ProcessRecord | undefined {
  const { table, now } = parts;
  if (record.phase === 'ended') return record;
  // After a reboot nothing of the record holds. All processes ended for the same reason, which is no failure of theirs.
  if (record.boot !== table.boot) return record.phase === 'spawning' ? undefined : { ...record, phase: 'stopped' };
  if (record.phase === 'spawning') {
    // Kept as it is where processes cannot be found by their key, so that `reconcile` can say that it does not know.
    if (!table.findsByKey) return record;
    const found = holders.find((holder) => holder.key === record.key && holder.group === holder.pid);
    return (
      found && { ...record, phase: 'running', identity: { pid: found.pid, startTime: found.startTime }, startedAt: now }
    );
  }
  if (record.identity && table.isAlive(record.identity)) return { ...record, phase: 'running' };
  if (record.phase === 'stopped') return record;
  return { ...record, phase: 'ended', exit: { at: now, detail: 'ended while no guard watched' } };
}

/** Ends what is ours by its key and in no entry, and processes of agents that left the config. */
async function endStrays(
  parts: StartupParts,
  entries: readonly AgentEntry[],
  holders: readonly KeyHolder[],
): Promise<void> {
  const { records, terminator, log, graceMs, hurry } = parts;
  const kept = new Set(entries.flatMap((entry) => entry.instances.map((record) => record.key)));
  const strays = holders.filter((holder) => !kept.has(holder.key));
  if (!parts.table.findsByKey) {
    for (const { instances } of records.entries()) {
      for (const { key, identity } of instances)
        if (identity && !kept.has(key)) strays.push({ ...identity, key, group: identity.pid });
    }
  }
  await Promise.all(
    strays.map(async (stray) => {
      const gone = await terminator.end(stray, graceMs, hurry);
      log.warn({ pid: stray.pid, gone }, 'ended a process of this guard that belongs to no agent');
    }),
  );
}
