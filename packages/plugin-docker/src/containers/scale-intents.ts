import { failed } from '@praetorian-guard/core/kit';
import type { Action, AgentId, Decision, Intent, JsonObject, Receipt } from '@praetorian-guard/core/plugin';
import { admit, type IntentsParts, refuse } from './intent-parts.ts';
import type { Member } from './member.ts';
import { compose, type Labels, own } from './naming.ts';
import { copyCollisions } from './recipe-beside.ts';
import type { Roster } from './roster.ts';
import { removalObjection } from './scale-in.ts';

type ScaleAction = Extract<Action, { kind: 'scale' }>;

/** A container to come. */
export interface Added {
  readonly agentId: AgentId;
  readonly name: string;
  readonly labels: Labels;
}

/** State before a group is scaled. */
export interface ScaleBefore {
  /** Of the action. */
  readonly key: string;
  readonly replicas: number;
  /** The container of which the new ones are copies. */
  readonly template: string;
  readonly add: readonly Added[];
  readonly remove: readonly AgentId[];
}

const replicasMax = 1_000;

export async function prepareScale(parts: IntentsParts, action: ScaleAction, key: string): Promise<Decision<Intent>> {
  const { roster, idPrefix } = parts;
  const { group, replicas } = action;
  const members = roster.members(group).toSorted(byNumber);
  const template = roster.current(members.at(-1) ?? '');
  if (!template) return refuse(`There is no group ${group} of containers.`, 'Start one container of it by hand.');
  if (roster.isReplacing(group))
    return refuse(`A container of ${group} is being replaced, so that they cannot be counted now.`, 'Try again later.');
  if (!Number.isInteger(replicas) || replicas < 0 || replicas > replicasMax)
    return refuse(`${replicas} is not a number of replicas from 0 to ${replicasMax}.`);
  if (replicas === 0)
    return refuse('With its last container the group would be forgotten.', 'Stop the containers by hand.');
  const clashes = replicas > members.length ? clashesOf(template, membersOf(roster, members)) : [];
  if (clashes.length > 0) {
    const text = `A copy of ${template.name} cannot run beside it: ${clashes.join(', ')}.`;
    const remedy = 'Publish a range of ports, leave addresses to the engine';
    return refuse(text, `${remedy}, and start a second container by hand if they share a volume.`);
  }
  const before: ScaleBefore = {
    key,
    replicas: members.length,
    template: template.facts.Id,
    add: added({ roster, idPrefix, labels: template.facts.Config.Labels }, action, members.length),
    remove: members.slice(replicas),
  };
  const objection = await removalObjection(parts, membersOf(roster, before.remove));
  if (objection) return refuse(objection.text, objection.remedy);
  return admit(key, action, before.remove, before);
}

function membersOf(roster: Roster, agentIds: readonly AgentId[]): readonly Member[] {
  return agentIds.flatMap((agentId) => roster.containers(agentId));
}

function clashesOf({ facts, agentId }: Member, group: readonly Member[]): readonly string[] {
  const others = group.filter((other) => other.agentId !== agentId);
  return copyCollisions(
    facts,
    others.map((other) => other.facts),
  );
}

/** New members get the next free numbers, in the style of their group. */
function added(
  { roster, idPrefix, labels }: { roster: Roster; idPrefix: string; labels: Labels },
  { group, replicas }: ScaleAction,
  count: number,
): readonly Added[] {
  // The name of a group may bear the prefix already, namely where it is the name of its first container.
  const base = group.startsWith(idPrefix) ? group.slice(idPrefix.length) : group;
  const list: Added[] = [];
  const { [compose.project]: project, [compose.service]: service } = labels;
  for (let number = 1; list.length < replicas - count; number += 1) {
    const agentId = `${idPrefix}${base}.${number}`;
    if (roster.isAgent(agentId)) continue;
    const composed = project !== undefined && service !== undefined;
    const name = composed ? `${project}-${service}-${number}` : `${base}.${number}`.replaceAll(/[^A-Za-z0-9_.-]/g, '-');
    list.push({ agentId, name, labels: composed ? { [compose.number]: `${number}` } : {} });
  }
  return list;
}

/** `web.10` comes after `web.9`. */
function byNumber(a: AgentId, b: AgentId): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

/**
 * Why the group cannot be scaled as it was planned any more. Those that stay have to be as many as they were; of those that
 * come and go some may have done so already, by the same action.
 */
export async function scaleStaleness(
  parts: IntentsParts,
  { group }: ScaleAction,
  { key, replicas, add, remove }: ScaleBefore,
): Promise<string | undefined> {
  const { roster, book } = parts;
  const members = roster.members(group);
  if (roster.isReplacing(group)) return `A container of ${group} is being replaced.`;
  const isOurs = (agentId: AgentId): boolean =>
    roster.current(agentId)?.facts.Config.Labels[own.key] === scaleKey(key, agentId);
  const stranger = add.find(({ agentId }) => roster.isAgent(agentId) && !isOurs(agentId));
  if (stranger) return `There is another ${stranger.agentId} now.`;
  const passing = new Set([...remove, ...add.map(({ agentId }) => agentId)]);
  const staying = members.filter((agentId) => !passing.has(agentId)).length;
  if (staying !== replicas - remove.length) return `The group has ${members.length} containers now, not ${replicas}.`;
  const untouched = remove.filter((agentId) => book.get(agentId).endedBy !== key);
  return (await removalObjection(parts, membersOf(roster, untouched)))?.text;
}

/** The key of the part of an action that adds one member. */
export function scaleKey(key: string, agentId: AgentId): string {
  return `${key}/${agentId}`;
}

export function reconcileScale({ roster, clock }: IntentsParts, { action, key }: Intent, before: ScaleBefore): Receipt {
  const { group, replicas } = action as ScaleAction;
  const members = roster.members(group);
  const gone = before.remove.every((agentId) => !roster.isAgent(agentId));
  const there = before.add.every(({ agentId }) => roster.current(agentId)?.facts.State.Running === true);
  const at = clock.now();
  if (members.length === replicas && gone && there)
    return { key, at, result: 'succeeded', reconciled: true, data: { replicas } satisfies JsonObject };
  const text = `The group has ${members.length} containers, not ${replicas}.`;
  return failed(key, at, { code: 'GUARD_ORCHESTRATOR_FAILED', text, retryable: true });
}
