import type {
  Action,
  AgentId,
  Call,
  Clock,
  Grant,
  Intent,
  InventoryEvent,
  Ms,
  Receipt,
} from '@praetorian-guard/core/plugin';
import { Executions, failed, failedBy, type Locks } from '@praetorian-guard/core/kit';
import { type InstanceBefore, type Intents, overrideProblem, type ScaleBefore } from './intents.ts';
import { type Keeper, withInstances } from './keeper.ts';
import { freePort } from './launcher.ts';
import type { AgentSpec } from './process-config.ts';
import { instanceOf, type ProcessRecord, type RecordBook } from './records.ts';
import type { Roster } from './roster.ts';
import type { ScratchFolders } from './scratch-folders.ts';

export interface PerformerParts {
  readonly clock: Clock;
  readonly keeper: Keeper;
  readonly records: RecordBook;
  readonly roster: Roster;
  readonly intents: Intents;
  readonly locks: Locks;
  readonly scratch: ScratchFolders;
  readonly scaleGraceMs: Ms;
  readonly publish: (event: InventoryEvent) => void;
}

type Replacement = Extract<Action, { kind: 'restart' | 'recreate' | 'respawn' }>;

/** Time kept back from the grace, so that SIGKILL and the new process come before the deadline. */
const reserveMs = 1_000;

/** Does what was admitted: each key once, each agent one action after another. */
export class Performer {
  readonly #parts: PerformerParts;
  readonly #executions: Executions;
  /** Aborts when there is no time left for any grace. */
  readonly #hurry = new AbortController();

  constructor(parts: PerformerParts) {
    this.#parts = parts;
    this.#executions = new Executions(parts.clock, parts.locks);
  }

  /** Whether an execution of the key is under way. */
  isRunning(key: string): boolean {
    return this.#executions.isRunning(key);
  }

