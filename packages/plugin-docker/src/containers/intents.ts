import type { Action, Decision, Intent } from '@praetorian-guard/core/plugin';
import type { ContainerFacts } from '../engine/engine.ts';
import { afterwards, heirOf, isFormer, isSucceededByDead } from './heirs.ts';
import {
  admit,
  type Companion,
  type ContainerBefore,
  type InstanceAction,
  type IntentsParts,
  refuse,
} from './intent-parts.ts';
import { type Member, runs } from './member.ts';
import { collisions } from './recipe-beside.ts';
import { isApart } from './recipe-network.ts';
import { prepareScale, type ScaleBefore, scaleStaleness } from './scale-intents.ts';
import { inWords, networkSharers, type Sharer, sharers } from './sharing.ts';
import { spacesOf } from './spaces.ts';

const can: readonly Action['kind'][] = ['restart', 'recreate', 'respawn', 'retire', 'isolate', 'reinstate', 'scale'];

interface Objection {
  readonly text: string;
  readonly remedy?: string;
}

/** Admits actions, and says later whether they still fit. Changes nothing. */
export class Intents {
  readonly #parts: IntentsParts;

  constructor(parts: IntentsParts) {
    this.#parts = parts;
  }

  async prepare(action: Action, key: string): Promise<Decision<Intent>> {
    if (!can.includes(action.kind))
      return refuse(`Docker cannot ${action.kind}.`, 'Choose another strategy or orchestrator.');
    if (action.kind === 'scale') return prepareScale(this.#parts, action, key);
    return this.#prepareInstance(action, key);
  }

  /** Why the action no longer fits what is there, or `undefined`. */
  async staleness({ action, before }: Intent): Promise<string | undefined> {
    if (action.kind === 'scale') return scaleStaleness(this.#parts, action, before as unknown as ScaleBefore);
    if (action.kind === 'retire') return undefined;
    const { containerId, startedAt, running } = before as unknown as ContainerBefore;
    const short = containerId.slice(0, 12);
    const facts = await this.#parts.engine.container(containerId);
    if (!facts) return `Container ${short} is gone.`;
    if (facts.State.StartedAt !== startedAt) return `Container ${short} was started anew at ${facts.State.StartedAt}.`;
    if (action.kind === 'isolate' || action.kind === 'reinstate') return undefined;
    // That it has ended may be all that speaks against it.
    if (!running && runs(facts)) return `Container ${short} has not ended: it runs since ${startedAt}.`;
    return this.#takenInHand(facts, running);
  }

  /** What a person has done to a container meanwhile. `ran`: it did when the action was admitted. */
  #takenInHand({ Id: id, State }: ContainerFacts, ran: boolean): string | undefined {
    const short = id.slice(0, 12);
    if (State.Paused) return `Container ${short} was paused by hand meanwhile.`;
    const { leaving, ending } = this.#parts.roster.member(id) ?? {};
    if (leaving) return `Somebody is stopping container ${short} by hand.`;
    return ran && ending?.kind === 'left' ? `Container ${short} has ended meanwhile: ${ending.detail}.` : undefined;
  }

  async #prepareInstance(action: InstanceAction, key: string): Promise<Decision<Intent>> {
    const { roster, book } = this.#parts;
    const { agentId, instanceId } = action;
    if (!roster.isAgent(agentId)) {
      const text = `No container of this engine is the agent ${agentId}.`;
      return refuse(text, 'Check the labels of the container and `select`.');
    }
    const member = roster.instance(agentId, instanceId);
    // An in-place respawn has ended the old instance already; to retire it again is no mistake.
    if (!member && action.kind === 'retire' && isFormer(book, agentId, instanceId))
      return this.#admittedGone(key, action);
    const [facts, living] = await Promise.all([
      member && this.#factsOf(member),
      member ? this.#sharersOf(action, member) : [],
    ]);
    if (!member || !facts) {
      const current = roster.current(agentId)?.instanceId ?? 'none';
      return refuse(`Agent ${agentId} has no instance ${instanceId}; its current one is ${current}.`);
    }
    const objection = this.#objection(action, member, facts) ?? this.#sharerObjection(action, facts, living);
    if (objection) return refuse(objection.text, objection.remedy);
    return this.#admitted(action, key, member, facts);
  }

  /** The container is gone, and with it what it would have left to do: who is left may not bear the agent's name yet. */
  #admittedGone(key: string, action: InstanceAction): Decision<Intent> {
    const { agentId } = action;
    const heir = heirOf(this.#parts.roster.containers(agentId), '');
    const before: ContainerBefore = {
      containerId: '',
      name: heir?.name ?? '',
      startedAt: '',
      running: false,
      ...(heir ? { heir: heir.facts.Id } : {}),
    };
    return admit(key, action, [agentId], before);
  }

