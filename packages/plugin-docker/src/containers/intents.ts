import { failed } from '@praetorian-guard/core/kit';
import { type Action, type AgentId, type Decision, type Intent, type Receipt } from '@praetorian-guard/core/plugin';
import type { ContainerFacts, Engine } from '../engine/engine.ts';
import type { Book, Kept } from './book.ts';
import { instanceOf, type Member } from './member.ts';
import { own } from './naming.ts';
import { collisions } from './recipe-beside.ts';
import { isApart } from './recipe-network.ts';
import { admit, type ContainerBefore, type IntentsParts, refuse } from './intent-parts.ts';
import { prepareScale, reconcileScale, type ScaleBefore } from './scale-intents.ts';

export type InstanceAction = Extract<Action, { instanceId: string }>;

const can: readonly Action['kind'][] = ['restart', 'recreate', 'respawn', 'retire', 'isolate', 'reinstate', 'scale'];

/** Admits actions and proves afterwards whether they happened. Changes nothing. */
export class Intents {
  readonly #parts: IntentsParts;

  constructor(parts: IntentsParts) {
    this.#parts = parts;
  }

  async prepare(action: Action, key: string): Promise<Decision<Intent>> {
    if (!can.includes(action.kind))
      return refuse(`Docker cannot ${action.kind}.`, 'Choose another strategy or orchestrator.');
    if (action.kind === 'scale') return prepareScale(this.#parts.roster, action, key);
    return this.#prepareInstance(action, key);
  }

  async #prepareInstance(action: InstanceAction, key: string): Promise<Decision<Intent>> {
    const { engine, roster, book } = this.#parts;
    const { agentId, instanceId } = action;
    if (!roster.isAgent(agentId)) {
      return refuse(
        `No container of this engine is the agent ${agentId}.`,
        'Check the labels of the container and `select`.',
      );
    }
    const member = roster.instance(agentId, instanceId);
    // An in-place respawn has ended the old instance already; to retire it again is no mistake.
    if (!member && action.kind === 'retire' && isFormer(book, agentId, instanceId))
      return admit(key, action, [agentId], { containerId: '', name: '', startedAt: '', running: false });
    const facts = member && (await engine.container(member.facts.Id));
    if (!member || !facts) {
      const current = roster.current(agentId)?.instanceId ?? 'none';
      return refuse(`Agent ${agentId} has no instance ${instanceId}; its current one is ${current}.`);
    }
    const objection = this.#objection(action, member, facts);
    if (objection) return refuse(objection.text, objection.remedy);
    return this.#admitted(action, key, member, facts);
  }

