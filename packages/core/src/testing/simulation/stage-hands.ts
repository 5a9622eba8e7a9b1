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
  const { rig, recorder } = stage;
  recorder.line(`FAULT ${describeFault(fault)}`);
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
      return rig.clock.jumpWall(fault.byMs);
    case 'operator':
      return operateSoon(stage, fault, operatorPatience);
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
  const by = 'ann';
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
      return stage.ask(`respawn ${agentId}`, () => guard.respawn(agentId, { by }));
    case 'deregister':
      return stage.ask(`deregister ${agentId}`, () => guard.agents.deregister(agentId));
    case 'acknowledge':
    case 'approve':
    case 'reject':
    case 'resolve': {
      const incident = incidentFor(stage, act, pick);
      // Who resolves by hand may leave the agent as broken as it is: whatever is done to it later it deserves.
      if (act === 'resolve' && incident) stage.witness.blame(incident.agentId, untilRepairedMs);
      return incident !== undefined && stage.ask(`${act} ${incident.id}`, () => guard[act](incident.id, { by }));
    }
  }
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
