import { InventoryFeed, Locks } from '@praetorian-guard/core/kit';
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
  type Ms,
  type Orchestrator,
  type PluginContext,
  type Receipt,
  type Subscription,
} from '@praetorian-guard/core/plugin';
import type { DockerConfig } from '../docker-config.ts';
import { addressOf } from '../engine/address.ts';
import { Engine } from '../engine/engine.ts';
import { Inside } from '../containers/inside.ts';
import { Logs } from '../containers/logs.ts';
import { LocalTasks } from './local-tasks.ts';
import { ServiceRoster } from './service-roster.ts';
import { ServiceWatcher } from './service-watcher.ts';
import { SwarmCalls } from './swarm-calls.ts';
import { evidenceOf } from './swarm-evidence.ts';
import type { TaskFacts } from './swarm-facts.ts';
import { SwarmIntents } from './swarm-intents.ts';
import { SwarmPerformer } from './swarm-performer.ts';
import { TaskBook } from './task-book.ts';

const rolls = { destructive: true, scope: 'workload', idempotent: true } as const;
const supports: readonly Capability[] = [
  { action: 'restart', ...rolls },
  // The one action that spares the siblings: see `SwarmIntents` for where it is admitted.
  { action: 'recreate', ...rolls, scope: 'instance' },
  { action: 'respawn', ...rolls, respawn: ['in-place'], keepsOld: true },
  // Of what a respawn has brought: Swarm keeps the spec before it.
  { action: 'retire', ...rolls },
  { action: 'scale', ...rolls },
];

/** How often generations that were given out are written down. */
const roundMs: Ms = 5_000;
const forgetMs: Ms = 3_600_000;
/** Exit code of what was killed, as it is when memory has run out. */
const killed = 137;

/** Watches and heals the tasks of a swarm's services that carry a label. Needs a manager's engine. */
export class SwarmOrchestrator implements Orchestrator {
  readonly supports = supports;
  readonly #context: PluginContext<DockerConfig>;
  readonly #engine: Engine;
  readonly #calls: SwarmCalls;
  readonly #book: TaskBook;
  readonly #roster: ServiceRoster;
  readonly #watcher: ServiceWatcher;
  readonly #intents: SwarmIntents;
  readonly #performer: SwarmPerformer;
  readonly #logs: Logs;
  readonly #inside: Inside;
  readonly #feed = new InventoryFeed();
  readonly #locks = new Locks();
  readonly #end = new AbortController();
  #round: Subscription | undefined;
  #forgotAt = -Infinity;
  #started: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;

