import { join, resolve } from 'node:path';
import {
  type Action,
  type AgentId,
  type Call,
  type Capability,
  type Decision,
  type EvidenceItem,
  type ExecResult,
  type Grant,
  guardError,
  type Instance,
  type Intent,
  type InventoryEvent,
  type LogPage,
  messageOf,
  type Orchestrator,
  type PluginContext,
  type Receipt,
} from '@praetorian-guard/core/plugin';
import { commandOutline, InventoryFeed, Locks } from '@praetorian-guard/core/kit';
import { Intents } from './intents.ts';
import { Inside } from './inside.ts';
import { diedEvent, Keeper } from './keeper.ts';
import { Launcher } from './launcher.ts';
import { LogFiles } from './log-files.ts';
import { Ownership } from './ownership.ts';
import { Performer } from './performer.ts';
import type { AgentSpec, ProcessConfig } from './process-config.ts';
import { openProcessTable, type ProcessTable } from './process-table.ts';
import { type ProcessRecord, RecordBook } from './records.ts';
import { Roster } from './roster.ts';
import { takeStock } from './startup.ts';
import { Terminator } from './terminator.ts';

/** How long the first processes wait for the guard to know its own address. */
const urlWaitMs = 3_000;
const urlPollMs = 25;

/** Runs agents as child processes of this machine that outlive the guard. */
export class ProcessOrchestrator implements Orchestrator {
  readonly supports: readonly Capability[];
  readonly #context: PluginContext<ProcessConfig>;
  readonly #table: ProcessTable;
  readonly #stateDir: string;
  readonly #ownership: Ownership;
  readonly #records: RecordBook;
  readonly #roster: Roster;
  readonly #feed = new InventoryFeed();
  readonly #locks = new Locks();
  readonly #terminator: Terminator;
  readonly #logs: LogFiles;
  readonly #keeper: Keeper;
  readonly #intents: Intents;
  readonly #performer: Performer;
  readonly #inside: Inside;
  readonly #end = new AbortController();
  readonly #hurry = new AbortController();
  #started: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;
  #firstStarts: Promise<void> = Promise.resolve();
  #watching: Promise<void> = Promise.resolve();

