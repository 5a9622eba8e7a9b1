import type { AgentSlot } from '../contracts/index.ts';
import type { Agent, AgentId, Checkpoint, Instance, Ms, ProbeName } from '../model/index.ts';
import { isAskable } from '../model/index.ts';
import { isGuardError, messageOf } from '../contracts/index.ts';
import type { Provider } from './container.ts';
import { core } from './core-tokens.ts';
import type { AgentReply, ExecutorPorts, Handover, RestoreReply } from '../remediation/ports.ts';
import { restorableFrom } from '../pipeline/judgement/insight.ts';
import { redact } from '../runtime/index.ts';

/** Pause between two looks at an instance that is starting. */
const lookAgainMs: Ms = 200;

/** Joins the executor to the parts of the guard. */
export function executorPorts(at: Provider): ExecutorPorts {
  const clock = at.get(core.clock);
  const registry = at.get(core.registry);
  return {
    clock,
    log: at.get(core.log),
    controlPlane: at.get(core.controlPlane),
    orchestrator: (name) => registry.find('orchestrators', name),
    agent: (agentId) => agentOf(at, agentId),
    incident: (id) => at.get(core.incidentLog).get(id),
    confirm: (id) => at.get(core.incidents).confirm(id),
    apply: (id, event) => at.get(core.incidents).apply(id, event),
    gate: (incident, affects) => {
      // What an attempt left behind is ended after it, as a part of a respawn.
      const rung = incident.state === 'acting' ? incident.attempt.plan.rung : 'respawn';
      const promotion = incident.state === 'acting' ? incident.attempt.plan.promotion : undefined;
      return at.get(core.judge).gate(incident, { rung, begun: true, affects, promotion });
    },
    hangs: (incident) => at.get(core.judge).hangs(incident),
    fence: (group) => at.get(core.ownership).fence(group),
    owns: (group) => at.get(core.ownership).owns(group),
    adopt: (agentId, instance) => adopt(at, agentId, instance),
    retired: (agentId, instanceId) => at.get(core.members).retire(agentId, instanceId),
    awaitReady: (agentId, instanceId, signal) => awaitReady(at, agentId, { instanceId, signal }),
    drain: (agent, instance, forMs, signal) => at.get(core.agentClient).drain({ agent, instance }, forMs, signal),
    promote: (agent, instance, epoch, signal) => {
      const fence = at.get(core.ownership).fence(agent.group);
      return at.get(core.agentClient).promote({ agent, instance }, { epoch, fence }, signal);
    },
    leads: ({ id, group }, epoch) => at.get(core.failovers).leads(group, id, epoch),
    restoreState: (agent, instance, handover, signal) => restoreState(at, { agent, instance, ...handover, signal }),
    latestCheckpoint: async (agentId, avoid) => {
      await quarantineSuspect(at, agentId);
      if (avoid.length > 0) return olderCheckpoint(at, agentId, avoid);
      return (await at.get(core.checkpoints).latest(agentId))?.checkpoint;
    },
    figures: (agentId) => at.get(core.sight).see(agentId)?.metrics ?? {},
    redact,
    onStep: (incident, step, key) => {
      at.get(core.bus).emit('step.started', {
        incidentId: incident.id,
        agentId: incident.agentId,
        stepId: step.id,
        key,
      });
    },
  };
}

function agentOf(at: Provider, agentId: AgentId): Agent | undefined {
  const fleet = at.get(core.fleet);
  const slot = fleet.slotOf(agentId);
  return slot === undefined ? undefined : fleet.agent(slot)?.agent;
}

/** An older word than what is known already is no harm: the inventory was faster. */
function adopt(at: Provider, agentId: AgentId, instance: Instance): void {
  const agent = agentOf(at, agentId);
  if (!agent) return;
  try {
    at.get(core.members).changed(at.get(core.fleet).adopt(agentId, agent.group, instance));
  } catch (thrown) {
    if (!isGuardError(thrown, 'GUARD_AGENT_STALE')) throw thrown;
    at.get(core.log).debug(
      { agentId, instance: instance.id, err: messageOf(thrown) },
      'a newer instance is known already',
    );
  }
}

