import {
  type AgentId,
  type Clock,
  type ConfigOverride,
  guardError,
  type InventoryEvent,
  type Logger,
  messageOf,
  type Ms,
  type Receipt,
} from '@praetorian-guard/core/plugin';
import type { InventoryFeed, Locks } from '@praetorian-guard/core/kit';
import { commandFor, freePort, type Launched, type Launcher } from './launcher.ts';
import type { LogFiles } from './log-files.ts';
import type { AgentSpec } from './process-config.ts';
import type { ProcessTable } from './process-table.ts';
import { type AgentEntry, type ExitData, instanceOf, type ProcessRecord, type RecordBook } from './records.ts';
import type { Roster } from './roster.ts';
import type { ScratchFolders } from './scratch-folders.ts';
import type { Terminator } from './terminator.ts';

export interface KeeperParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly table: ProcessTable;
  readonly records: RecordBook;
  readonly roster: Roster;
  readonly launcher: Launcher;
  readonly terminator: Terminator;
  readonly logs: LogFiles;
  readonly feed: InventoryFeed;
  readonly locks: Locks;
  readonly scratch: ScratchFolders;
}

/** What is to be known of an instance before it exists; fixed when the action is prepared. */
export interface Birth {
  readonly instanceId: string;
  readonly generation: number;
  readonly key: string;
}

export interface StartOptions {
  readonly birth: Birth;
  /** Port to keep, if it is still free. */
  readonly port?: number;
  readonly override?: ConfigOverride | undefined;
  readonly scratch?: string | undefined;
  /** The process may wait for a state to be pushed. */
  readonly restore: boolean;
  /** The others of the agent once it runs; what is left out is forgotten. */
  readonly beside: readonly ProcessRecord[];
  readonly becomesCurrent: boolean;
  /** Stored in the same commit as the running process. */
  readonly receipt?: (record: ProcessRecord) => Receipt;
}

const exitsKept = 256;
const boundLogsMs = 5_000;

