import type { AgentId, GroupId, Ms } from '../../model/index.ts';
import type { AgentFault } from '../simulated-fleet.ts';
import type { Dice } from './dice.ts';
import type { FaultSpec, Scenario, SimulatedGroup, SimulatedWindow, Unnumbered } from './scenario.ts';

const minute = 60_000;

/** Every third fleet has groups of one, two and three instead, and in every third groups depend on those before them. */
export function regrouped(dice: Dice, groups: readonly SimulatedGroup[]): readonly SimulatedGroup[] {
  const isSmall = dice.chance(0.35);
  const sized = groups.map((group) => (isSmall ? { ...group, agents: agentsOf(group.id, dice.whole(1, 3)) } : group));
  if (!dice.chance(0.35)) return sized;
  return sized.map((group, at) => {
    const before = sized.slice(0, at).flatMap(({ agents }) => agents);
    return before.length > 0 && dice.chance(0.7) ? { ...group, dependsOn: [dice.of(before)] } : group;
  });
}

export function agentsOf(group: GroupId, size: number): readonly AgentId[] {
  return Array.from({ length: size }, (_, slot) => `${group}.${slot + 1}`);
}

/** Quorum, canaries and windows of maintenance. */
export function drawRules(
  dice: Dice,
  groups: readonly SimulatedGroup[],
): Pick<Scenario, 'quorum' | 'canaries' | 'window'> {
  const quorum = dice.chance(0.2) ? 2 : 1;
  const canaries = dice.chance(0.5);
  const window = dice.chance(0.2) ? drawWindow(dice, groups) : undefined;
  return { quorum, canaries, ...(window ? { window } : {}) };
}

function drawWindow(dice: Dice, groups: readonly SimulatedGroup[]): SimulatedWindow {
  const [everyMin, forMin] = [dice.of([5, 10, 15]), dice.whole(1, 3)];
  return dice.chance(0.5) ? { everyMin, forMin } : { everyMin, forMin, group: dice.of(groups).id };
}

interface Place {
  readonly groups: readonly SimulatedGroup[];
  readonly lastMs: Ms;
}

/** What a guard is put to the test with beside the faults of every day: a few in most runs. */
export function drawTrials(dice: Dice, { groups, lastMs }: Place): readonly Unnumbered[] {
  const count = dice.chance(0.3) ? 0 : dice.whole(1, 4);
  return Array.from({ length: count }, () => drawTrial(dice, groups, dice.whole(20_000, lastMs))).flat();
}

function drawTrial(dice: Dice, groups: readonly SimulatedGroup[], atMs: Ms): readonly Unnumbered[] {
  const group = dice.of(groups);
  const agentId = dice.of(group.agents);
  const forMs = dice.whole(5_000, 3 * minute);
  const kind = dice.weighted({ partition: 4, canaries: 1, 'by-hand': 2, rollout: 2, leak: 1.5, stuck: 1.5, votes: 1 });
  switch (kind) {
    case 'partition':
      return drawPartition(dice, groups, { atMs, forMs });
    case 'canaries':
      return [
        { atMs, kind, forMs },
        { atMs: atMs + dice.whole(0, 10_000), ...sickness(dice, agentId, 'hang') },
      ];
    case 'by-hand': {
      const fault: Unnumbered = { atMs, kind, agentId, how: dice.of(['stopped', 'stopped', 'paused']), forMs };
      // Often somebody stops what the guard has begun to heal.
      const before = { atMs: Math.max(0, atMs - dice.whole(0, 15_000)), ...sickness(dice, agentId, 'hang') };
      return dice.chance(0.5) ? [before, fault] : [fault];
    }
    case 'rollout': {
      const how = dice.of(['in-progress', 'in-progress', 'paused'] as const);
      const fault: Unnumbered = { atMs, kind, group: group.id, how, forMs };
      return [fault, { atMs: atMs + dice.whole(0, 20_000), kind: 'crash', agentId, again: 0 }];
    }
    case 'leak':
      return [{ atMs, ...sickness(dice, agentId, 'leak'), forMs: dice.whole(2 * minute, 9 * minute) }];
    case 'stuck':
      return [{ atMs, ...sickness(dice, agentId, 'stuck') }];
    case 'votes':
      return drawVotes(dice, agentId, atMs);
  }
}

type Sickness = Extract<FaultSpec, { kind: 'suffer' }>;

function sickness(dice: Dice, agentId: AgentId, fault: AgentFault): Sickness {
  const [forMs, survives] = [dice.whole(20_000, 3 * minute), dice.of([0, 0, 1])];
  return { kind: 'suffer', agentId, fault, forMs, survives };
}

/** A group, several groups, everything, or some of a group; on request with the canaries. */
function drawPartition(
  dice: Dice,
  groups: readonly SimulatedGroup[],
  at: { readonly atMs: Ms; readonly forMs: Ms },
): readonly Unnumbered[] {
  const how = dice.weighted({ group: 3, groups: 2, everything: 3, some: 1 });
  const one = dice.of(groups).agents;
  const canaries = dice.chance(how === 'everything' ? 0.5 : 0.2);
  const whom = {
    group: one,
    groups: groups.filter(() => dice.chance(0.6)).flatMap(({ agents }) => agents),
    everything: groups.flatMap(({ agents }) => agents),
    some: one.filter(() => dice.chance(0.7)),
  }[how];
  return whom.length === 0 ? [] : [{ ...at, kind: 'partition', whom, canaries }];
}

/** A severe failure, and persons who decide about it one after another. */
function drawVotes(dice: Dice, agentId: AgentId, atMs: Ms): readonly Unnumbered[] {
  const votes = Array.from({ length: dice.whole(1, 3) }, (): Unnumbered => {
    const act = dice.weighted({ approve: 5, respawn: 2, reject: 0.5 });
    const [pick, ttlMs] = [dice.whole(0, 1_000), minute];
    return { atMs: atMs + dice.whole(5_000, 40_000), kind: 'operator', act, pick, scope: 'agent', ttlMs };
  });
  return [{ atMs, kind: 'crash', agentId, again: dice.whole(1, 3) }, ...votes];
}
