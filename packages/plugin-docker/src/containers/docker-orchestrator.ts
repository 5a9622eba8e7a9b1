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
import { Book } from './book.ts';
import { Endings } from './endings.ts';
import { evidenceOf } from './evidence.ts';
import { Inside } from './inside.ts';
import { Intents } from './intents.ts';
import { Leaving } from './leaving.ts';
import { containerOf, Logs } from './logs.ts';
import { Maker } from './maker.ts';
import { instanceOf } from './member.ts';
import { OwnChecks } from './own-checks.ts';
import { Performer } from './performer.ts';
import { Proofs } from './proofs.ts';
import { Replacement } from './replacement.ts';
import { Revival } from './revival.ts';
import { Roster } from './roster.ts';
import { Scaling } from './scaling.ts';
import { SecondLook } from './second-look.ts';
import { Shelf } from './shelf.ts';
import { StatsRound } from './stats.ts';
import { Watcher } from './watcher.ts';

const own = { destructive: true, scope: 'instance', idempotent: true } as const;
const supports: readonly Capability[] = [
  { action: 'restart', ...own },
  { action: 'recreate', ...own, keepsOld: true },
  { action: 'respawn', ...own, respawn: ['beside', 'in-place'], keepsOld: true },
  { action: 'retire', ...own },
  { action: 'isolate', ...own, destructive: false },
  { action: 'reinstate', ...own, destructive: false },
  { action: 'scale', ...own, scope: 'workload' },
];

/** How often what was learned is written down, and kept containers are looked at. */
const roundMs: Ms = 5_000;
/** How often it is looked for agents that are gone for good. */
const forgetMs: Ms = 3_600_000;

/** Watches and heals the containers of one Docker engine that carry a label. */
export class DockerOrchestrator implements Orchestrator {
  readonly supports = supports;
  readonly #context: PluginContext<DockerConfig>;
  readonly #engine: Engine;
  readonly #book: Book;
  readonly #roster: Roster;
  readonly #feed = new InventoryFeed();
  readonly #locks = new Locks();
  readonly #watcher: Watcher;
  readonly #intents: Intents;
  readonly #proofs: Proofs;
  readonly #performer: Performer;
  readonly #shelf: Shelf;
  readonly #logs: Logs;
  readonly #inside: Inside;
  readonly #stats: StatsRound;
  readonly #checks: OwnChecks;
  readonly #secondLook: SecondLook;
  #round: Subscription | undefined;
  #forgotAt = -Infinity;
  #started: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;

