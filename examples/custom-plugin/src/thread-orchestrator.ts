import { resolve } from 'node:path';
import {
  type Action,
  type AgentId,
  type Call,
  type Capability,
  type Decision,
  type EvidenceItem,
  type Grant,
  guardError,
  type Instance,
  type Intent,
  type InventoryEvent,
  messageOf,
  type Orchestrator,
  type PluginContext,
  type Receipt,
} from '@praetorian-guard/core/plugin';
import { AgentThread, type ThreadReport } from './agent-thread.ts';
import type { TutorialConfig } from './config.ts';
import { InventoryFeed } from './inventory-feed.ts';

type Replacement = Extract<Action, { kind: 'restart' | 'respawn' }>;

const own = { destructive: true, scope: 'instance', idempotent: true } as const;

/** Runs agents as worker threads of the guard's own process, and passes their heartbeats on. */
export class ThreadOrchestrator implements Orchestrator {
  readonly supports: readonly Capability[] = [
    { action: 'restart', ...own },
    { action: 'respawn', ...own, respawn: ['in-place'] },
  ];
  readonly #context: PluginContext<TutorialConfig>;
  readonly #threads = new Map<AgentId, AgentThread>();
  readonly #running = new Map<string, Promise<Receipt>>();
  readonly #feed = new InventoryFeed();
  #started: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;

  constructor(context: PluginContext<TutorialConfig>) {
    this.#context = context;
  }

  start(): Promise<void> {
    this.#started ??= this.#startAll();
    return this.#started;
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stopAll();
    return this.#stopped;
  }

