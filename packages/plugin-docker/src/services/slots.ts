import type { EpochMs, InstanceState, Ms } from '@praetorian-guard/core/plugin';
import { own } from '../containers/naming.ts';
import {
  ageOf,
  byAge,
  conditionOf,
  delayOf,
  isGlobal,
  isJob,
  labelsOf,
  type ServiceFacts,
  type TaskFacts,
} from './swarm-facts.ts';

/** What was known of a slot when it was looked at last. */
export interface SlotMemory {
  readonly task: TaskFacts;
  /** Since when the task does not run. */
  readonly downSince?: EpochMs;
}

/** A place of a service: a slot, or a node. */
export interface Slot {
  /** Number of the slot, or id of the node. */
  readonly name: string;
  /** Oldest first; Swarm keeps the last few. */
  readonly tasks: readonly TaskFacts[];
}

/** A slot, judged. */
export interface SlotView extends Slot {
  /** The instance: the newest task that runs, or else the one that ran before, until another runs. */
  readonly current: TaskFacts;
  readonly state: InstanceState;
  readonly downSince?: EpochMs;
  /** How the current task came to an end that nothing makes good. */
  readonly ending?: Ending;
  /** Swarm may bring it back by itself, or its node is only lost from sight. */
  readonly mayRun?: true;
  /** What Swarm says of a successor that does not come. */
  readonly obstacle?: string;
}

export type Ending = 'failed' | 'done' | 'unplaced';

export interface JudgeFacts {
  readonly service: ServiceFacts;
  readonly now: EpochMs;
  readonly graceMs: Ms;
  /** Containers that somebody has paused, as far as the engine's own node goes. */
  readonly paused: ReadonlySet<string>;
  /** Whether the node is lost from sight. */
  isDown(nodeId: string): boolean;
  readonly memory?: SlotMemory;
}

const over = new Set(['complete', 'shutdown', 'failed', 'rejected', 'remove', 'orphaned']);
const byItself = new Set(['complete', 'failed', 'rejected']);
/** On a node and on its way; before these Swarm still looks for a node. */
const onItsWay = new Set(['assigned', 'accepted', 'preparing', 'ready', 'starting']);
const going = new Set(['shutdown', 'remove']);

/** Whether the task has come to its end, whatever was wanted of it. */
export function isOver({ Status: { State } }: TaskFacts): boolean {
  return over.has(State);
}

export function isUp({ Status: { State }, DesiredState }: TaskFacts): boolean {
  return State === 'running' && !going.has(DesiredState);
}

/** Swarm wants it to be there, be it that it still waits for its time or its node. */
export function isWanted(task: TaskFacts): boolean {
  return !isOver(task) && !going.has(task.DesiredState);
}

/** The slots that a service has now: those with a task that is wanted, and as many that ended as are missing. */
export function slotsOf(
  service: ServiceFacts,
  tasks: readonly TaskFacts[],
  isDown: JudgeFacts['isDown'] = () => false,
): readonly Slot[] {
  const { Spec: spec } = service;
  const slots = new Map<string, TaskFacts[]>();
  for (const task of [...tasks].sort(byAge)) {
    const name = isGlobal(spec) ? (task.NodeID ?? '') : String(task.Slot ?? 0);
    // A task that was never placed says nothing of a node.
    if (name === '') continue;
    slots.set(name, [...(slots.get(name) ?? []), task]);
  }
  const all = [...slots].map(([name, ofSlot]): Slot => ({ name, tasks: ofSlot }));
  const live = all.filter((slot) => slot.tasks.some(isWanted));
  const isLeft = (slot: Slot): boolean => endedByItself(slot) || (isGlobal(spec) && isDown(slot.name));
  const ended = all.filter((slot) => !live.includes(slot) && isLeft(slot)).sort(byNumber);
  const missing = isGlobal(spec) || isJob(spec) ? ended.length : replicasOf(service) - live.length;
  return [...live, ...ended.slice(0, Math.max(0, missing))].sort(byNumber);
}

export function replicasOf({ Spec }: ServiceFacts): number {
  return Spec.Mode.Replicated?.Replicas ?? 0;
}

function endedByItself({ tasks }: Slot): boolean {
  const last = tasks.at(-1);
  return last !== undefined && byItself.has(last.Status.State) && last.DesiredState !== 'remove';
}

function byNumber(a: Slot, b: Slot): number {
  return Number(a.name) - Number(b.name) || (a.name < b.name ? -1 : 1);
}

/**
 * Which task is the instance of a slot, and how it is with it. Swarm puts a new task in the place of one that ended after
 * a delay; until that and the grace are over the slot counts as starting, and whoever died is not told as dead.
 */
