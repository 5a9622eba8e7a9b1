import type { AgentId, Mode } from '../../model/index.ts';
import { seededRandom } from '../../runtime/index.ts';
import type { AgentFault } from '../simulated-fleet.ts';
import { Dice } from './dice.ts';
import { drawPrimaryFaults, withFailover } from './draw-failover.ts';
import { agentsOf, drawRules, drawTrials, regrouped } from './draw-trials.ts';
import type { Cut, FaultSpec, OperatorAct, Scenario, ScheduledFault, SimulatedGroup, Unnumbered } from './scenario.ts';

const minute = 60_000;

/** Draws fleet and schedule from a seed; the same seed gives the same scenario for ever. */
export function drawScenario(seed: number): Scenario {
  const random = seededRandom(`simulation/${seed}`, { now: () => 0 });
  const dice = new Dice(random.fork('fleet'));
  const orchestrator = dice.chance(0.6) ? 'single' : 'workload';
  const drawn = drawGroups(dice);
  const endMs = dice.whole(10 * minute, 18 * minute);
  const failoverDice = new Dice(random.fork('failover'));
  const groups = withFailover(failoverDice, regrouped(new Dice(random.fork('groups')), drawn));
  const faultDice = new Dice(random.fork('faults'));
  const agents = groups.flatMap((group) => group.agents);
  const count = faultDice.whole(4, 20);
  const faults = drawFaults(faultDice, { count, agents, lastMs: endMs - 2 * minute });
  faults.push(...drawMass(new Dice(random.fork('mass')), groups, endMs - 5 * minute));
  const trials = new Dice(random.fork('trials'));
  faults.push(...drawTrials(trials, { groups, lastMs: endMs - 2 * minute }));
  faults.push(...drawPrimaryFaults(failoverDice, groups, endMs - 2 * minute));
  faults.sort((a, b) => a.atMs - b.atMs);
  return {
    seed,
    ...drawRules(trials, groups),
    orchestrator,
    groups,
    drain: dice.chance(0.5),
    wholeWorkload: orchestrator === 'workload' && dice.chance(0.3),
    inFlight: dice.of([0.1, 0.5, 1]),
    faults: faults.map((fault, at): ScheduledFault => ({ ...fault, id: at + 1 })),
    endMs,
  };
}

function drawGroups(dice: Dice): readonly SimulatedGroup[] {
  const total = dice.whole(1, 12);
  const count = dice.whole(1, Math.min(3, total));
  return Array.from({ length: count }, (_, at) => {
    const id = ['web', 'work', 'data'][at] as string;
    const size = Math.floor(total / count) + (at < total % count ? 1 : 0);
    const mode = dice.weighted<Mode>({ auto: 7, approve: 1, 'dry-run': 0.5, observe: 0.5 });
    return { id, mode, agents: agentsOf(id, size), dependsOn: [] };
  });
}

interface Schedule {
  readonly count: number;
  readonly agents: readonly AgentId[];
  readonly lastMs: number;
}

/** Misfortunes seldom come alone: half of them follow close upon another, and mostly meet the same agent. */
function drawFaults(dice: Dice, { count, agents, lastMs }: Schedule): Unnumbered[] {
  const faults: Unnumbered[] = [];
  while (faults.length < count) {
    const before = faults.at(-1);
    const close = before !== undefined && dice.chance(0.5);
    // The fleet is let come to itself first.
    const atMs = close ? Math.min(lastMs, before.atMs + dice.whole(0, 12_000)) : dice.whole(15_000, lastMs);
    const same = close && 'agentId' in before && dice.chance(0.7) ? [before.agentId] : agents;
    const fault = drawFault(dice, same);
    faults.push({ atMs, ...fault });
    // What only an action meets gets one to meet.
    const idle = fault.kind === 'orchestrator' || fault.kind === 'store' || fault.kind === 'guard-crash';
    if (idle && dice.chance(0.8)) faults.push({ atMs: atMs + dice.whole(0, 3_000), ...drawProvocation(dice, agents) });
  }
  return faults;
}

