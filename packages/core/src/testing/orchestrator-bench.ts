import assert from 'node:assert/strict';
import type { Call, Clock, DiscoveredAgent, Grant, InventoryEvent, Orchestrator } from '../contracts/index.ts';
import {
  type Action,
  type ActionKind,
  type AgentId,
  capabilityFor,
  type GroupId,
  type Instance,
  type Intent,
  type Receipt,
} from '../model/index.ts';
import type { Rig } from './rig.ts';

/** A started orchestrator and what the suite may do with it. */
export interface OrchestratorUnderTest {
  readonly orchestrator: Orchestrator;
  /** An agent that it runs. */
  readonly agentId: AgentId;
  /** A group that can be scaled. Needed when `scale` is supported. */
  readonly scalable?: GroupId;
  /** A command that ends with 0 inside its agents. [`['node', '-e', '0']`] Only of interest where it can `exec`. */
  readonly command?: readonly string[];
  /** Its clock when that is a real one; otherwise the suite moves the clock of the rig. */
  readonly clock?: Clock;
  /** Ends the agent's instance as a failure would. */
  crash?(): Promise<void>;
  /** The next execution is done and its reply lost. */
  loseReply?(): void;
  /** Releases what the orchestrator's own `stop` does not. */
  dispose?(): Promise<void>;
}

const stepMs = 250;
/** Steps of virtual time, or looks at a real subject, until something that was promised counts as missing. */
const patience = 2_000;

/** Drives one orchestrator for the suite: moves its clock, asks it, and follows its inventory. */
export class OrchestratorBench {
  readonly subject: OrchestratorUnderTest;
  readonly #rig: Rig;
  readonly #resources = resources();
  readonly #end = new AbortController();

  constructor(subject: OrchestratorUnderTest, rig: Rig) {
    this.subject = subject;
    this.#rig = rig;
  }

  get orchestrator(): Orchestrator {
    return this.subject.orchestrator;
  }

  get agentId(): AgentId {
    return this.subject.agentId;
  }

  /** The preferred mode of respawn. */
  get mode(): 'beside' | 'in-place' {
    return capabilityFor(this.orchestrator.supports, 'respawn')?.respawn?.[0] ?? 'in-place';
  }

  /** Whether a new instance may run beside the old one. */
  get canBeside(): boolean {
    return capabilityFor(this.orchestrator.supports, 'respawn')?.respawn?.includes('beside') === true;
  }

  can(kind: ActionKind): boolean {
    return capabilityFor(this.orchestrator.supports, kind) !== undefined;
  }

  now(): number {
    return this.#clock.now();
  }

