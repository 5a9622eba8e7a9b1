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
  type Ms,
  type Orchestrator,
  type PluginContext,
  type Receipt,
} from '@praetorian-guard/core/plugin';
import { commandOutline, InventoryFeed, Locks, unlessAborted } from '@praetorian-guard/core/kit';
import { endAll } from './end-all.ts';
import { FirstStarts } from './first-starts.ts';
import { Intents } from './intents.ts';
import { Inside } from './inside.ts';
import { diedEvent, Keeper } from './keeper.ts';
import { Launcher } from './launcher.ts';
import { LogFiles } from './log-files.ts';
import { Ownership } from './ownership.ts';
import { Performer } from './performer.ts';
import { checkNames, type ProcessConfig } from './process-config.ts';
import { openProcessTable, type ProcessTable } from './process-table.ts';
import { RecordBook } from './records.ts';
import { Roster } from './roster.ts';
import { ScratchFolders } from './scratch-folders.ts';
import { takeStock } from './startup.ts';
import { Terminator } from './terminator.ts';

/**
 * Most that is spent on ending processes when the guard stops, whatever their grace. The whole guard has 20 s and keeps a
 * second back for every part that stops later: the last process has to be gone before that, or the stop counts as failed.
 */
const stopMs = 8_000;

/** Longest grace of a process that belongs to no agent: the start waits for its end, and has 30 s in all. */
const strayGraceMs = 15_000;

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
  readonly #scratch: ScratchFolders;
  readonly #firsts: FirstStarts;
  readonly #keeper: Keeper;
  readonly #intents: Intents;
  readonly #performer: Performer;
  readonly #inside: Inside;
  readonly #end = new AbortController();
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
    checkNames(config);
    this.#context = context;
    this.#table = table;
    this.#stateDir = resolve(baseDir, config.stateDir);
    this.supports = capabilities(config);
    this.#ownership = new Ownership(this.#stateDir, table);
    this.#records = new RecordBook(state);
    this.#roster = new Roster(config);
    this.#terminator = new Terminator(clock, table);
    this.#logs = new LogFiles(resolve(baseDir, config.logDir ?? join(config.stateDir, 'logs')));
    this.#scratch = new ScratchFolders(join(this.#stateDir, 'scratch'));
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
      scratch: this.#scratch,
    };
    this.#keeper = new Keeper({ ...shared, launcher, terminator: this.#terminator, logs: this.#logs });
    this.#firsts = new FirstStarts({
      ...shared,
      keeper: this.#keeper,
      guardUrl,
      newKey: () => this.#newKey(),
      end: this.#end.signal,
    });
    this.#inside = new Inside({ ...shared, launcher, newKey: () => this.#newKey() });
    this.#intents = new Intents({ ...shared, newKey: () => this.#newKey() });
    this.#performer = new Performer({
      ...shared,
      keeper: this.#keeper,
      intents: this.#intents,
      scaleGraceMs: config.stopGrace,
      publish: (event) => this.#feed.publish(event),
    });
  }

  /** Takes stock of what runs; what is missing is started right after, once agents can be told the guard's address. */
  start(signal?: AbortSignal): Promise<void> {
    this.#started ??= this.#takeUp(signal);
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

  async #takeUp(signal: AbortSignal | undefined): Promise<void> {
    const { clock, config, log } = this.#context;
    this.#ownership.take(() => this.#context.random.ulid());
    try {
      this.#logs.prepare();
      await this.#records.load();
      await this.#roster.load(this.#records);
      await takeStock({
        table: this.#table,
        scratch: this.#scratch,
        records: this.#records,
        roster: this.#roster,
        terminator: this.#terminator,
        log,
        prefix: this.#ownership.prefix,
        graceMs: Math.min(config.stopGrace, strayGraceMs),
        hurry: signal,
        now: clock.now(),
      });
    } catch (error) {
      this.#ownership.release();
      throw error;
    }
    this.#watching = this.#keeper.watch(this.#end.signal);
    this.#firstStarts = this.#firsts.run();
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
    const { clock, config, log } = this.#context;
    const stops = config.onStop === 'stop';
    const within = (forMs: Ms): AbortSignal => AbortSignal.any([clock.timeout(forMs), ...(deadline ? [deadline] : [])]);
    this.#performer.close(within(stops ? Math.min(config.stopGrace, stopMs / 2) : stopMs));
    if (stops) {
      this.#keeper.close();
      await endAll({
        clock,
        log,
        table: this.#table,
        records: this.#records,
        keeper: this.#keeper,
        locks: this.#locks,
        graceMs: config.stopGrace,
        hurry: within(stopMs),
      });
    }
    // Only a store that hangs keeps this waiting, and to wait beyond the deadline would help nobody.
    const quiet = Promise.all([this.#watching, this.#firstStarts, this.#locks.idle()]);
    await (deadline ? unlessAborted<unknown>(quiet, deadline, () => undefined) : quiet);
    this.#ownership.release();
  }

  #newKey(): string {
    return `${this.#ownership.prefix}${this.#context.random.ulid()}`;
  }
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