/** Holds the processes: starts and ends them through the journal, and notices when one is gone. */
export class Keeper {
  readonly #parts: KeeperParts;
  /** Instances this guard started itself: their exit is told by an event. */
  readonly #children = new Set<string>();
  readonly #exits = new Map<string, ExitData>();
  #closed = false;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
  }

  /** How an instance ended, for evidence; kept for the last few. */
  exitOf(instanceId: string): ExitData | undefined {
    return this.#exits.get(instanceId);
  }

  /** The guard stops and its processes with it: nothing is started any more, and what ends from now on was stopped. */
  close(): void {
    this.#closed = true;
  }

  /** Journals the intent, starts the process, journals the result. Throws `GUARD_ORCHESTRATOR_FAILED`. */
  async start(spec: AgentSpec, options: StartOptions): Promise<ProcessRecord> {
    const { records, launcher, clock, log } = this.#parts;
    const before = records.get(spec.agentId);
    const port = options.port ?? (await freePort(spec.port));
    // Beside another instance it cannot have the port, and is not meant to.
    if (spec.port !== undefined && spec.port !== port && options.becomesCurrent)
      log.warn(
        { agentId: spec.agentId, port: spec.port, instead: port },
        'the port of an agent is in use by another program, it runs on another one: free the port and restart the agent',
      );
    const planned = this.#newRecord(spec, options, port);
    await records.put([withInstances(before, [...before.instances, planned], planned.generation)]);
    let launched: Launched | undefined;
    let record = planned;
    try {
      this.#assertOpen(spec.agentId);
      launched = await launcher.launch(spec, planned, options.restore);
      record = { ...planned, phase: 'running', identity: launched.identity, startedAt: clock.now() };
      await this.#journalStarted(spec, record, options);
    } catch (error) {
      if (launched) await this.#parts.terminator.end({ ...launched.identity, key: planned.key }, 0);
      await records.put([withInstances(records.get(spec.agentId), before.instances, planned.generation)]);
      throw error;
    }
    this.#children.add(record.instanceId);
    void launched.exited.then((exit) => this.#noticeExit(spec.agentId, record.instanceId, exit));
    if (options.becomesCurrent) this.#publishStarted(spec, record);
    void this.#parts.logs.prune(spec.agentId).catch((error: unknown) => this.#warn('pruning logs failed', error));
    return record;
  }

  async #journalStarted(spec: AgentSpec, record: ProcessRecord, options: StartOptions): Promise<void> {
    const { records } = this.#parts;
    const entry = withInstances(records.get(spec.agentId), [...options.beside, record], record.generation);
    const currentId = options.becomesCurrent ? record.instanceId : entry.currentId;
    await records.put([{ ...entry, ...(currentId === undefined ? {} : { currentId }) }], options.receipt?.(record));
  }

  /** Ends the process of a record and what it left behind. Throws `GUARD_ORCHESTRATOR_FAILED` when it does not go. */
  async end(agentId: AgentId, record: ProcessRecord, graceMs: Ms, hurry?: AbortSignal): Promise<void> {
    const { terminator } = this.#parts;
    const { identity, key } = record;
    if (!identity) terminator.sweep(key);
    else if (!(await terminator.end({ ...identity, key }, graceMs, hurry))) {
      const why = `process ${identity.pid} does not end, not even by SIGKILL`;
      throw guardError('GUARD_ORCHESTRATOR_FAILED', { orchestrator: 'process', verb: 'end', agentId, why });
    }
    this.#children.delete(record.instanceId);
  }

  /** The process is gone without our doing: journals it and tells the inventory. */
  async markEnded(agentId: AgentId, instanceId: string, exit: ExitData): Promise<void> {
    const { records, feed } = this.#parts;
    const record = records.instance(agentId, instanceId);
    if (record?.phase !== 'running') return;
    const ended: ProcessRecord = { ...record, phase: this.#closed ? 'stopped' : 'ended', exit };
    const entry = records.get(agentId);
    await records.put([
      withInstances(
        entry,
        entry.instances.map((other) => (other === record ? ended : other)),
        0,
      ),
    ]);
    if (records.current(agentId) === ended) feed.publish(this.presentEvent(agentId, ended));
    feed.publish(diedEvent(agentId, ended));
  }

  /** Looks after adopted processes, whose exit no event tells, until the signal aborts. */
  async watch(signal: AbortSignal): Promise<void> {
    const { clock, table } = this.#parts;
    let boundAtMs = clock.monotonic();
    while (!signal.aborted) {
      await clock.sleep(table.pollMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      await this.#lookAfterAdopted().catch((error: unknown) => this.#warn('looking after processes failed', error));
      if (clock.monotonic() - boundAtMs < boundLogsMs) continue;
      boundAtMs = clock.monotonic();
      await this.#boundLogs();
    }
  }

  presentEvent(agentId: AgentId, record: ProcessRecord): InventoryEvent {
    const spec = this.#parts.roster.spec(agentId);
    return {
      type: 'present',
      agent: {
        id: agentId,
        group: spec?.group ?? agentId,
        labels: spec?.labels ?? {},
        dependsOn: spec?.dependsOn ?? [],
        criticality: spec?.criticality ?? 0,
        ...(spec?.role === undefined ? {} : { role: spec.role }),
        instance: instanceOf(record),
      },
    };
  }

  #publishStarted(spec: AgentSpec, record: ProcessRecord): void {
    const { feed } = this.#parts;
    feed.publish(this.presentEvent(spec.agentId, record));
    feed.publish({ type: 'lifecycle', agentId: spec.agentId, instanceId: record.instanceId, event: 'started' });
  }

  #newRecord(spec: AgentSpec, options: StartOptions, port: number): ProcessRecord {
    const { birth, override } = options;
    const scratch = options.scratch ?? (spec.scratch ? this.#parts.scratch.path(birth.instanceId) : undefined);
    return {
      ...birth,
      port,
      boot: this.#parts.table.boot,
      phase: 'spawning',
      command: commandFor(spec.command, override),
      ...(override === undefined ? {} : { override }),
      ...(scratch === undefined ? {} : { scratch }),
    };
  }

  #assertOpen(agentId: AgentId): void {
    if (!this.#closed) return;
    const why = 'the guard stops';
    throw guardError('GUARD_ORCHESTRATOR_FAILED', { orchestrator: 'process', verb: 'start', agentId, why });
  }

  async #noticeExit(agentId: AgentId, instanceId: string, exit: ExitData): Promise<void> {
    const { locks } = this.#parts;
    this.#children.delete(instanceId);
    this.#exits.set(instanceId, exit);
    const oldest = this.#exits.keys().next().value;
    if (this.#exits.size > exitsKept && oldest !== undefined) this.#exits.delete(oldest);
    try {
      // In its turn: an action that ends the process takes the record away first, and then this finds nothing.
      await locks.run(agentId, () => this.markEnded(agentId, instanceId, exit));
    } catch (error) {
      this.#warn('an exit could not be journaled', error);
    }
  }

  async #lookAfterAdopted(): Promise<void> {
    const { clock, records, table } = this.#parts;
    for (const { agentId, instances } of records.entries()) {
      for (const record of instances) {
        if (record.phase !== 'running' || !record.identity || this.#children.has(record.instanceId)) continue;
        if (table.isAlive(record.identity)) continue;
        // Only a parent is told the exit code.
        await this.#noticeExit(agentId, record.instanceId, {
          at: clock.now(),
          detail: 'exit code unknown: adopted process',
        });
      }
    }
  }

  async #boundLogs(): Promise<void> {
    for (const { instances } of this.#parts.records.entries()) {
      for (const { instanceId } of instances) {
        await this.#parts.logs.bound(instanceId).catch((error: unknown) => this.#warn('bounding a log failed', error));
      }
    }
  }

  #warn(message: string, error: unknown): void {
    this.#parts.log.warn({ why: messageOf(error) }, message);
  }
}

/** The entry with other instances; generations only count up. */
export function withInstances(entry: AgentEntry, instances: readonly ProcessRecord[], generation: number): AgentEntry {
  return { ...entry, instances, lastGeneration: Math.max(entry.lastGeneration, generation) };
}

/** The lifecycle event for an ended process. */
export function diedEvent(agentId: AgentId, { instanceId, exit }: ProcessRecord): InventoryEvent {
  return {
    type: 'lifecycle',
    agentId,
    instanceId,
    event: 'died',
    ...(exit?.code === undefined ? {} : { exitCode: exit.code }),
    ...(exit?.signal === undefined ? {} : { exitSignal: exit.signal }),
    ...(exit?.detail === undefined ? {} : { detail: exit.detail }),
  };
}
