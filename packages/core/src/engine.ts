import type { Component, GuardApi, GuardStatus, SignalDraft, SignalSource, Surface } from './contracts/index.ts';
import { guardError, messageOf } from './contracts/index.ts';
import type { Scope } from './di/container.ts';
import { core } from './di/core-tokens.ts';
import { guardStatus, statusParts } from './di/guard-status.ts';
import type { Json, Ms } from './model/index.ts';
import type { StatusParts } from './pipeline/members/agent-status.ts';
import { ControlPlaneFeed } from './pipeline/members/control-plane-feed.ts';
import type { GuardRecordOptions } from './pipeline/guard-record.ts';
import { recordStart, recordStop } from './pipeline/guard-record.ts';
import { InventoryFeed } from './pipeline/members/inventory.ts';
import { SignalFeed } from './pipeline/members/signal-feed.ts';
import { TickLoop } from './pipeline/tick-loop.ts';
import { followWallClock } from './pipeline/wall-clock.ts';
import { Lifecycle } from './runtime/index.ts';
import { keys, openMeta } from './state/index.ts';

/** Time the whole guard has to stop. */
const stopMs: Ms = 20_000;

export interface EngineOptions {
  readonly version: string;
  /** Names of what the config switches on, by kind. */
  readonly notifiers: readonly string[];
  /** Reads or makes the key that signs approvals; the store is open. */
  readonly approvalKey: () => Promise<Uint8Array>;
}

/** Starts the parts of a guard in their order, drives the tick, and stops everything in reverse. */
export class Engine {
  readonly #scope: Scope;
  readonly #version: string;
  readonly #approvalKey: EngineOptions['approvalKey'];
  readonly #lifecycle: Lifecycle;
  readonly #feeds: InventoryFeed[] = [];
  readonly #stop = new AbortController();
  #guard: GuardApi | undefined;
  #state: GuardStatus['state'] = 'stopped';
  #startedAt = 0;
  #guardId = '';
  readonly #ticks: TickLoop;
  /** Inventories that were not listed yet at the last tick. */
  #unlisted: number | undefined;