  constructor(context: PluginContext<DockerConfig>, engine?: Engine) {
    const { clock, config, log, state, baseDir } = context;
    if (!state) {
      const why = 'it needs a state store';
      throw guardError('GUARD_PLUGIN_FAILED', { plugin: context.instance, where: 'create', why });
    }
    const address = addressOf(config.engine, config.tls, baseDir);
    this.#context = context;
    this.#engine = engine ?? new Engine(address, clock);
    this.#calls = new SwarmCalls(this.#engine);
    this.#book = new TaskBook(state);
    const nodeId = (): string | undefined => this.#watcher.nodeId;
    this.#roster = new ServiceRoster({
      clock,
      book: this.#book,
      graceMs: config.restartGrace,
      around: {
        idPrefix: config.idPrefix,
        reach: config.reach,
        host: address.host ?? '127.0.0.1',
        nodeId,
        node: (id) => this.#watcher.node(id),
      },
      log,
      publish: (event) => this.#feed.publish(event),
      ranOutOfMemory: (task) => this.#ranOutOfMemory(task),
    });
    const shared = {
      engine: this.#engine,
      calls: this.#calls,
      clock,
      log,
      book: this.#book,
      roster: this.#roster,
      feed: this.#feed,
      locks: this.#locks,
    };
    this.#watcher = new ServiceWatcher({ ...shared, select: config.select });
    this.#intents = new SwarmIntents({ ...shared, watcher: this.#watcher });
    this.#performer = new SwarmPerformer({
      ...shared,
      watcher: this.#watcher,
      intents: this.#intents,
      end: this.#end.signal,
    });
    const containers = new LocalTasks(this.#roster, nodeId);
    this.#logs = new Logs({ engine: this.#engine, containers });
    this.#inside = new Inside({ ...shared, containers, newKey: () => context.random.ulid() });
  }

  start(): Promise<void> {
    this.#started ??= this.#takeUp();
    return this.#started;
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#release();
    return this.#stopped;
  }

  inventory(call: Call): AsyncIterable<InventoryEvent> {
    return this.#feed.follow(async () => {
      await this.#started;
      await this.#watcher.listed();
      return [...this.#roster.listing(), { type: 'synced' }];
    }, call);
  }

  async prepare(action: Action, key: string): Promise<Decision<Intent>> {
    return this.#intents.prepare(action, key);
  }

  async execute(intent: Intent, grant: Grant, call: Call): Promise<Receipt> {
    const { key } = grant;
    if (this.#stopped || !this.#started)
      return { key, at: this.#context.clock.now(), result: 'cancelled', text: 'The orchestrator is not running.' };
    return this.#performer.execute(intent, grant, call);
  }

  async reconcile(intent: Intent): Promise<Receipt> {
    const receipt = await this.#intents.reconcile(intent);
    // What is not so yet may still become so, or is just being undone.
    if (receipt.result !== 'failed' || !this.#performer.isRunning(intent.key)) return receipt;
    return { key: intent.key, at: receipt.at, result: 'unknown', text: `The action is under way: ${receipt.text}` };
  }

  /** The last log lines of the task, what became of the tasks before it, and how the update of its service stands. */
  async evidence(instance: Instance, agentId: AgentId): Promise<readonly EvidenceItem[]> {
    const parts = { roster: this.#roster, calls: this.#calls };
    return evidenceOf({ instance, agentId, lines: this.#context.config.logLines }, parts);
  }

  /** What its task writes, where that runs on the node of this engine; elsewhere nothing. */
  logs(instance: Instance, _agentId: AgentId, after: string | undefined, call: Call): Promise<LogPage> {
    return this.#logs.page(instance, after, call);
  }

  /** Throws `GUARD_ORCHESTRATOR_FAILED` also for a task on another node. */
  exec(instance: Instance, argv: readonly string[], call: Call): Promise<ExecResult> {
    return this.#inside.run(instance, argv, call);
  }

  async #takeUp(): Promise<void> {
    await this.#book.load();
    this.#watcher.start();
    this.#nextRound();
  }

  async #release(): Promise<void> {
    this.#end.abort();
    this.#round?.dispose();
    await this.#watcher.stop();
    this.#feed.close();
    await this.#locks.idle();
    await this.#inside.settled();
    await this.#write();
    this.#engine.close();
  }

  #nextRound(): void {
    this.#round = this.#context.clock.after(roundMs, () => {
      this.#forget();
      void this.#write().finally(() => {
        if (!this.#end.signal.aborted) this.#nextRound();
      });
    });
  }

  #forget(): void {
    const now = this.#context.clock.now();
    if (!this.#watcher.isListed || now - this.#forgotAt < forgetMs) return;
    this.#forgotAt = now;
    this.#book.forgetGone((agentId) => this.#roster.member(agentId) !== undefined, now);
  }

  async #write(): Promise<void> {
    try {
      await this.#book.flush();
    } catch (error) {
      this.#context.log.warn({ why: messageOf(error) }, 'generations of tasks were not written down');
    }
  }

  /** Swarm does not say so; the container does, where it is on the node of this engine. */
  async #ranOutOfMemory({ NodeID, Status: { ContainerStatus: container } }: TaskFacts): Promise<boolean> {
    const id = container?.ContainerID ?? '';
    if (NodeID !== this.#watcher.nodeId || id === '' || container?.ExitCode !== killed) return false;
    const facts = await this.#engine.container(id, { signal: this.#end.signal });
    return facts?.State.OOMKilled === true;
  }
}
