import {
  type Action,
  type AgentId,
  type Clock,
  type ConfigOverride,
  type Decision,
  type Instance,
  type Intent,
  type JsonObject,
  type Reason,
  type Receipt,
} from '@praetorian-guard/core/plugin';
import { failed } from '@praetorian-guard/core/kit';
import type { Birth } from './keeper.ts';
import type { ProcessIdentity, ProcessTable } from './process-table.ts';
import { instanceOf, type ProcessRecord, type RecordBook } from './records.ts';
import type { Roster } from './roster.ts';

/** State before an action on one instance; the key of the process to come makes it findable after a crash. */
export interface InstanceBefore {
  readonly instanceId: string;
  readonly identity?: ProcessIdentity;
  readonly birth?: Birth;
}

/** State before a group is scaled. */
export interface ScaleBefore {
  readonly replicas: number;
  readonly add: readonly { readonly agentId: string; readonly index: number; readonly birth: Birth }[];
  readonly remove: readonly string[];
}

type InstanceAction = Extract<Action, { instanceId: string }>;
type ScaleAction = Extract<Action, { kind: 'scale' }>;

const replacing = new Set<Action['kind']>(['restart', 'recreate', 'respawn']);

/** Admits actions and proves afterwards whether they happened. Changes nothing. */
export class Intents {
  readonly #records: RecordBook;
  readonly #roster: Roster;
  readonly #table: ProcessTable;
  readonly #clock: Clock;
  readonly #newKey: () => string;

  constructor(parts: { records: RecordBook; roster: Roster; table: ProcessTable; clock: Clock; newKey: () => string }) {
    this.#records = parts.records;
    this.#roster = parts.roster;
    this.#table = parts.table;
    this.#clock = parts.clock;
    this.#newKey = parts.newKey;
  }

  prepare(action: Action, key: string): Decision<Intent> {
    if (action.kind === 'scale') return this.#prepareScale(action, key);
    if (replacing.has(action.kind) || action.kind === 'retire') return this.#prepareInstance(action, key);
    return refuse(`The orchestrator for processes cannot ${action.kind}.`, 'Choose another strategy or orchestrator.');
  }

  /** Whether the effect holds now. */
  reconcile(intent: Intent): Receipt {
    const { action, before, key } = intent;
    if (action.kind === 'retire') return this.#reconcileRetire(action, key);
    if (Object.keys(before).length === 0) return this.#notDone(key, 'It was never admitted.');
    if (action.kind === 'scale') return this.#reconcileScale(action, before as unknown as ScaleBefore, key);
    const { birth } = before as unknown as InstanceBefore;
    return birth ? this.#reconcileBirth(action.agentId, birth, key) : this.#notDone(key, 'It was never admitted.');
  }

  /** Why the action no longer fits what is there, or `undefined`. */
  staleness(intent: Intent): string | undefined {
    const { action, before: state } = intent;
    if (action.kind === 'scale') return this.#scaleStaleness(action.group, state as unknown as ScaleBefore);
    const record = this.#records.instance(action.agentId, action.instanceId);
    if (!record) return `Instance ${action.instanceId} is gone.`;
    if (!isSame(record.identity, (state as unknown as InstanceBefore).identity)) {
      return `Instance ${action.instanceId} is another process now.`;
    }
    return undefined;
  }

  /** Whoever lives on as the agent when the instance is retired; nobody when no other of its instances runs. */
  heir(agentId: AgentId, instanceId: string): ProcessRecord | undefined {
    return this.#records
      .get(agentId)
      .instances.filter((other) => other.instanceId !== instanceId && other.phase === 'running')
      .filter(({ identity }) => identity !== undefined && this.#table.isAlive(identity))
      .sort((a, b) => b.generation - a.generation)[0];
  }

  #scaleStaleness(group: string, { replicas: expected }: ScaleBefore): string | undefined {
    const replicas = this.#roster.replicas(group)?.length ?? 0;
    return replicas === expected ? undefined : `The group has ${replicas} replicas now, not ${expected}.`;
  }