  constructor(scope: Scope, options: EngineOptions) {
    this.#scope = scope;
    this.#version = options.version;
    this.#approvalKey = options.approvalKey;
    this.#lifecycle = new Lifecycle({ clock: scope.get(core.clock), log: scope.get(core.log) });
    this.#ticks = new TickLoop({
      clock: scope.get(core.clock),
      everyMs: scope.get(core.config).config.tickMs,
      tick: () => this.#tick(),
      ticked: (lateMs, tookMs) => scope.get(core.doubt).ticked(lateMs, tookMs),
    });
    this.#arrange(options);
  }

  async start(guard: GuardApi): Promise<void> {
    if (this.#state === 'running') return;
    if (this.#stop.signal.aborted) throw guardError('GUARD_NOT_RUNNING');
    this.#guard = guard;
    this.#state = 'starting';
    this.#startedAt = this.#scope.get(core.clock).now();
    try {
      await this.#lifecycle.start(this.#stop.signal, stopMs);
      this.#state = 'running';
    } catch (thrown) {
      this.#state = 'stopped';
      throw thrown;
    }
  }

  async stop(): Promise<void> {
    if (this.#state === 'stopped') return;
    this.#state = 'stopping';
    this.#stop.abort(new DOMException('the guard stops', 'AbortError'));
    try {
      await this.#lifecycle.stop(stopMs);
    } finally {
      this.#state = 'stopped';
    }
  }

  assertRunning(): void {
    if (this.#state !== 'running' && this.#state !== 'starting') throw guardError('GUARD_NOT_RUNNING');
  }

  status(): GuardStatus {
    return guardStatus(this.#scope, {
      guardId: this.#guardId,
      version: this.#version,
      state: this.#state,
      startedAt: this.#startedAt,
      tick: this.#ticks.status,
    });
  }

  statusParts(): StatusParts {
    return statusParts(this.#scope);
  }

  /** The order of start; the stop is its reverse. */
  #arrange({ notifiers }: EngineOptions): void {
    const scope = this.#scope;
    const registry = scope.get(core.registry);
    const add = this.#add.bind(this);
    const addPlugin = (name: string, component: Component): void => {
      this.#lifecycle.add(name, component);
    };
    addPlugin('store', scope.get(core.store));
    addPlugin('leases', scope.get(core.leases));
    if (scope.has(core.recording)) addPlugin('recording', scope.get(core.recording).of(scope.get(core.store)));
    add(
      'ownership',
      () => this.#open(),
      () => scope.get(core.ownership).stop(),
    );
    add('memory', () => this.#load());
    add(
      'audit log',
      () => recordStart(this.#record(), { version: this.#version, config: scope.get(core.config).config.hash }),
      () => recordStop(this.#record()),
    );
    addPlugin('control plane', scope.get(core.controlPlane));
    for (const name of notifiers) addPlugin(`notifier ${name}`, registry.get('notifiers', name));
    add(
      'notifications',
      () => this.#resumeNotices(),
      () => scope.get(core.notifications).stop(),
    );
    for (const name of registry.names('surfaces')) this.#addSurface(name, registry.get('surfaces', name));
    for (const name of registry.names('orchestrators'))
      addPlugin(`orchestrator ${name}`, registry.get('orchestrators', name));
    for (const name of registry.names('detectors')) addPlugin(`detector ${name}`, registry.get('detectors', name));
    this.#arrangeWork();
    this.#addControlPlaneFeed();
    for (const name of registry.names('orchestrators')) this.#addFeed(name);
    for (const name of registry.names('signalSources')) this.#addSource(name, registry.get('signalSources', name));
  }

  #add(name: string, start: () => Promise<void> | void, stop: () => Promise<void> | void = () => undefined): void {
    this.#lifecycle.add(name, { start: async () => start(), stop: async () => stop() });
  }

  /** What works by itself once everything it needs is there; the feeds that give it work come after. */
  #arrangeWork(): void {
    const scope = this.#scope;
    const add = this.#add.bind(this);
    add(
      'executor',
      () => undefined,
      () => {
        scope.get(core.preparation).stop();
        return scope.get(core.executor).stop();
      },
    );
    add(
      'incidents',
      () => {
        scope.get(core.incidents).resume();
        scope.get(core.storms).resume();
      },
      () => {
        scope.get(core.incidents).stop();
        scope.get(core.leftovers).stop();
      },
    );
    add(
      'probes',
      () => scope.get(core.probes).start(),
      () => scope.get(core.probes).stop(),
    );
    add(
      'rounds',
      () => undefined,
      () =>
        Promise.all([
          scope.get(core.checkpointRound).stop(),
          scope.get(core.logRound).stop(),
          scope.get(core.secondLook).stop(),
          scope.get(core.memoryRound).stop(),
          scope.get(core.departedRound).stop(),
        ]).then(() => undefined),
    );
    add(
      'tick',
      () => this.#ticks.start(),
      () => {
        this.#ticks.stop();
        scope.get(core.doubt).stop();
      },
    );
  }

  async #open(): Promise<void> {
    const scope = this.#scope;
    const store = scope.get(core.store);
    const { config } = scope.get(core.config);
    const meta = await openMeta(store, { clock: scope.get(core.clock), random: scope.get(core.random) });
    this.#guardId = meta.guardId;
    await scope.get(core.ownership).start(meta);
    scope.get(core.signer).open(await this.#approvalKey());
    // The config an incident was decided under can be looked up for ever (R28); it holds no secret.
    const put = { op: 'put', key: keys.config(config.hash), value: config.source as Json, when: 'any' } as const;
    await store.commit('config', [put], { durability: 'relaxed' });
  }

  async #load(): Promise<void> {
    const scope = this.#scope;
    await scope.get(core.leaderships).load(scope.get(core.ownership).shards);
    await scope.get(core.holds).load();
    await scope.get(core.incidentLog).load();
    await scope.get(core.storms).load();
    await scope.get(core.memoryRound).load();
    await scope.get(core.members).load();
    const { config } = scope.get(core.config);
    for (const [agentId, agent] of Object.entries(config.agents)) {
      const change = scope.get(core.fleet).addConfigured(agentId, agent);
      if (change) scope.get(core.members).changed(change);
    }
    for (const name of scope.get(core.registry).names('orchestrators')) scope.get(core.settle).expect(name);
    scope.get(core.settle).unsettle();
  }

  #record(): GuardRecordOptions {
    return { audit: this.#scope.get(core.audit), log: this.#scope.get(core.log), guardId: this.#guardId };
  }

  async #resumeNotices(): Promise<void> {
    const { shards } = this.#scope.get(core.ownership);
    await this.#scope.get(core.notifications).resume(Array.from({ length: shards }, (_, shard) => shard));
  }

  #addSurface(name: string, surface: Surface): void {
    this.#lifecycle.add(`surface ${name}`, {
      start: async () =>
        surface.start(this.#guard as GuardApi, { signal: this.#stop.signal, traceId: `surface/${name}` }),
      stop: () => surface.stop(),
    });
  }

  #addFeed(name: string): void {
    const scope = this.#scope;
    const feed = new InventoryFeed({
      name,
      orchestrator: scope.get(core.registry).get('orchestrators', name),
      fleet: scope.get(core.fleet),
      clock: scope.get(core.clock),
      log: scope.get(core.log),
      changed: (change) => scope.get(core.members).changed(change),
      gone: (agentId) => scope.get(core.members).gone(agentId),
      lifecycle: (seen) => {
        scope.get(core.collector).ingest(seen);
        if (isEnd(seen)) this.#ticks.hurry();
      },
      synced: () => scope.get(core.settle).synced(name),
      broken: () => scope.get(core.settle).broken(name),
      degraded: (why) => scope.get(core.degradations).set(`orchestrator ${name}`, why),
    });
    this.#feeds.push(feed);
    this.#lifecycle.add(`inventory ${name}`, { start: async () => feed.start(), stop: () => feed.stop() });
  }

  /** The built-in control plane mirrors the fleet; another one says itself who is in it. */
  #addControlPlaneFeed(): void {
    const scope = this.#scope;
    const controlPlane = scope.get(core.controlPlane);
    if (
      scope.get(core.registry).origin('controlPlanes', scope.get(core.config).config.controlPlane)?.instance === 'core'
    )
      return;
    const feed = new ControlPlaneFeed({
      controlPlane,
      fleet: scope.get(core.fleet),
      clock: scope.get(core.clock),
      log: scope.get(core.log),
      changed: (change) => scope.get(core.members).changed(change),
      gone: (agentId) => scope.get(core.members).gone(agentId),
    });
    this.#lifecycle.add('agents of the control plane', { start: async () => feed.start(), stop: () => feed.stop() });
  }

  #addSource(name: string, source: SignalSource): void {
    const scope = this.#scope;
    const feed = new SignalFeed({
      name,
      source,
      report: (signal) => void scope.get(core.collector).ingest(signal),
      degraded: (why) => scope.get(core.degradations).set(`source ${name}`, why),
    });
    this.#lifecycle.add(`source ${name}`, source);
    this.#lifecycle.add(`signals of ${name}`, { start: async () => feed.start(), stop: () => feed.stop() });
  }

  /** One bad tick must not stop the heart: it is logged, shown, and the next one comes. */
  #tick(): void {
    const scope = this.#scope;
    try {
      this.#runTick();
      scope.get(core.degradations).set('tick', undefined);
    } catch (thrown) {
      scope.get(core.log).error({ err: messageOf(thrown) }, 'a tick failed');
      scope.get(core.degradations).set('tick', messageOf(thrown));
    }
  }

  #runTick(): void {
    const scope = this.#scope;
    followWallClock({
      clock: scope.get(core.clock),
      resting: () => scope.get(core.incidentLog).unresolvedCount > 0 || scope.get(core.holds).placed().length > 0,
      degraded: (why) => scope.get(core.degradations).set('wall clock', why),
    });
    scope.get(core.holds).tick();
    scope.get(core.pipeline).tick();
    void scope.get(core.members).flush();
    const { unlisted } = scope.get(core.settle);
    if (unlisted !== this.#unlisted) scope.get(core.pipeline).carryOn();
    this.#unlisted = unlisted;
  }
}

/** Proven by itself: the agent is down, and every moment of waiting is one without it. */
function isEnd(seen: SignalDraft): boolean {
  return seen.kind === 'lifecycle' && (seen.event === 'died' || seen.event === 'oom-killed');
}