/** Asks the instance for its readiness until it takes work. */
async function awaitReady(
  at: Provider,
  agentId: AgentId,
  of: { readonly instanceId: string; readonly signal: AbortSignal },
): Promise<void> {
  const clock = at.get(core.clock);
  const fleet = at.get(core.fleet);
  const { instanceId, signal } = of;
  for (;;) {
    signal.throwIfAborted();
    const slot = fleet.slotOf(agentId);
    if (slot !== undefined && (await isReady(at, slot, instanceId))) return;
    await clock.sleep(lookAgainMs, signal);
  }
}

/** Whether it says that it takes work. One that nobody can ask, or may call, is ready when it runs. */
async function isReady(at: Provider, slot: AgentSlot, instanceId: string): Promise<boolean> {
  const probes = at.get(core.probes);
  const probe = readinessOf(at, slot, instanceId);
  if (probe === undefined) return runs(at, slot, instanceId);
  const asked = await probes.ask(slot, probe, { instanceId });
  if (asked.outcome === 'up') return true;
  if (asked.denied === true) return runs(at, slot, instanceId);
  if (asked.statusCode !== 404 && asked.unaskable !== true) return false;
  // An agent that offers no readiness, or cannot be asked for it, is ready when it is alive.
  const alive = await probes.ask(slot, 'health', { instanceId });
  if (alive.outcome === 'up') return true;
  return (alive.denied === true || alive.unaskable === true) && runs(at, slot, instanceId);
}

/** By the word of its orchestrator, if there is one: of an instance that is not the current one nothing is known here. */
function runs(at: Provider, slot: AgentSlot, instanceId: string): boolean {
  const instance = at.get(core.fleet).agent(slot)?.agent.instance;
  return instance?.id !== instanceId || instance.state === undefined || instance.state === 'running';
}

/**
 * The probe that tells whether an instance takes work: its readiness, where it has none that it is alive. `undefined`:
 * nobody can ask it.
 */
function readinessOf(at: Provider, slot: AgentSlot, instanceId: string): ProbeName | undefined {
  const fleet = at.get(core.fleet);
  const probes = fleet.agent(slot)?.policy.probes;
  const addressed = fleet.endpointOf(slot, instanceId) !== undefined;
  return (['readiness', 'health'] as const).find((probe) => probes && isAskable(probes, probe, addressed));
}

interface Restore extends Handover {
  readonly agent: Agent;
  readonly instance: Instance;
  readonly signal: AbortSignal;
}

/**
 * Hands the state over as soon as the new instance takes it. Where it is to be reached it may say only after its start,
 * in its own registration: that is waited for, unless the agent never had an address and fetches its state itself.
 */
async function restoreState(at: Provider, handover: Restore): Promise<RestoreReply> {
  const { agent, instance, checkpointId, signal } = handover;
  const clock = at.get(core.clock);
  const { checkpoint, bytes } = await at.get(core.checkpoints).load(agent.id, checkpointId);
  const state = { bytes, contentType: checkpoint.contentType };
  for (;;) {
    signal.throwIfAborted();
    const now = agentOf(at, agent.id);
    const current = now?.instance;
    if (!now || current?.id !== instance.id) return replaced(agent.id, instance, current);
    if (current.endpoint !== undefined || !hadAddress(at, agent.id)) {
      const objection = await objectionTo(at, handover);
      if (typeof objection === 'object') return objection;
      const target = { agent: now, instance: current };
      const reply = objection ?? (await at.get(core.agentClient).putState(target, state, signal));
      if (reply !== 'ask' && (reply.ok || reply.unsupported || !reply.retryable)) return reply;
    }
    await clock.sleep(lookAgainMs, signal);
  }
}