  #prepareInstance(action: InstanceAction, key: string): Decision<Intent> {
    const { agentId, instanceId } = action;
    const spec = this.#roster.spec(agentId);
    if (!spec)
      return refuse(`No process is run for agent ${agentId}.`, 'Add it to the `agents` or `groups` of the plugin.');
    const entry = this.#records.get(agentId);
    const record = this.#records.instance(agentId, instanceId);
    if (action.kind === 'retire') return this.#prepareRetire(action, record, key);
    // Any instance that lives, not only the one the inventory shows: after a respawn beside the engine moves on first.
    if (!record)
      return refuse(`Agent ${agentId} has no instance ${instanceId}; its current one is ${entry.currentId ?? 'none'}.`);
    const problem = action.kind === 'respawn' ? overrideProblem(action.override) : undefined;
    if (problem) return refuse(problem.text, problem.remedy);
    const wanted = action.kind === 'respawn' ? action.generation : 0;
    const birth = this.#birth(agentId, Math.max(entry.lastGeneration + 1, wanted));
    return admit(key, action, [agentId], before(record, birth));
  }

  #prepareRetire(action: InstanceAction, record: ProcessRecord | undefined, key: string): Decision<Intent> {
    const { agentId, instanceId } = action;
    if (!record) {
      // An in-place respawn has ended the old instance already; to retire it again is no mistake.
      if (this.#wasOurs(agentId, instanceId)) return admit(key, action, [agentId], { instanceId });
      return refuse(`Agent ${agentId} has no instance ${instanceId}.`);
    }
    if (!this.heir(agentId, instanceId)) {
      return refuse(
        `No other instance of ${agentId} runs beside ${instanceId}.`,
        'Respawn beside it first, or scale the group in.',
      );
    }
    return admit(key, action, [agentId], before(record));
  }

  #prepareScale(action: ScaleAction, key: string): Decision<Intent> {
    const { group, replicas } = action;
    const members = this.#roster.replicas(group);
    if (!members)
      return refuse(`There is no group ${group} of replicas.`, 'Describe it in the `groups` of the plugin.');
    if (!Number.isInteger(replicas) || replicas < 0 || replicas > 1_000)
      return refuse(`${replicas} is not a number of replicas from 0 to 1000.`);
    const add = [];
    for (let index = 1; index <= replicas; index += 1) {
      const agentId = `${group}.${index}`;
      // One that is a member and was never started is what an earlier scaling out has failed at.
      if (this.#records.current(agentId)) continue;
      add.push({ agentId, index, birth: this.#birth(agentId, this.#records.get(agentId).lastGeneration + 1) });
    }
    const remove = members.slice(replicas);
    // Replicas to come are nobody yet: only those that go are touched.
    return admit(key, action, remove, {
      replicas: members.length,
      add,
      remove,
    } satisfies ScaleBefore as unknown as JsonObject);
  }

  #birth(agentId: string, generation: number): Birth {
    return { instanceId: `${agentId}~${generation}`, generation, key: this.#newKey() };
  }

  #wasOurs(agentId: string, instanceId: string): boolean {
    const generation = Number(instanceId.slice(agentId.length + 1));
    const ours = instanceId === `${agentId}~${generation}` && Number.isInteger(generation) && generation >= 1;
    return ours && generation <= this.#records.get(agentId).lastGeneration;
  }

  #reconcileBirth(agentId: AgentId, birth: Birth, key: string): Receipt {
    const record = this.#records.instance(agentId, birth.instanceId);
    if (record?.key === birth.key && record.identity) {
      if (this.#table.isAlive(record.identity)) return this.#done(key, instanceOf(record));
      return this.#notDone(key, `Instance ${birth.instanceId} was started and has ended since.`);
    }
    if (record?.phase === 'spawning' && !this.#table.findsByKey) {
      const text = 'The guard ended while it started the process, and this system cannot find a process by its key.';
      return { key, at: this.#clock.now(), result: 'ambiguous', text };
    }
    return this.#notDone(key, 'No process carries the key of the action.');
  }

  /**
   * Dead is not retired: what it left behind is still there, and it may still be shown as the agent. That there is no such
   * instance is enough, also when the intent was never admitted.
   */
  #reconcileRetire({ agentId, instanceId }: InstanceAction, key: string): Receipt {
    const record = this.#records.instance(agentId, instanceId);
    return record ? this.#notDone(key, `Instance ${instanceId} is still there.`) : this.#done(key);
  }

  #reconcileScale(action: ScaleAction, { remove }: ScaleBefore, key: string): Receipt {
    const members = this.#roster.replicas(action.group) ?? [];
    const gone = remove.every((agentId) => this.#records.get(agentId).instances.length === 0);
    const there = members.every((agentId) => this.#records.current(agentId) !== undefined);
    if (members.length === action.replicas && gone && there) return this.#done(key);
    return this.#notDone(key, `The group has ${members.length} replicas, not ${action.replicas}.`);
  }

  #done(key: string, instance?: Instance): Receipt {
    return { key, at: this.#clock.now(), result: 'succeeded', reconciled: true, ...(instance ? { instance } : {}) };
  }

  #notDone(key: string, text: string): Receipt {
    return failed(key, this.#clock.now(), { code: 'GUARD_ORCHESTRATOR_FAILED', text, retryable: true });
  }
}

/** What of an override cannot be given to a process. */
export function overrideProblem(override: ConfigOverride | undefined): { text: string; remedy: string } | undefined {
  if (override?.image === undefined) return undefined;
  return {
    text: `A process has no image, so ${override.image} cannot be used.`,
    remedy: 'Override `command` instead.',
  };
}

function before(record: ProcessRecord, birth?: Birth): JsonObject {
  const { instanceId, identity } = record;
  return { instanceId, ...(identity ? { identity: { ...identity } } : {}), ...(birth ? { birth: { ...birth } } : {}) };
}

function isSame(a: ProcessIdentity | undefined, b: ProcessIdentity | undefined): boolean {
  return a?.pid === b?.pid && a?.startTime === b?.startTime;
}

function admit(key: string, action: Action, affects: readonly string[], state: JsonObject): Decision<Intent> {
  const reason: Reason = { code: 'proceed', text: 'The orchestrator admits the action.' };
  return { act: true, value: { key, action, affects, before: state }, reason };
}

function refuse(text: string, remedy?: string): Decision<never> {
  return { act: false, reason: { code: 'orchestrator-refused', text, ...(remedy === undefined ? {} : { remedy }) } };
}