  call(): Call {
    return { signal: this.#end.signal, traceId: 'conformance' };
  }

  grant(key: string, given: Partial<Grant> = {}): Grant {
    return { key, fence: 1, deadline: this.now() + 60_000, dryRun: false, ...given };
  }

  /** An action of the kind, on the agent. */
  action(kind: ActionKind, instanceId: string): Action {
    const on = { agentId: this.agentId, instanceId };
    switch (kind) {
      case 'restart':
      case 'recreate':
      case 'retire':
        return { kind, graceMs: 1_000, ...on };
      case 'respawn':
        return { kind, mode: this.mode, graceMs: 1_000, generation: 2, ...on };
      case 'isolate':
      case 'reinstate':
        return { kind, ...on };
      case 'scale':
        return { kind, group: this.subject.scalable ?? 'no-such-group', replicas: 2 };
      case 'promote':
        return { kind, epoch: 1, ...on };
      case 'restoreState':
        return { kind, checkpointId: 'none', ...on };
    }
  }

  async prepare(action: Action, key: string): Promise<Intent> {
    const decision = await this.wait(this.orchestrator.prepare(action, key, this.call()));
    assert.ok(decision.act, `not admitted: ${decision.reason.text}`);
    return decision.value;
  }

  async assertRefused(action: Action): Promise<void> {
    const decision = await this.wait(this.orchestrator.prepare(action, 'refused', this.call()));
    assert.ok(!decision.act, `${JSON.stringify(action)} was admitted`);
    assert.ok(decision.reason.code.length > 0 && decision.reason.text !== '', 'a refusal has a reason');
  }

  run(intent: Intent, given: Partial<Grant> = {}): Promise<Receipt> {
    return this.wait(this.orchestrator.execute(intent, this.grant(intent.key, given), this.call()));
  }

  async succeed(action: Action, key: string): Promise<Extract<Receipt, { result: 'succeeded' }>> {
    const receipt = await this.run(await this.prepare(action, key));
    assert.ok(receipt.result === 'succeeded', JSON.stringify(receipt));
    return receipt;
  }

  /** A fresh listing, up to `synced`. */
  async listing(): Promise<readonly InventoryEvent[]> {
    const follower = this.follow();
    await this.until(() => follower.synced());
    follower.abort();
    return follower.events.slice(
      0,
      follower.events.findIndex((event) => event.type === 'synced'),
    );
  }

  async agents(): Promise<readonly DiscoveredAgent[]> {
    return (await this.listing()).flatMap((event) => (event.type === 'present' ? [event.agent] : []));
  }

  /** The current instance of the agent. */
  async instance(): Promise<Instance> {
    const agent = (await this.agents()).find((one) => one.id === this.agentId);
    assert.ok(agent, `${this.agentId} is listed`);
    return agent.instance;
  }

  follow(signal: AbortSignal = this.#end.signal): Follower {
    return new Follower(this.orchestrator, signal);
  }

  /** Lets time go by until the promise settles. */
  async wait<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const mark = (): void => {
      settled = true;
    };
    promise.then(mark, mark);
    await this.until(() => settled);
    return promise;
  }

  /** Lets time go by until the condition holds. */
  async until(condition: () => boolean | Promise<boolean>): Promise<void> {
    for (let step = 0; !(await condition()); step += 1) {
      assert.ok(step < patience, 'what was promised did not happen');
      if (this.subject.clock) await this.subject.clock.sleep(10);
      // Two at once would collide: whoever comes second only lets promises settle.
      else await this.#rig.clock.advance(stepMs).catch(() => this.#rig.clock.settle());
    }
  }

  async stop(): Promise<void> {
    await this.wait(this.orchestrator.stop?.(new AbortController().signal) ?? Promise.resolve());
  }

  /** What is still there that was not before, for people; empty when nothing is. */
  leftovers(): string {
    if (!this.subject.clock)
      return this.#rig.clock.pendingTimers === 0 ? '' : `${this.#rig.clock.pendingTimers} timers`;
    const now = resources();
    return [...now].filter(([type, count]) => count > (this.#resources.get(type) ?? 0)).join();
  }

  async release(): Promise<void> {
    await this.stop();
    this.#end.abort();
    await this.subject.dispose?.();
  }

  get #clock(): Clock {
    return this.subject.clock ?? this.#rig.clock;
  }
}

/** Collects what one iteration of the inventory gives. */
export class Follower {
  readonly events: InventoryEvent[] = [];
  readonly ended: Promise<void>;
  readonly #end = new AbortController();

  constructor(orchestrator: Orchestrator, signal: AbortSignal) {
    this.ended = this.#collect(orchestrator, AbortSignal.any([signal, this.#end.signal]));
  }

  synced(): boolean {
    return this.events.some((event) => event.type === 'synced');
  }

  /** The agent as it was told last. */
  agent(agentId: AgentId): DiscoveredAgent | undefined {
    const told = this.events.flatMap((event) =>
      event.type === 'present' && event.agent.id === agentId ? [event.agent] : [],
    );
    return told.at(-1);
  }

  abort(): void {
    this.#end.abort();
  }

  async #collect(orchestrator: Orchestrator, signal: AbortSignal): Promise<void> {
    for await (const event of orchestrator.inventory({ signal, traceId: 'conformance' })) this.events.push(event);
  }
}

/** Open handles by type. Timers are left out: the test runner has its own, which come and go. */
function resources(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const type of process.getActiveResourcesInfo()) {
    if (type !== 'Timeout' && type !== 'Immediate') counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  return counts;
}