export function judge(slot: Slot, facts: JudgeFacts): SlotView {
  const { memory } = facts;
  const up = slot.tasks.findLast(isUp);
  if (up) {
    const isPaused = facts.paused.has(up.Status.ContainerStatus?.ContainerID ?? '');
    return { ...slot, current: up, state: isPaused ? 'paused' : 'running' };
  }
  const current = currentOf(slot, memory, facts);
  // It is being stopped, for a new one or for good.
  if (current.Status.State === 'running') return { ...slot, current, state: 'running' };
  const downSince = downSinceOf(current, memory, facts.now);
  const seen = { ...slot, current, downSince };
  const next = slot.tasks.findLast((task) => isWanted(task) && task.ID !== current.ID);
  const coming = [next, current].some(
    (task) => task && isWanted(task) && task.DesiredState !== 'ready' && onItsWay.has(task.Status.State),
  );
  // Its time begins when it has come to nothing; what Swarm tries over and over gets no more time each time.
  const isTriedAgain = slot.tasks.some((task) => isOver(task) && ageOf(task) > ageOf(current));
  if (coming) return { ...seen, state: 'starting', downSince: isTriedAgain ? downSince : facts.now };
  if (!next && isDone(current, facts.service)) return { ...seen, state: 'stopped', ending: 'done' };
  const obstacle = obstacleOf(slot, current);
  if (!next && isOver(current) && isFinal(current)) return { ...seen, ...obstacle, state: 'exited', ending: 'failed' };
  if (facts.now < downSince + delayOf(current.Spec) + facts.graceMs) return { ...seen, state: 'starting' };
  return { ...seen, ...obstacle, state: 'exited', mayRun: true, ending: isOver(current) ? 'failed' : 'unplaced' };
}

/** The one that was it before stays it until another runs, so that what is held against it is not forgotten. */
function currentOf({ tasks }: Slot, memory: SlotMemory | undefined, facts: JudgeFacts): TaskFacts {
  const known = memory ? tasks.find(({ ID }) => ID === memory.task.ID) : tasks.findLast((task) => !isWanted(task));
  if (memory && !known) return vanished(memory.task, 'Swarm does not know it any more');
  const current = (known ?? tasks.at(-1)) as TaskFacts;
  return current.NodeID !== undefined && facts.isDown(current.NodeID) ? vanished(current, 'its node is down') : current;
}

/** It does not run, whatever was heard of it last. */
function vanished(task: TaskFacts, why: string): TaskFacts {
  return isOver(task) ? task : { ...task, Status: { ...task.Status, State: 'orphaned', Err: why } };
}

function downSinceOf(current: TaskFacts, memory: SlotMemory | undefined, now: EpochMs): EpochMs {
  if (memory?.downSince !== undefined && memory.task.ID === current.ID) return memory.downSince;
  // The clocks of nodes differ: whoever was seen to run until now has ended now.
  if (memory) return now;
  const at = Date.parse(current.Status.Timestamp);
  return Number.isFinite(at) ? Math.min(at, now) : now;
}

/** Swarm never starts it again, and that is as it should be. */
function isDone({ Status, Spec }: TaskFacts, service: ServiceFacts): boolean {
  if (Status.State !== 'complete') return false;
  if (isJob(service.Spec)) return true;
  return conditionOf(Spec) !== 'any' && labelsOf(service)[own.lifetime] !== 'service';
}

/** Swarm never starts it again, so there is nothing to wait for. */
function isFinal({ Status, Spec }: TaskFacts): boolean {
  const condition = conditionOf(Spec);
  if (Status.State === 'shutdown' || Status.State === 'orphaned') return false;
  return condition === 'none' || (condition === 'on-failure' && Status.State === 'complete');
}

function obstacleOf({ tasks }: Slot, current: TaskFacts): { readonly obstacle?: string } {
  const last = tasks.at(-1);
  const text = last && last.ID !== current.ID ? last.Status.Err : undefined;
  return text === undefined || text === '' ? {} : { obstacle: text };
}

/** What was wrong with a task, in the words of Swarm. */
export function errorOf({ Status: { Err, State, ContainerStatus } }: TaskFacts): string | undefined {
  if (Err !== undefined && Err !== '') return Err;
  return State === 'complete' ? `it ended with code ${ContainerStatus?.ExitCode ?? 0}` : undefined;
}

/** Whether Swarm replaced a task by itself: the new one is to be what the old one was. */
export function isSameSpec(a: TaskFacts, b: TaskFacts): boolean {
  return JSON.stringify(a.Spec) === JSON.stringify(b.Spec);
}
