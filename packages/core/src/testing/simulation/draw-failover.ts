import type { Ms } from '../../model/index.ts';
import type { AgentFault } from '../simulated-fleet.ts';
import type { Dice } from './dice.ts';
import type { SimulatedFailover, SimulatedGroup, Unnumbered } from './scenario.ts';

/** In every third fleet a group has a primary whose place its replicas take. */
export function withFailover(dice: Dice, groups: readonly SimulatedGroup[]): readonly SimulatedGroup[] {
  const [pair] = groups.filter(({ agents }) => agents.length > 1);
  if (!pair || !dice.chance(0.35)) return groups;
  const failover: SimulatedFailover = {
    when: dice.of(['after-restart', 'at-once']),
    lagsMs: pair.agents.map(() => dice.of([0, 200, 900, 5_000])),
    lost: dice.of([0, 0, 0, 1, 3, 100]),
    cuts: dice.chance(0.5),
  };
  return groups.map((group) => (group === pair ? { ...group, failover } : group));
}

/** Who leads such a group is what misfortune likes best; sometimes the guard is killed over it. */
export function drawPrimaryFaults(dice: Dice, groups: readonly SimulatedGroup[], lastMs: Ms): readonly Unnumbered[] {
  const pair = groups.find(({ failover }) => failover);
  if (!pair) return [];
  return Array.from({ length: dice.whole(1, 4) }, (): readonly Unnumbered[] => {
    const atMs = dice.whole(20_000, lastMs);
    const [first] = pair.agents;
    const agentId = dice.chance(0.6) && first !== undefined ? first : dice.of(pair.agents);
    const forMs = dice.whole(20_000, 180_000);
    const fault: Unnumbered = dice.chance(0.5)
      ? { atMs, kind: 'crash', agentId, again: dice.of([0, 0, 2]) }
      : {
          atMs,
          kind: 'suffer',
          agentId,
          fault: dice.of<AgentFault>(['hang', 'deaf']),
          forMs,
          survives: dice.of([0, 2]),
        };
    if (!dice.chance(0.4)) return [fault];
    const cut = { at: 'commit', side: dice.of(['before', 'after'] as const), skip: dice.whole(0, 14) } as const;
    return [fault, { atMs: atMs + 200, kind: 'guard-crash', downMs: dice.whole(100, 20_000), cut }];
  }).flat();
}