  async #admitted(
    action: InstanceAction,
    key: string,
    member: Member,
    facts: ContainerFacts,
  ): Promise<Decision<Intent>> {
    const { book } = this.#parts;
    const { agentId } = action;
    const companions = this.#companions(action, facts.Id);
    const wanted = action.kind === 'respawn' ? action.generation : 0;
    const replaces = action.kind === 'recreate' || action.kind === 'respawn';
    const before: ContainerBefore = {
      containerId: facts.Id,
      name: member.name,
      group: member.group,
      startedAt: facts.State.StartedAt,
      running: facts.State.Running,
      ...(replaces ? { generation: Math.max(book.get(agentId).lastGeneration + 1, wanted) } : {}),
      ...(action.kind === 'respawn' ? modeOf(action.mode, facts) : {}),
      ...(action.kind === 'retire' ? afterwards(this.#parts, agentId, facts.Id) : {}),
      ...(companions.length > 0 ? { sharers: companions } : {}),
    };
    const affects = [agentId, ...companions.map((one) => one.agentId)];
    return admit(key, action, [...new Set(affects)], before);
  }

  #objection(action: InstanceAction, member: Member, facts: ContainerFacts): Objection | undefined {
    const { kind, agentId } = action;
    if (facts.State.Paused && kind !== 'retire')
      return { text: `The container of ${agentId} is paused.`, remedy: 'Unpause it by hand, or resolve the incident.' };
    if (kind === 'retire') return this.#retireObjection(member);
    const mode = facts.HostConfig.NetworkMode ?? '';
    if (kind === 'isolate' && isApart(mode)) {
      const text = `The container of ${agentId} has no network of its own (${mode}) that it could leave.`;
      return { text, remedy: 'Stop it by hand if it must not be reached.' };
    }
    const inPlace =
      kind === 'recreate' || (action.kind === 'respawn' && modeOf(action.mode, facts).mode === 'in-place');
    if (inPlace && facts.HostConfig.AutoRemove === true) {
      const text = `The container of ${agentId} removes itself when it ends (--rm), so it could not come back.`;
      return { text, remedy: 'Run it without --rm.' };
    }
    return undefined;
  }

  #retireObjection({ agentId, instanceId, facts }: Member): Objection | undefined {
    const { heir, back } = afterwards(this.#parts, agentId, facts.Id);
    if (heir === undefined && back === undefined) {
      const text = `Instance ${instanceId} is the only one of ${agentId}.`;
      return { text, remedy: 'Respawn beside it first, or scale the group in.' };
    }
    if (heir === undefined || !isSucceededByDead(this.#parts.roster, facts.Id, heir)) return undefined;
    const text = `The container that has taken the place of ${instanceId} does not run any more.`;
    return { text, remedy: 'Respawn the agent; the old container stays until a new one runs.' };
  }

  /**
   * Of one that has ended what is known is enough: nothing of it changes, and before anything is done it is looked at
   * once more. Just after its end the engine would not answer for a tenth of a second.
   */
  async #factsOf({ facts, ending }: Member): Promise<ContainerFacts | undefined> {
    return ending ? facts : this.#parts.engine.container(facts.Id);
  }

  /** Others live in it: with it they would lose what they share, for good if it is another container afterwards. */
  #sharerObjection(
    { kind, agentId }: InstanceAction,
    facts: ContainerFacts,
    living: readonly Sharer[],
  ): Objection | undefined {
    if (kind !== 'restart') {
      if (living.length === 0) return undefined;
      const text = `${inWords(living)} ${agentId}, and could not follow another container.`;
      return { text, remedy: 'Make them anew together by hand, for example with docker compose up.' };
    }
    const strangers = living.filter(({ id, isRunning }) => isRunning && !this.#parts.roster.member(id));
    if (strangers.length === 0 || !facts.State.Running) return undefined;
    const text = `${inWords(strangers)} ${agentId} and is no agent, so it would be cut off.`;
    return { text, remedy: 'Give it the labels of `select`, too.' };
  }

  /** Agents that live in it and feel what is done to it. One that has ended, by whatever hand, is not to be started along with it. */
  #companions({ kind }: InstanceAction, containerId: string): readonly Companion[] {
    return this.#parts.roster.all().flatMap(({ agentId, facts }) => {
      const spaces = spacesOf(facts, containerId);
      const isOfNetwork = kind === 'isolate' || kind === 'reinstate';
      const isTouched = isOfNetwork ? spaces.includes('network') : spaces.length > 0;
      if (!isTouched || !facts.State.Running || facts.State.Paused) return [];
      const companion = { agentId, containerId: facts.Id, startedAt: facts.State.StartedAt };
      return [spaces.includes('process space') ? { ...companion, ends: true } : companion];
    });
  }

  /**
   * Those that may speak against it, agents or not. Against a restart only who lives in its network and would run on without
   * it; and nobody against starting what has ended.
   */
  async #sharersOf({ kind }: InstanceAction, { facts, ending }: Member): Promise<readonly Sharer[]> {
    if (kind === 'recreate' || kind === 'respawn') return sharers(this.#parts, [facts.Id]);
    return kind === 'restart' && !ending ? networkSharers(this.#parts, [facts.Id]) : [];
  }
}

function modeOf(
  wanted: 'beside' | 'in-place',
  facts: ContainerFacts,
): Pick<ContainerBefore, 'mode' | 'inPlaceBecause'> {
  const why = wanted === 'beside' ? collisions(facts) : [];
  return why.length > 0 ? { mode: 'in-place', inPlaceBecause: why.join(', ') } : { mode: wanted };
}