  #admitted(action: InstanceAction, key: string, member: Member, facts: ContainerFacts): Decision<Intent> {
    const { roster, book } = this.#parts;
    const { agentId } = action;
    const touched = ['restart', 'recreate', 'respawn'].includes(action.kind) ? roster.sharersOf(facts.Id) : [];
    const sharers = touched.map((sharer) => ({
      agentId: sharer.agentId,
      containerId: sharer.facts.Id,
      startedAt: sharer.facts.State.StartedAt,
    }));
    const wanted = action.kind === 'respawn' ? action.generation : 0;
    const replaces = action.kind === 'recreate' || action.kind === 'respawn';
    const before: ContainerBefore = {
      containerId: facts.Id,
      name: member.name,
      startedAt: facts.State.StartedAt,
      running: facts.State.Running,
      ...(replaces ? { generation: Math.max(book.get(agentId).lastGeneration + 1, wanted) } : {}),
      ...(action.kind === 'respawn' ? modeOf(action.mode, facts) : {}),
      ...(sharers.length > 0 ? { sharers } : {}),
    };
    const affects = [agentId, ...sharers.map((sharer) => sharer.agentId)];
    return admit(key, action, [...new Set(affects)], before);
  }

  #objection(
    action: InstanceAction,
    member: Member,
    facts: ContainerFacts,
  ): { text: string; remedy?: string } | undefined {
    const { kind, agentId } = action;
    if (facts.State.Paused && kind !== 'retire')
      return { text: `The container of ${agentId} is paused.`, remedy: 'Unpause it by hand, or resolve the incident.' };
    const { roster, book } = this.#parts;
    // With the one it replaced still kept it can go: the old one comes back.
    if (kind === 'retire' && roster.containers(agentId).length < 2 && !keptFor(book, agentId, facts.Id)) {
      const text = `Instance ${member.instanceId} is the only one of ${agentId}.`;
      return { text, remedy: 'Respawn beside it first, or scale the group in.' };
    }
    const mode = facts.HostConfig.NetworkMode ?? '';
    if (kind === 'isolate' && isApart(mode)) {
      const text = `The container of ${agentId} has no network of its own (${mode}) that it could leave.`;
      return { text, remedy: 'Stop it by hand if it must not be reached.' };
    }
    return undefined;
  }

  /** Why the action no longer fits what is there, or `undefined`. */
  async staleness({ action, before }: Intent): Promise<string | undefined> {
    if (action.kind === 'scale') return undefined;
    const { containerId, startedAt } = before as unknown as ContainerBefore;
    if (containerId === '') return undefined;
    const facts = await this.#parts.engine.container(containerId);
    if (!facts) return `Container ${containerId.slice(0, 12)} is gone.`;
    if (facts.State.StartedAt === startedAt) return undefined;
    return `Container ${containerId.slice(0, 12)} was started anew at ${facts.State.StartedAt}.`;
  }

  /** Whether the effect holds now. */
  async reconcile(intent: Intent): Promise<Receipt> {
    const { action, key } = intent;
    const before = intent.before as unknown as ContainerBefore;
    switch (action.kind) {
      case 'scale':
        return reconcileScale(this.#parts, intent, intent.before as unknown as ScaleBefore);
      case 'restart':
        return this.#reconcileRestart(key, action.agentId, before);
      case 'recreate':
      case 'respawn':
        return this.#reconcileMade(key, action.agentId, before);
      case 'retire':
        return this.#reconcileRetired(key, action.agentId, before);
      default:
        return this.#reconcileNetworks(key, action, before);
    }
  }

  async #reconcileRestart(
    key: string,
    agentId: AgentId,
    { containerId, startedAt, sharers = [] }: ContainerBefore,
  ): Promise<Receipt> {
    const { engine } = this.#parts;
    const facts = await engine.container(containerId);
    if (!facts?.State.Running || facts.State.StartedAt === startedAt)
      return this.#notDone(key, 'It was not started anew.');
    for (const sharer of sharers) {
      const other = await engine.container(sharer.containerId);
      if (other?.State.StartedAt === sharer.startedAt)
        return this.#notDone(key, `${sharer.agentId}, which lives in its network, was not started anew.`);
    }
    return this.#done(key, agentId, facts);
  }

  /** The container that carries the key of the action, and whether the one it replaces is out of its way. */
  async #reconcileMade(key: string, agentId: AgentId, before: ContainerBefore): Promise<Receipt> {
    const { engine } = this.#parts;
    const made = await containerOfKey(engine, key);
    if (!made?.State.Running) return this.#notDone(key, 'No running container carries the key of the action.');
    if (before.mode !== 'beside') {
      const old = await engine.container(before.containerId);
      if (old?.State.Running) return this.#notDone(key, 'The container that is to be replaced still runs.');
    }
    return this.#done(key, agentId, made);
  }

  async #reconcileRetired(key: string, agentId: AgentId, { containerId }: ContainerBefore): Promise<Receipt> {
    const facts = containerId === '' ? undefined : await this.#parts.engine.container(containerId);
    if (facts) return this.#notDone(key, `Container ${containerId.slice(0, 12)} is still there.`);
    return this.#done(key, agentId, undefined);
  }

  async #reconcileNetworks(key: string, action: Action, { containerId }: ContainerBefore): Promise<Receipt> {
    const facts = await this.#parts.engine.container(containerId);
    if (!facts) return this.#notDone(key, `Container ${containerId.slice(0, 12)} is gone.`);
    const attached = Object.keys(facts.NetworkSettings.Networks).filter((name) => name !== 'none');
    const isolated = 'agentId' in action && this.#parts.book.get(action.agentId).isolated?.containerId === containerId;
    const agentId = 'agentId' in action ? action.agentId : '';
    if (action.kind === 'isolate') {
      return isolated && attached.length === 0
        ? this.#done(key, agentId, undefined)
        : this.#notDone(key, `It is still in ${attached.join(', ')}.`);
    }
    return isolated ? this.#notDone(key, 'It is still isolated.') : this.#done(key, agentId, undefined);
  }

  #done(key: string, agentId: AgentId, facts: ContainerFacts | undefined): Receipt {
    const at = this.#parts.clock.now();
    const member = facts && (this.#parts.roster.member(facts.Id) ?? this.#parts.roster.take(facts));
    const instance = member?.agentId === agentId ? { instance: instanceOf(member, this.#parts.roster.reach) } : {};
    return { key, at, result: 'succeeded', reconciled: true, ...instance };
  }

  #notDone(key: string, text: string): Receipt {
    return failed(key, this.#parts.clock.now(), { code: 'GUARD_ORCHESTRATOR_FAILED', text, retryable: true });
  }
}

/** The container that an action has made, running or not. */
export async function containerOfKey(engine: Engine, key: string): Promise<ContainerFacts | undefined> {
  const [found] = await engine.containers({ label: [`${own.key}=${key}`] });
  return found && engine.container(found.Id);
}

function modeOf(
  wanted: 'beside' | 'in-place',
  facts: ContainerFacts,
): Pick<ContainerBefore, 'mode' | 'inPlaceBecause'> {
  const why = wanted === 'beside' ? collisions(facts) : [];
  return why.length > 0 ? { mode: 'in-place', inPlaceBecause: why.join(', ') } : { mode: wanted };
}

/** The container that another one replaced, while it is kept. */
export function keptFor(book: Book, agentId: AgentId, by: string): Kept | undefined {
  return book.get(agentId).kept?.find((one) => one.by === by);
}

/** Whether it names an instance of the agent that there was. */
function isFormer(book: Book, agentId: AgentId, instanceId: string): boolean {
  const entry = book.get(agentId);
  const short = instanceId.slice(agentId.length + 1);
  if (!instanceId.startsWith(`${agentId}~`)) return false;
  return Object.entries(entry.generations).some(
    ([id, generation]) => id.startsWith(short) || `${generation}` === short,
  );
}
