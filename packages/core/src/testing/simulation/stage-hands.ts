import type { AgentId, HoldScope, Incident, Ms } from '../../model/index.ts';
import type { ScheduledFault } from './scenario.ts';
import { describeFault } from './scenario.ts';
import type { Stage } from './stage.ts';

type Of<K extends ScheduledFault['kind']> = Extract<ScheduledFault, { kind: K }>;

/** Pause between the beginning of a new instance and its next crash, and between two looks for one. */
const crashAgainMs: Ms = 2_000;
/** How often, and how many times, an operator looks for something to do. */
const operatorLooksMs: Ms = 1_500;
const operatorPatience = 60;
/** A fault of an agent is looked at as going on for this long when only its repair ends it. */
const untilRepairedMs: Ms = 600_000;

/** Lets one line of the schedule happen. */
export function strike(stage: Stage, fault: ScheduledFault): void {
  stage.recorder.line(`FAULT ${describeFault(fault)}`);
  happen(stage, fault);
  stage.network.reconsider();
}

function happen(stage: Stage, fault: ScheduledFault): void {
  const { rig } = stage;
  switch (fault.kind) {
    case 'crash':
      return crash(stage, fault.agentId, fault.again);
    case 'suffer':
      return suffer(stage, fault);
    case 'heartbeats':
      stage.disturbHeartbeats(fault.loss, fault.lateMs);
      stage.later(fault.forMs, () => stage.disturbHeartbeats(0, 0));
      return;
    case 'orchestrator':
      return stage.orchestrator.disturb(fault.how, fault.times, fault.forMs);
    case 'inventory':
      return stage.orchestrator.breakInventory(fault.again);
    case 'store':
      return store(stage, fault);
    case 'wall':
      stage.witness.book.stepped();
      return rig.clock.jumpWall(fault.byMs);
    case 'operator':
      return operateSoon(stage, fault, operatorPatience);
    case 'partition':
      return stage.network.part(fault);
    case 'canaries':
      return stage.network.silenceCanaries(fault.forMs);
    case 'by-hand':
      return byHand(stage, fault);
    case 'rollout':
      return rollOut(stage, fault);
    case 'guard-crash':
      return fault.cut ? stage.crashAt(fault.cut, fault.downMs) : stage.crash(fault.downMs);
  }
}

function crash(stage: Stage, agentId: AgentId, again: number): void {
  const { world } = stage.orchestrator;
  const instance = world.find(agentId)?.instances.at(-1);
  if (!instance || world.current(agentId).state !== 'running') return;
  stage.witness.blame(agentId, untilRepairedMs);
  stage.recorder.line(`${agentId} crashes`);
  stage.orchestrator.crash(agentId);
  stage.network.reconsider();
  if (again > 0) crashNext(stage, { agentId, again, last: world.current(agentId).id });
}

function crashNext(
  stage: Stage,
  of: { readonly agentId: AgentId; readonly again: number; readonly last: string },
): void {
  stage.later(crashAgainMs, () => {
    const place = stage.orchestrator.world.find(of.agentId);
    if (!place) return;
    if (place.currentId === of.last) crashNext(stage, of);
    else crash(stage, of.agentId, of.again - 1);
  });
}

function suffer(stage: Stage, { agentId, fault, forMs, survives }: Of<'suffer'>): void {
  const { fleet } = stage.rig;
  stage.witness.blame(agentId, forMs);
  fleet.suffer(agentId, fault, survives);
  stage.later(forMs, () => {
    if (fleet.faultOf(agentId) !== fault) return;
    stage.recorder.line(`${agentId} no longer suffers from ${fault}`);
    fleet.recover(agentId);
  });
}

function byHand(stage: Stage, { agentId, how, forMs }: Of<'by-hand'>): void {
  const { world } = stage.orchestrator;
  if (world.current(agentId).state !== 'running') return;
  const { id } = world.current(agentId);
  // A guard that cannot see it stopped takes it for dead.
  if (!stage.witness.book.isInSight || !stage.up) stage.witness.blame(agentId, forMs);
  world.turn(agentId, how, { event: how });
  stage.forAWhile(forMs, () => {
    const now = world.find(agentId)?.instances.find((instance) => instance.id === id);
    if (now?.state !== how || world.current(agentId).id !== id) return;
    stage.recorder.line(`${agentId} is started again by hand`);
    world.turn(agentId, 'running', { event: 'started' });
  });
}