  constructor(context: PluginContext<ProcessConfig>, table: ProcessTable = openProcessTable()) {
    const { clock, config, log, state, baseDir, guardUrl } = context;
    if (!state)
      throw guardError('GUARD_PLUGIN_FAILED', {
        plugin: context.instance,
        where: 'create',
        why: 'it needs a state store',
      });
    this.#context = context;
    this.#table = table;
    this.#stateDir = resolve(baseDir, config.stateDir);
    this.supports = capabilities(config);
    this.#ownership = new Ownership(this.#stateDir, table);
    this.#records = new RecordBook(state);
    this.#roster = new Roster(config);
    this.#terminator = new Terminator(clock, table);
    this.#logs = new LogFiles(resolve(baseDir, config.logDir ?? join(config.stateDir, 'logs')));
    const { inheritEnv, token } = config;
    const launcher = new Launcher(
      { clock, baseDir, inheritEnv, guardUrl, ...(token === undefined ? {} : { token }) },
      this.#logs,
      table,
    );
    const shared = {
      clock,
      log,
      table,
      records: this.#records,
      roster: this.#roster,
      feed: this.#feed,
      locks: this.#locks,
    };
    const scratchDir = join(this.#stateDir, 'scratch');
    this.#keeper = new Keeper({ ...shared, launcher, terminator: this.#terminator, logs: this.#logs, scratchDir });
    this.#inside = new Inside({ ...shared, launcher, newKey: () => this.#newKey() });
    this.#intents = new Intents({ ...shared, newKey: () => this.#newKey() });
    this.#performer = new Performer({
      ...shared,
      keeper: this.#keeper,
      intents: this.#intents,
      scaleGraceMs: config.stopGrace,
      hurry: this.#hurry.signal,
      publish: (event) => this.#feed.publish(event),
    });
  }

  /** Takes stock of what runs; what is missing is started right after, once agents can be told the guard's address. */
  start(): Promise<void> {
    this.#started ??= this.#takeUp();
    return this.#started;
  }

  stop(deadline?: AbortSignal): Promise<void> {
    this.#stopped ??= this.#release(deadline);
    return this.#stopped;
  }

  inventory(call: Call): AsyncIterable<InventoryEvent> {
    return this.#feed.follow(async () => {
      await this.#started;
      await this.#firstStarts;
      return this.#listing();
    }, call);
  }

  async prepare(action: Action, key: string): Promise<Decision<Intent>> {
    return this.#intents.prepare(action, key);
  }

  async execute(intent: Intent, grant: Grant, call: Call): Promise<Receipt> {
    const key = grant.key;
    if (this.#stopped || !this.#started) {
      return { key, at: this.#context.clock.now(), result: 'cancelled', text: 'The orchestrator is not running.' };
    }
    return this.#performer.execute(intent, grant, call);
  }

  async reconcile(intent: Intent): Promise<Receipt> {
    if (this.#performer.isRunning(intent.key)) {
      return { key: intent.key, at: this.#context.clock.now(), result: 'unknown', text: 'The action is under way.' };
    }
    return this.#intents.reconcile(intent);
  }

  /** The last log lines, how it ended, and what the system tells of it. */
  async evidence(instance: Instance, agentId: AgentId): Promise<readonly EvidenceItem[]> {
    const record = this.#records.instance(agentId, instance.id);
    const exit = record?.exit ?? this.#keeper.exitOf(instance.id);
    const alive = record?.identity !== undefined && this.#table.isAlive(record.identity);
    const status = alive && record?.identity ? this.#table.describe(record.identity.pid) : undefined;
    const log = await this.#logs.tail(instance.id, this.#context.config.logLines);
    return [
      ...(log === '' ? [] : [{ label: 'log', text: log }]),
      ...(exit ? [{ label: 'exit', text: JSON.stringify(exit) }] : []),
      ...(record ? [{ label: 'command', text: commandOutline(record.command) }] : []),
      ...(status === undefined ? [] : [{ label: 'status', text: status }]),
    ];
  }

  async logs(instance: Instance, _agentId: AgentId, after: string | undefined): Promise<LogPage> {
    return this.#logs.since(instance.id, after);
  }

  /** In the folder and with the environment of the process. */
  async exec(instance: Instance, argv: readonly string[], call: Call): Promise<ExecResult> {
    return this.#inside.run(instance, argv, call);
  }

  async #takeUp(): Promise<void> {
    const { clock, config, log } = this.#context;
    this.#ownership.take(() => this.#context.random.ulid());
    try {
      this.#logs.prepare();
      await this.#records.load();
      await this.#roster.load(this.#records);
      await takeStock({
        table: this.#table,
        records: this.#records,
        roster: this.#roster,
        terminator: this.#terminator,
        log,
        prefix: this.#ownership.prefix,
        graceMs: config.stopGrace,
        now: clock.now(),
      });
    } catch (error) {
      this.#ownership.release();
      throw error;
    }
    this.#watching = this.#keeper.watch(this.#end.signal);
    this.#firstStarts = this.#startMissing();
  }

  /** Starts what never ran or was stopped with the last guard. What ended by itself is left to the engine to heal. */
  async #startMissing(): Promise<void> {
    const missing = this.#roster.specs().filter(({ agentId }) => isMissing(this.#records.get(agentId).instances));
    if (missing.length === 0) return;
    await this.#awaitUrl();
    await Promise.all(missing.map((spec) => this.#locks.run(spec.agentId, () => this.#startFirst(spec))));
  }

  async #startFirst(spec: AgentSpec): Promise<void> {
    if (this.#end.signal.aborted) return;
    const { lastGeneration } = this.#records.get(spec.agentId);
    const generation = lastGeneration + 1;
    const birth = { instanceId: `${spec.agentId}~${generation}`, generation, key: this.#newKey() };
    try {
      await this.#keeper.start(spec, { birth, restore: lastGeneration > 0, beside: [], becomesCurrent: true });
    } catch (error) {
      this.#context.log.error({ agentId: spec.agentId, why: messageOf(error) }, 'a process could not be started');
      await this.#noteUnstartable(spec, birth, messageOf(error));
    }
  }

  /** An agent that cannot even be started is listed as ended, so that the engine takes it up. */
  async #noteUnstartable(
    spec: AgentSpec,
    birth: { instanceId: string; generation: number; key: string },
    why: string,
  ): Promise<void> {
    const { clock } = this.#context;
    const record: ProcessRecord = {
      ...birth,
      port: spec.port ?? 0,
      boot: this.#table.boot,
      phase: 'ended',
      command: spec.command,
      exit: { at: clock.now(), detail: why },
    };
    const { agentId } = spec;
    await this.#records.put([
      { agentId, lastGeneration: birth.generation, currentId: birth.instanceId, instances: [record] },
    ]);
  }

  async #awaitUrl(): Promise<void> {
    const { clock, guardUrl, log } = this.#context;
    const until = clock.monotonic() + urlWaitMs;
    while (guardUrl() === undefined && clock.monotonic() < until && !this.#end.signal.aborted) {
      await clock.sleep(urlPollMs, this.#end.signal).catch(() => undefined);
    }
    if (guardUrl() === undefined)
      log.warn({ waitedMs: urlWaitMs }, 'processes start without PRAETORIAN_URL: no surface has named an address');
  }

  #listing(): readonly InventoryEvent[] {
    const events: InventoryEvent[] = [];
    for (const { agentId } of this.#roster.specs()) {
      const record = this.#records.current(agentId);
      if (!record) continue;
      events.push(this.#keeper.presentEvent(agentId, record));
      if (record.phase === 'ended') events.push(diedEvent(agentId, record));
    }
    events.push({ type: 'synced' });
    return events;
  }

  async #release(deadline: AbortSignal | undefined): Promise<void> {
    // Not started or failed to: there is nothing to release then, and start has told its caller why.
    const running = await Promise.resolve(this.#started).then(
      () => this.#started !== undefined,
      () => false,
    );
    this.#end.abort();
    this.#feed.close();
    if (!running) return;
    const onDeadline = (): void => this.#hurry.abort();
    if (deadline?.aborted === true) onDeadline();
    deadline?.addEventListener('abort', onDeadline, { once: true });
    await this.#watching;
    await this.#firstStarts;
    await this.#locks.idle();
    if (this.#context.config.onStop === 'stop') await this.#endAll();
    deadline?.removeEventListener('abort', onDeadline);
    this.#ownership.release();
  }

  async #endAll(): Promise<void> {
    const entries = this.#records
      .entries()
      .filter((entry) => entry.instances.some((record) => record.phase === 'running'));
    // Journaled first: a process that ends from here on was stopped and did not fail.
    const stopped = entries.map((entry) => ({
      ...entry,
      instances: entry.instances.map((record): ProcessRecord =>
        record.phase === 'running' ? { ...record, phase: 'stopped' } : record,
      ),
    }));
    if (stopped.length > 0) await this.#records.put(stopped);
    const ends = stopped.flatMap(({ agentId, instances }) =>
      instances.map((record) => this.#keeper.end(agentId, record, this.#context.config.stopGrace, this.#hurry.signal)),
    );
    for (const outcome of await Promise.allSettled(ends)) {
      if (outcome.status === 'rejected')
        this.#context.log.error({ why: messageOf(outcome.reason) }, 'a process could not be ended');
    }
  }

  #newKey(): string {
    return `${this.#ownership.prefix}${this.#context.random.ulid()}`;
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

function capabilities(config: ProcessConfig): readonly Capability[] {
  const own = { destructive: true, scope: 'instance', idempotent: true } as const;
  return [
    { action: 'restart', ...own },
    { action: 'recreate', ...own },
    { action: 'respawn', ...own, respawn: ['beside', 'in-place'] },
    { action: 'retire', ...own },
    ...(Object.keys(config.groups).length > 0 ? [{ action: 'scale', ...own, scope: 'workload' } as const] : []),
  ];
}