/**
 * What stands against handing a state over once more that a guard which did not see the end of it may have handed over; `'ask'`:
 * it could not be found out yet. Who waits for its state is not ready before it has it: one that is, or has saved a state
 * since, works with one of its own, and an older one must not take its place.
 */
async function objectionTo(
  at: Provider,
  { agent, instance, begunAt }: Restore,
): Promise<RestoreReply | 'ask' | undefined> {
  if (begunAt === undefined) return undefined;
  const { id } = instance;
  const saved = await at.get(core.checkpoints).list(agent.id);
  if (saved.some((one) => one.at >= begunAt && (one.instanceId ?? id) === id))
    return { ok: 'perhaps', works: true, text: `${id} has saved a state of its own since` };
  const slot = at.get(core.fleet).slotOf(agent.id);
  const probe = slot === undefined ? undefined : readinessOf(at, slot, id);
  if (slot === undefined || probe === undefined) return undefined;
  const asked = await at.get(core.probes).ask(slot, probe, { instanceId: id });
  if (asked.outcome === 'down' || asked.denied === true) return undefined;
  if (asked.outcome === 'up' && probe === 'readiness')
    return { ok: 'perhaps', works: true, text: `${id} takes work by now` };
  if (asked.outcome === 'unknown' && asked.statusCode !== 404 && asked.unaskable !== true) return 'ask';
  const text = `${id} may have its state from a guard that has ended since, and does not say whether it takes work`;
  return { ok: 'perhaps', works: false, text };
}

/** Whether it was to be reached before: by what it registered last, or in an instance that was healed in this incident. */
function hadAddress(at: Provider, agentId: AgentId): boolean {
  const fleet = at.get(core.fleet);
  const slot = fleet.slotOf(agentId);
  if (slot !== undefined && fleet.isSelfAddressed(slot)) return true;
  const incident = at.get(core.incidentLog).openFor(agentId);
  const attempts = incident?.state === 'acting' ? [...incident.attempts, incident.attempt] : [];
  return attempts.some(({ instance }) => instance?.endpoint !== undefined);
}

function replaced(agentId: AgentId, { id }: Instance, by: Instance | undefined): AgentReply {
  const text = `${id} is not the current instance of ${agentId} any more; ${by ? `that is ${by.id}` : 'it has none now'}`;
  return { ok: false, unsupported: false, retryable: true, text };
}

/** The newest sound checkpoint from before the incident that is not suspected. */
async function olderCheckpoint(
  at: Provider,
  agentId: AgentId,
  avoid: readonly string[],
): Promise<Checkpoint | undefined> {
  const checkpoints = at.get(core.checkpoints);
  const incident = at.get(core.incidentLog).openFor(agentId);
  if (!incident) return undefined;
  for (const { id } of restorableFrom(await checkpoints.list(agentId), incident, at.get(core.clock).now())) {
    if (avoid.includes(id)) continue;
    try {
      return (await checkpoints.load(agentId, id)).checkpoint;
    } catch (thrown) {
      if (!isGuardError(thrown, 'GUARD_CHECKPOINT_INVALID')) throw thrown;
      at.get(core.log).warn({ agentId, checkpointId: id, err: messageOf(thrown) }, 'a checkpoint was passed over');
    }
  }
  return undefined;
}

/** What the failing instance saved since the incident began is not restored (R25). */
async function quarantineSuspect(at: Provider, agentId: AgentId): Promise<void> {
  const incident = at.get(core.incidentLog).openFor(agentId);
  const suspect = incident?.state === 'acting' ? incident.attempt.instance : undefined;
  if (!incident || !suspect) return;
  const fence = at.get(core.ownership).fence(incident.group);
  await at.get(core.checkpoints).quarantine(agentId, suspect.id, { from: incident.openedAt, fence });
}