  /** `wrap`: what the engine is looked at and changed through; for tests that cut the connection. */
  constructor(context: PluginContext<DockerConfig>, wrap: (engine: Engine) => Engine = (engine) => engine) {
    const { clock, config, log, state, baseDir } = context;
    if (!state) {
      const why = 'it needs a state store';
      throw guardError('GUARD_PLUGIN_FAILED', { plugin: context.instance, where: 'create', why });
    }
    const address = addressOf(config.engine, config.tls, baseDir);
    const engine = wrap(new Engine(address, clock));
    const endings = new Endings();
    const leaving = new Leaving(clock);
    const book = new Book(state, endings);
    const memory = { book, endings, leaving };
    const { idPrefix, reach } = config;
    const roster = new Roster({
      ...memory,
      idPrefix,
      reach,
      host: address.host ?? '127.0.0.1',
      look: (containerId) => engine.container(containerId),
      now: () => clock.now(),
      log,
      publish: (event) => this.#publish(event),
    });
    const maker = new Maker({ engine, clock, book, idPrefix });
    const shared = { engine, clock, log, book, roster, maker, idPrefix, locks: this.#locks };
    const replacement = new Replacement(shared);
    this.#context = context;
    this.#engine = engine;
    this.#book = book;
    this.#roster = roster;
    this.#intents = new Intents(shared);
    this.#proofs = new Proofs(shared);
    this.#performer = new Performer({
      ...shared,
      intents: this.#intents,
      proofs: this.#proofs,
      replacement,
      scaling: new Scaling({ ...shared, graceMs: config.stopGrace }),
    });
    const revival = new Revival({ ...shared, replacement });
    this.#watcher = new Watcher({
      ...shared,
      ...memory,
      feed: this.#feed,
      select: config.select,
      restartGraceMs: config.restartGrace,
      recover: () => this.#shelf.recover(),
      known: () => this.#checks.listed(),
      began: (event) => revival.began(event),
      ended: () => void this.#write(),
    });
    this.#shelf = new Shelf({ ...shared, replacement, revival, keepMs: config.keepOld });
    this.#logs = new Logs({ engine, containers: roster });
    this.#inside = new Inside({ ...shared, containers: roster, newKey: () => context.random.ulid() });
    this.#stats = new StatsRound({
      ...shared,
      containers: roster,
      ingest: (signal) => context.ingest?.(signal),
      everyMs: config.stats.every,
      concurrency: config.stats.concurrency,
    });
    this.#secondLook = new SecondLook({ ...shared, containers: roster, publish: (event) => this.#publish(event) });
    this.#checks = new OwnChecks({
      ...shared,
      containers: roster,
      run: (member, argv, call) => this.#inside.run(instanceOf(member, roster.reach), argv, call),
      publish: (event) => this.#publish(event),
    });
  }

  /** Before the list is complete nobody follows: it tells them everything. */
  #publish(event: InventoryEvent): void {
    if (this.#watcher.isListed) this.#feed.publish(event);
  }

  /** Begins to follow the engine; one that is away is asked again until it answers. */
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

  prepare(action: Action, key: string): Promise<Decision<Intent>> {
    return this.#intents.prepare(action, key);
  }

  async execute(intent: Intent, grant: Grant, call: Call): Promise<Receipt> {
    const { key } = grant;
    if (this.#stopped || !this.#started)
      return { key, at: this.#context.clock.now(), result: 'cancelled', text: 'The orchestrator is not running.' };
    return this.#performer.execute(intent, grant, call);
  }

  async reconcile(intent: Intent): Promise<Receipt> {
    const { key } = intent;
    if (this.#performer.isRunning(key))
      return { key, at: this.#context.clock.now(), result: 'unknown', text: 'The action is under way.' };
    return this.#proofs.reconcile(intent);
  }

  /** The end of its log, how it ended, and what it was made of. */
  async evidence(instance: Instance, _agentId: AgentId, call: Call): Promise<readonly EvidenceItem[]> {
    const { clock, config } = this.#context;
    const container = containerOf(this.#roster, instance)?.facts.Id ?? instance.ref?.['container'];
    if (typeof container !== 'string') return [];
    return evidenceOf({ engine: this.#engine, clock, logLines: config.logLines }, container, call);
  }

  async look(instance: Instance): Promise<void> {
    this.#secondLook.look(instance);
  }

  logs(instance: Instance, _agentId: AgentId, after: string | undefined, call: Call): Promise<LogPage> {
    return this.#logs.page(instance, after, call);
  }

  exec(instance: Instance, argv: readonly string[], call: Call): Promise<ExecResult> {
    return this.#inside.run(instance, argv, call);
  }

  async #takeUp(): Promise<void> {
    await this.#book.load();
    this.#watcher.start();
    this.#stats.start();
    this.#next();
  }

  #next(): void {
    if (this.#stopped) return;
    this.#round = this.#context.clock.after(roundMs, () => void this.#tidy().then(() => this.#next()));
  }

  async #tidy(): Promise<void> {
    this.#forget();
    await this.#write();
    try {
      if (this.#watcher.isListed) await this.#shelf.clear();
    } catch (error) {
      this.#context.log.warn({ why: messageOf(error) }, 'tidying up failed; it is tried again');
    }
  }

  #forget(): void {
    const now = this.#context.clock.now();
    if (!this.#watcher.isListed || now - this.#forgotAt < forgetMs) return;
    this.#forgotAt = now;
    const containers = new Set(this.#roster.ids());
    const isAgent = (agentId: AgentId): boolean => this.#roster.isAgent(agentId);
    this.#book.forgetGone({ isAgent, isContainer: (id) => containers.has(id) }, now);
  }

  /** Writes down what was learned of the containers. */
  async #write(): Promise<void> {
    try {
      await this.#book.flush(this.#watcher.stamp);
    } catch (error) {
      this.#context.log.warn({ why: messageOf(error) }, 'what was learned could not be stored; it is tried again');
    }
  }

  async #release(): Promise<void> {
    const running = await Promise.resolve(this.#started).then(
      () => this.#started !== undefined,
      () => false,
    );
    this.#round?.dispose();
    this.#performer.close();
    this.#feed.close();
    if (running) {
      await this.#stats.stop();
      await this.#checks.stop();
      await this.#secondLook.stop();
      await this.#watcher.stop();
      await this.#locks.idle();
      await this.#inside.settled();
      await this.#book.flush(this.#watcher.stamp).catch(() => undefined);
    }
    this.#engine.close();
  }
}