function rollOut(stage: Stage, { group, how, forMs }: Of<'rollout'>): void {
  const { world } = stage.orchestrator;
  world.roll(group, how);
  stage.forAWhile(forMs, () => {
    stage.recorder.line(`the rollout of ${group} is through`);
    world.roll(group, undefined);
  });
}

function store(stage: Stage, { how, times, forMs }: Of<'store'>): void {
  if (how === 'unavailable') stage.store.fail(forMs);
  else if (how === 'slow') stage.store.slow(Math.min(2_000, forMs / 4), forMs);
  else stage.store.disturb(how, times);
}

/** The operator waits a while for something the act fits. */
function operateSoon(stage: Stage, fault: Of<'operator'>, patience: number): void {
  if ((stage.up && operate(stage, fault)) || patience === 0) return;
  stage.later(operatorLooksMs, () => operateSoon(stage, fault, patience - 1));
}

/** Whether there was something to do it to. */
function operate(stage: Stage, fault: Of<'operator'>): boolean {
  const guard = stage.rig.guard();
  const { pick, act } = fault;
  const by = pick % 2 === 0 ? 'ann' : 'bob';
  const agentId = stage.agents[pick % stage.agents.length] as AgentId;
  switch (act) {
    case 'hold': {
      const scope = scopeOf(stage, fault, agentId);
      const request = { scope, reason: 'a look at it', by, ttlMs: fault.ttlMs };
      return stage.ask(`hold ${JSON.stringify(scope)}`, () => guard.hold(request));
    }
    case 'release': {
      const holds = guard.holds.list();
      const hold = holds[pick % Math.max(1, holds.length)];
      return hold !== undefined && stage.ask(`release ${hold.id}`, () => guard.release(hold.id, { by }));
    }
    case 'respawn':
      stage.witness.blame(agentId, 0);
      stage.witness.wanted(agentId, by);
      return stage.ask(`respawn ${agentId}`, () => guard.respawn(agentId, { by }));
    case 'deregister':
      // For a moment the guard knows it no more, and nobody counts on it.
      stage.witness.blame(agentId, 0);
      return stage.ask(`deregister ${agentId}`, () => guard.agents.deregister(agentId));
    case 'acknowledge':
    case 'approve':
    case 'reject':
    case 'resolve': {
      const incident = incidentFor(stage, act, pick);
      return incident !== undefined && judge(stage, incident, { act, by });
    }
  }
}

type Verdict = 'acknowledge' | 'approve' | 'reject' | 'resolve';

function judge(stage: Stage, { id, agentId }: Incident, of: { readonly act: Verdict; readonly by: string }): true {
  const guard = stage.rig.guard();
  const { act, by } = of;
  // Who resolves by hand may leave the agent as broken as it is: whatever is done to it later it deserves.
  if (act === 'resolve') stage.witness.blame(agentId, untilRepairedMs);
  if (act === 'approve') stage.witness.wanted(id, by);
  return stage.ask(`${act} ${id}`, () => guard[act](id, { by }));
}

/** An incident the act fits, if there is one. */
function incidentFor(stage: Stage, act: string, pick: number): Incident | undefined {
  const fitting = stage
    .stored()
    .filter(({ state }) =>
      act === 'approve' || act === 'reject' ? state === 'awaiting-approval' : state !== 'resolved',
    );
  return fitting[pick % Math.max(1, fitting.length)];
}

function scopeOf(stage: Stage, { scope }: Of<'operator'>, agentId: AgentId): HoldScope {
  if (scope === 'fleet') return { kind: 'fleet' };
  const group = stage.scenario.groups.find((one) => one.agents.includes(agentId))?.id ?? '';
  return scope === 'group' ? { kind: 'group', group } : { kind: 'agent', agentId };
}