  inventory(call: Call): AsyncIterable<InventoryEvent> {
    const listing = [...this.#threads].flatMap(([agentId, thread]) => [
      this.#present(agentId, thread),
      ...death(agentId, thread),
    ]);
    return this.#feed.follow([...listing, { type: 'synced' }], call);
  }

  /** Changes nothing: says whether it can be done, whom it touches, and what is there before. */
  async prepare(action: Action, key: string): Promise<Decision<Intent>> {
    if (action.kind !== 'restart' && action.kind !== 'respawn') return refuse(`Threads cannot ${action.kind}.`);
    const thread = this.#threads.get(action.agentId);
    if (thread?.instance.id !== action.instanceId)
      return refuse(`${action.instanceId} is not the instance of ${action.agentId}.`);
    const problem = problemOf(action);
    if (problem !== undefined) return refuse(problem);
    const { generation } = thread.instance;
    const intent = { key, action, affects: [action.agentId], before: { generation } };
    return { act: true, value: intent, reason: { code: 'proceed', text: 'The thread can be replaced.' } };
  }

  /** Throws nothing for an outcome; the same key acts once, also when it is asked twice at the same moment. */
  async execute(intent: Intent, grant: Grant, call: Call): Promise<Receipt> {
    const { key, deadline, dryRun } = grant;
    const at = this.#context.clock.now();
    const running = this.#running.get(key);
    if (running) return running;
    if (dryRun || call.signal.aborted || this.#stopped)
      return { key, at, result: 'cancelled', text: 'Nothing was done.' };
    if (deadline <= at)
      return { key, at, result: 'failed', retryable: true, code: 'GUARD_DEADLINE', text: 'It is too late.' };
    const work = this.#replace(intent, key).finally(() => this.#running.delete(key));
    this.#running.set(key, work);
    return work;
  }

  /** Looks whether a newer instance runs than the one before the action. */
  async reconcile({ key, action, before }: Intent): Promise<Receipt> {
    const at = this.#context.clock.now();
    if (this.#running.has(key)) return { key, at, result: 'unknown', text: 'It is under way.' };
    const thread = 'agentId' in action ? this.#threads.get(action.agentId) : undefined;
    if (thread && thread.exitCode === undefined && thread.instance.generation > Number(before['generation'])) {
      return { key, at, result: 'succeeded', reconciled: true, instance: thread.instance };
    }
    return {
      key,
      at,
      result: 'failed',
      retryable: true,
      code: 'GUARD_ORCHESTRATOR_FAILED',
      text: 'No newer thread runs.',
    };
  }

  async evidence(instance: Instance, agentId: AgentId): Promise<readonly EvidenceItem[]> {
    const thread = this.#threads.get(agentId);
    return thread?.instance.id === instance.id && thread.output !== ''
      ? [{ label: 'output', text: thread.output }]
      : [];
  }

  async #replace(intent: Intent, key: string): Promise<Receipt> {
    const { clock } = this.#context;
    const action = intent.action as Replacement;
    const old = this.#threads.get(action.agentId);
    if (old?.madeBy === key) return { key, at: clock.now(), result: 'succeeded', instance: old.instance };
    if (!old || old.instance.generation !== intent.before['generation']) {
      return { key, at: clock.now(), result: 'superseded', text: `The instance is ${old?.instance.id ?? 'gone'} now.` };
    }
    try {
      await old.end(action.graceMs, clock);
      const thread = await this.#spawn(action.agentId, {
        madeBy: key,
        env: (action.kind === 'respawn' && action.override?.env) || {},
      });
      return { key, at: clock.now(), result: 'succeeded', instance: thread.instance };
    } catch (error) {
      if (old.exitCode !== undefined) this.#tellDeath(action.agentId, old);
      return {
        key,
        at: clock.now(),
        result: 'failed',
        retryable: true,
        code: 'GUARD_ORCHESTRATOR_FAILED',
        text: messageOf(error),
      };
    }
  }

  async #startAll(): Promise<void> {
    await Promise.all(Object.keys(this.#context.config.agents).map((agentId) => this.#spawn(agentId, { env: {} })));
  }

  async #stopAll(): Promise<void> {
    await this.#started;
    await Promise.all(this.#running.values());
    const { clock } = this.#context;
    const threads = [...this.#threads.values()];
    this.#threads.clear();
    await Promise.all(threads.map((thread) => thread.end(1_000, clock)));
    this.#feed.close();
  }

  async #spawn(
    agentId: AgentId,
    given: { madeBy?: string; env: { readonly [name: string]: string } },
  ): Promise<AgentThread> {
    const { baseDir, clock, config } = this.#context;
    const agent = config.agents[agentId];
    if (!agent) throw guardError('GUARD_AGENT_UNKNOWN', { agentId });
    const generation = await this.#nextGeneration(agentId);
    const { madeBy, env } = given;
    const start = { agentId, generation, modulePath: resolve(baseDir, agent.module), env: { ...agent.env, ...env } };
    const thread = new AgentThread(madeBy === undefined ? start : { ...start, madeBy }, clock);
    this.#threads.set(agentId, thread);
    thread.onReport((report) => this.#passOn(agentId, thread.instance.id, report));
    void thread.exited.then(() => this.#noticeExit(agentId, thread));
    this.#feed.publish(this.#present(agentId, thread));
    return thread;
  }

  /** Kept in the store, so that generations count up over restarts of the guard as well. */
  async #nextGeneration(agentId: AgentId): Promise<number> {
    const { state } = this.#context;
    if (!state)
      throw guardError('GUARD_PLUGIN_FAILED', {
        plugin: this.#context.instance,
        where: 'start',
        why: 'it needs a store',
      });
    const key = `generation/${agentId}`;
    const generation = Number((await state.get(key))?.value ?? 0) + 1;
    await state.commit('generations', [{ op: 'put', key, value: generation, when: 'any' }], { durability: 'sync' });
    return generation;
  }

  #passOn(agentId: AgentId, instanceId: string, { metrics, progress }: ThreadReport): void {
    try {
      this.#context.ingest?.({
        kind: 'heartbeat',
        agentId,
        instanceId,
        ...(metrics === undefined ? {} : { metrics }),
        ...(progress === undefined ? {} : { progress }),
      });
    } catch (error) {
      // Not valid, or the guard has not heard of the agent yet: the next heartbeat is on its way.
      this.#context.log.debug({ agentId, why: messageOf(error) }, 'a heartbeat was not taken');
    }
  }

  /** Only of the thread that is current: one that we replaced was meant to end. */
  #noticeExit(agentId: AgentId, thread: AgentThread): void {
    if (this.#threads.get(agentId) === thread && !thread.isEnding) this.#tellDeath(agentId, thread);
  }

  #tellDeath(agentId: AgentId, thread: AgentThread): void {
    this.#feed.publish(this.#present(agentId, thread));
    for (const event of death(agentId, thread)) this.#feed.publish(event);
  }

  #present(agentId: AgentId, { instance, exitCode }: AgentThread): InventoryEvent {
    const { group = 'threads' } = this.#context.config.agents[agentId] ?? {};
    const state = exitCode === undefined ? 'running' : 'exited';
    return { type: 'present', agent: { id: agentId, group, labels: {}, instance: { ...instance, state } } };
  }
}

function death(agentId: AgentId, { instance, exitCode }: AgentThread): InventoryEvent[] {
  return exitCode === undefined
    ? []
    : [{ type: 'lifecycle', agentId, instanceId: instance.id, event: 'died', exitCode }];
}

/** Why the action cannot be done to a thread. */
function problemOf(action: Replacement): string | undefined {
  if (action.kind === 'restart') return undefined;
  if (action.mode === 'beside') return 'Two threads of one agent cannot run beside each other.';
  const other = Object.keys(action.override ?? {}).find((name) => name !== 'env');
  return other === undefined ? undefined : `A thread cannot be given another ${other}, only another env.`;
}

function refuse(text: string): Decision<never> {
  return { act: false, reason: { code: 'orchestrator-refused', text } };
}
