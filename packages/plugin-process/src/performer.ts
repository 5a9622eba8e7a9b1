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
import { type InstanceBefore, type Intents, overrideProblem, type ScaleBefore } from './intents.ts';
import { type Keeper, withInstances } from './keeper.ts';
import { freePort } from './launcher.ts';
import type { Locks } from './locks.ts';
import type { AgentSpec } from './process-config.ts';
import { failed, failedBy, instanceOf, type ProcessRecord, type RecordBook } from './records.ts';
import type { Roster } from './roster.ts';

export interface PerformerParts {
  readonly clock: Clock;
  readonly keeper: Keeper;
  readonly records: RecordBook;
  readonly roster: Roster;
  readonly intents: Intents;
  readonly locks: Locks;
  readonly scaleGraceMs: Ms;
  /** Aborts when there is no time left for any grace. */
  readonly hurry: AbortSignal;
  readonly publish: (event: InventoryEvent) => void;
}

type Replacement = Extract<Action, { kind: 'restart' | 'recreate' | 'respawn' }>;

/** Time kept back from the grace, so that SIGKILL and the new process come before the deadline. */
const reserveMs = 1_000;

/** Does what was admitted: each key once, each agent one action after another. */
export class Performer {
  readonly #parts: PerformerParts;
  readonly #running = new Map<string, Promise<Receipt>>();

  constructor(parts: PerformerParts) {
    this.#parts = parts;
  }

  /** Whether an execution of the key is under way. */
  isRunning(key: string): boolean {
    return this.#running.has(key);
  }

  async execute(intent: Intent, grant: Grant, call: Call): Promise<Receipt> {
    const { clock, records } = this.#parts;
    const key = grant.key;
    const leftMs = grant.deadline - clock.now();
    const known = this.#running.get(key) ?? (await records.receipt(key));
    if (!known) {
      const refusal = this.#refusal(intent, grant, call);
      if (refusal) return refusal;
    }
    // A second look: another call with the key may have begun while the journal was read.
    const work = known ?? this.#running.get(key) ?? this.#begin(intent, key, leftMs);
    return unlessAborted(work, AbortSignal.any([call.signal, clock.timeout(Math.max(0, leftMs))]), {
      key,
      at: clock.now(),
      result: 'unknown',
      text: 'Not finished in time; it goes on and is to be reconciled.',
    });
  }

  /** What forbids to begin. */
  #refusal(intent: Intent, grant: Grant, call: Call): Receipt | undefined {
    const at = this.#parts.clock.now();
    if (grant.dryRun) return { key: grant.key, at, result: 'cancelled', text: 'Dry run: nothing was done.' };
    if (call.signal.aborted) return { key: grant.key, at, result: 'cancelled', text: 'Aborted before it began.' };
    if (grant.deadline <= at) {
      return failed(grant.key, at, {
        code: 'GUARD_DEADLINE',
        text: 'The deadline had passed before it began.',
        retryable: true,
      });
    }
    const problem = intent.action.kind === 'respawn' ? overrideProblem(intent.action.override) : undefined;
    if (!problem) return undefined;
    return failed(grant.key, at, { code: 'GUARD_ORCHESTRATOR_UNSUPPORTED', text: problem.text, retryable: false });
  }

  #begin(intent: Intent, key: string, leftMs: Ms): Promise<Receipt> {
    const { action } = intent;
    const lock = action.kind === 'scale' ? `scale/${action.group}` : action.agentId;
    const work = this.#parts.locks
      .run(lock, () => this.#perform(intent, key, leftMs))
      .catch((error: unknown) => failedBy(key, this.#parts.clock.now(), error))
      .finally(() => this.#running.delete(key));
    this.#running.set(key, work);
    return work;
  }

  async #perform(intent: Intent, key: string, leftMs: Ms): Promise<Receipt> {
    const { clock, intents, roster } = this.#parts;
    const { action } = intent;
    const done = intents.reconcile({ ...intent, key });
    if (done.result === 'succeeded') return done;
    const stale = intents.staleness(intent);
    if (stale !== undefined) return { key, at: clock.now(), result: 'superseded', text: stale };
    const hurry = AbortSignal.any([this.#parts.hurry, clock.timeout(Math.max(0, leftMs - reserveMs))]);
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
    if (how.wipe) await this.#parts.keeper.wipe(old);
  }

  async #retire(action: Extract<Action, { kind: 'retire' }>, key: string, hurry: AbortSignal): Promise<Receipt> {
    const { keeper, records, clock, publish } = this.#parts;
    const { agentId, instanceId } = action;
    const record = records.instance(agentId, instanceId);
    const entry = records.get(agentId);
    const rest = entry.instances.filter((other) => other !== record);
    const heir = [...rest].sort((a, b) => b.generation - a.generation)[0];
    if (!record || !heir) return { key, at: clock.now(), result: 'superseded', text: 'It is the only instance now.' };
    await keeper.end(agentId, record, action.graceMs, hurry);
    await keeper.wipe(record);
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
    await this.#parts.keeper.start(spec, { birth, restore: false, beside: [], becomesCurrent: true });
  }

  async #removeReplica(agentId: AgentId): Promise<void> {
    const { keeper, records, roster, publish, scaleGraceMs } = this.#parts;
    for (const record of records.get(agentId).instances) {
      await keeper.end(agentId, record, scaleGraceMs, this.#parts.hurry);
      await keeper.wipe(record);
    }
    await records.forget(agentId);
    roster.remove(agentId);
    publish({ type: 'removed', agentId });
  }

  #succeeded(key: string, record: ProcessRecord): Receipt {
    return { key, at: record.startedAt ?? this.#parts.clock.now(), result: 'succeeded', instance: instanceOf(record) };
  }
}

/** What the work gives, or the other receipt when the signal aborts first. The work goes on. */
async function unlessAborted(
  work: Promise<Receipt> | Receipt,
  signal: AbortSignal,
  otherwise: Receipt,
): Promise<Receipt> {
  let onAbort = (): void => undefined;
  const aborted = new Promise<Receipt>((resolve) => {
    onAbort = () => resolve(otherwise);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort);
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