/** In a third of the runs most of a group, or of the fleet, suffers the same within moments. */
function drawMass(dice: Dice, groups: readonly SimulatedGroup[], lastMs: number): Unnumbered[] {
  if (!dice.chance(0.35)) return [];
  const atMs = dice.whole(20_000, lastMs);
  const whole = dice.chance(0.3);
  const hit = whole ? groups.flatMap((group) => group.agents) : dice.of(groups).agents;
  const share = dice.of([0.6, 1]);
  const forMs = dice.whole(20_000, 3 * minute);
  const fault = dice.of<AgentFault | 'crash'>(['crash', 'crash', 'hang', 'deaf']);
  return hit
    .filter(() => dice.chance(share))
    .map((agentId): Unnumbered => {
      const at = atMs + dice.whole(0, 4_000);
      if (fault === 'crash') return { atMs: at, kind: 'crash', agentId, again: dice.chance(0.2) ? 1 : 0 };
      return { atMs: at, kind: 'suffer', agentId, fault, forMs, survives: dice.of([0, 0, 4]) };
    });
}

function drawProvocation(dice: Dice, agents: readonly AgentId[]): FaultSpec {
  const agentId = dice.of(agents);
  if (dice.chance(0.6)) return { kind: 'crash', agentId, again: dice.chance(0.3) ? dice.whole(1, 3) : 0 };
  const fault = dice.of<AgentFault>(['hang', 'errors', 'deaf']);
  return { kind: 'suffer', agentId, fault, forMs: dice.whole(20_000, 2 * minute), survives: dice.whole(0, 3) };
}

/** Faults of every day; the rest are trials. */
type Ordinary = Exclude<FaultSpec['kind'], 'partition' | 'canaries' | 'by-hand' | 'rollout'>;

function drawFault(dice: Dice, agents: readonly AgentId[]): FaultSpec {
  const kind = dice.weighted<Ordinary>({
    crash: 5,
    suffer: 6,
    heartbeats: 1,
    orchestrator: 3,
    inventory: 1,
    store: 2,
    wall: 0.7,
    operator: 3,
    'guard-crash': 3,
  });
  const forMs = dice.whole(5_000, 3 * minute);
  switch (kind) {
    case 'crash':
      return { kind, agentId: dice.of(agents), again: dice.chance(0.3) ? dice.whole(1, 3) : 0 };
    case 'suffer': {
      const fault = dice.of<AgentFault>(['hang', 'slow', 'errors', 'silent', 'not-ready', 'deaf']);
      return { kind, agentId: dice.of(agents), fault, forMs, survives: dice.chance(0.4) ? dice.whole(1, 3) : 0 };
    }
    case 'heartbeats':
      return { kind, loss: dice.of([0.1, 0.5, 1]), lateMs: dice.of([0, 500, 5_000]), forMs: dice.whole(2_000, 45_000) };
    case 'orchestrator': {
      const how = dice.of(['fail', 'throw', 'refuse', 'lose-reply', 'no-reply', 'slow', 'blind'] as const);
      return { kind, how, times: dice.whole(1, 4), forMs };
    }
    case 'inventory':
      return { kind, again: dice.whole(0, 3) };
    case 'store': {
      const how = dice.of(['conflict', 'unavailable', 'lost-answer', 'slow'] as const);
      return { kind, how, times: dice.whole(1, 4), forMs: dice.whole(500, 40_000) };
    }
    case 'wall':
      return { kind, byMs: dice.of([-1, 1]) * dice.whole(1_000, 90_000) };
    case 'operator':
      return drawOperator(dice);
    case 'guard-crash':
      return { kind, downMs: dice.whole(100, 30_000), ...(dice.chance(0.75) ? { cut: drawCut(dice) } : {}) };
  }
}

function drawOperator(dice: Dice): FaultSpec {
  const act = dice.weighted<OperatorAct>({
    hold: 3,
    release: 2,
    acknowledge: 1,
    approve: 2,
    reject: 1,
    resolve: 1,
    respawn: 2,
    deregister: 0.5,
  });
  const scope = dice.of(['agent', 'group', 'fleet'] as const);
  return { kind: 'operator', act, pick: dice.whole(0, 1_000), scope, ttlMs: dice.whole(5_000, 2 * minute) };
}

function drawCut(dice: Dice): Cut {
  const at = dice.weighted<Cut['at']>({ commit: 6, execute: 3, prepare: 1, reconcile: 1 });
  return { at, side: dice.of(['before', 'after'] as const), skip: dice.whole(0, 12) };
}