  /** What has not begun is called off from now on, and what has is hurried to its end when the signal aborts. */
  close(hurry: AbortSignal): void {
    this.#executions.close();
    if (hurry.aborted) this.#hurry.abort();
    else hurry.addEventListener('abort', () => this.#hurry.abort(), { once: true });
  }

  async execute(intent: Intent, grant: Grant, call: Call): Promise<Receipt> {
    const { action } = intent;
    const refusal = this.#refusal(action, grant.key);
    return this.#executions.run(grant, call, {
      lock: action.kind === 'scale' ? `scale/${action.group}` : action.agentId,
      ...(refusal ? { refusal } : {}),
      recorded: () => this.#parts.records.receipt(grant.key),
      perform: (leftMs) => this.#perform(intent, grant.key, leftMs),
    });
  }

  #refusal(action: Action, key: string): Receipt | undefined {
    const problem = action.kind === 'respawn' ? overrideProblem(action.override) : undefined;
    if (!problem) return undefined;
    const code = 'GUARD_ORCHESTRATOR_UNSUPPORTED';
    return failed(key, this.#parts.clock.now(), { code, text: problem.text, retryable: false });
  }

  async #perform(intent: Intent, key: string, leftMs: Ms): Promise<Receipt> {
    const { clock, intents, roster } = this.#parts;
    const { action } = intent;
    const done = intents.reconcile({ ...intent, key });
    if (done.result === 'succeeded') return done;
    const stale = intents.staleness(intent);
    if (stale !== undefined) return { key, at: clock.now(), result: 'superseded', text: stale };
    const hurry = AbortSignal.any([this.#hurry.signal, clock.timeout(Math.max(0, leftMs - reserveMs))]);
    if (action.kind === 'scale') return this.#scale(action.group, intent, key);
    const spec = roster.spec(action.agentId);
    if (action.kind === 'retire') return this.#retire(action, key, hurry);
    if (spec && (action.kind === 'restart' || action.kind === 'recreate' || action.kind === 'respawn')) {
      return this.#replace({ spec, action, before: intent.before as unknown as InstanceBefore, key, hurry });
    }
    return failed(key, clock.now(), {
      code: 'GUARD_ORCHESTRATOR_UNSUPPORTED',
      text: `Cannot ${action.kind}.`,
      retryable: false,
    });
  }

  async #replace(todo: {
    spec: AgentSpec;
    action: Replacement;
    before: InstanceBefore;
    key: string;
    hurry: AbortSignal;
  }): Promise<Receipt> {
    const { spec, action, before, key, hurry } = todo;
    const { keeper, records, clock } = this.#parts;
    const old = records.instance(spec.agentId, action.instanceId);
    const { birth } = before;
    if (!old || !birth)
      return { key, at: clock.now(), result: 'superseded', text: `Instance ${action.instanceId} is gone.` };
    const beside = action.kind === 'respawn' && action.mode === 'beside';
    const override = (action.kind === 'respawn' ? action.override : undefined) ?? old.override;
    const keepsScratch = action.kind === 'restart' && old.scratch !== undefined;
    const others = records
      .get(spec.agentId)
      .instances.filter((record) => record !== old && record.phase !== 'spawning');
    if (!beside) await this.#endOld(spec.agentId, old, { graceMs: action.graceMs, hurry, wipe: !keepsScratch });
    try {
      const started = await keeper.start(spec, {
        birth,
        port: await freePort(beside ? undefined : (spec.port ?? old.port)),
        override,
        scratch: keepsScratch ? old.scratch : undefined,
        restore: action.kind !== 'restart',
        beside: beside ? [...others, old] : others,
        becomesCurrent: !beside,
        receipt: (record) => this.#succeeded(key, record),
      });
      return this.#succeeded(key, started);
    } catch (error) {
      if (!beside) {
        const exit = { at: clock.now(), detail: 'ended to be started again' };
        await keeper.markEnded(spec.agentId, old.instanceId, exit);
      }
      return failedBy(key, clock.now(), error);
    }
  }

  async #endOld(
    agentId: AgentId,
    old: ProcessRecord,
    how: { graceMs: Ms; hurry: AbortSignal; wipe: boolean },
  ): Promise<void> {
    await this.#parts.keeper.end(agentId, old, how.graceMs, how.hurry);
    if (how.wipe) await this.#parts.scratch.wipe(old);
  }

  async #retire(action: Extract<Action, { kind: 'retire' }>, key: string, hurry: AbortSignal): Promise<Receipt> {
    const { keeper, records, intents, scratch, clock, publish } = this.#parts;
    const { agentId, instanceId } = action;
    const record = records.instance(agentId, instanceId);
    const heir = intents.heir(agentId, instanceId);
    if (!record || !heir)
      return { key, at: clock.now(), result: 'superseded', text: 'No other instance of the agent runs now.' };
    await keeper.end(agentId, record, action.graceMs, hurry);
    await scratch.wipe(record);
    const entry = records.get(agentId);
    const rest = entry.instances.filter((other) => other.instanceId !== instanceId);
    const wasCurrent = entry.currentId === instanceId;
    const receipt: Receipt = { key, at: clock.now(), result: 'succeeded' };
    await records.put(
      [{ ...withInstances(entry, rest, 0), ...(wasCurrent ? { currentId: heir.instanceId } : {}) }],
      receipt,
    );
    if (wasCurrent) publish(keeper.presentEvent(agentId, heir));
    return receipt;
  }

  async #scale(group: string, intent: Intent, key: string): Promise<Receipt> {
    const { clock, records, roster } = this.#parts;
    const { add, remove } = intent.before as unknown as ScaleBefore;
    const replicas = (intent.action as Extract<Action, { kind: 'scale' }>).replicas;
    // Stored first: a guard that crashes in the middle goes on from what was wanted.
    await records.setReplicas(group, roster.configured(group), replicas);
    const outcomes = await Promise.allSettled([
      ...add.map(({ agentId, index, birth }) => {
        const spec = roster.add(group, index);
        return this.#parts.locks.run(agentId, () => (spec ? this.#addReplica(spec, birth) : Promise.resolve()));
      }),
      ...remove.map((agentId) => this.#parts.locks.run(agentId, () => this.#removeReplica(agentId))),
    ]);
    const broken = outcomes.find((outcome) => outcome.status === 'rejected');
    if (broken) return failedBy(key, clock.now(), broken.reason);
    const receipt: Receipt = { key, at: clock.now(), result: 'succeeded', data: { replicas } };
    await records.put([], receipt);
    return receipt;
  }

  async #addReplica(spec: AgentSpec, birth: ScaleBefore['add'][number]['birth']): Promise<void> {
    // Its first start may have succeeded since the action was prepared.
    if (this.#parts.records.current(spec.agentId)) return;
    await this.#parts.keeper.start(spec, { birth, restore: false, beside: [], becomesCurrent: true });
  }

  async #removeReplica(agentId: AgentId): Promise<void> {
    const { keeper, records, roster, scratch, publish, scaleGraceMs } = this.#parts;
    for (const record of records.get(agentId).instances) {
      await keeper.end(agentId, record, scaleGraceMs, this.#hurry.signal);
      await scratch.wipe(record);
    }
    await records.forget(agentId);
    roster.remove(agentId);
    publish({ type: 'removed', agentId });
  }

  #succeeded(key: string, record: ProcessRecord): Receipt {
    return { key, at: record.startedAt ?? this.#parts.clock.now(), result: 'succeeded', instance: instanceOf(record) };
  }
}
