import type { AgentSlot } from '../contracts/index.ts';
import type { Agent, AgentId, Checkpoint, Instance, Ms, ProbeName, ProbeSignal } from '../model/index.ts';
import { isAskable } from '../model/index.ts';
import { isGuardError, messageOf } from '../contracts/index.ts';
import type { Provider } from './container.ts';
import { core } from './core-tokens.ts';
import type { AgentReply, ExecutorPorts } from '../remediation/ports.ts';
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
    adopt: (agentId, instance) => adopt(at, agentId, instance),
    retired: (agentId, instanceId) => at.get(core.members).retire(agentId, instanceId),
    awaitReady: (agentId, instanceId, signal) => awaitReady(at, agentId, { instanceId, signal }),
    drain: (agent, instance, forMs, signal) => at.get(core.agentClient).drain({ agent, instance }, forMs, signal),
    promote: (agent, instance, epoch, signal) => {
      const fence = at.get(core.ownership).fence(agent.group);
      return at.get(core.agentClient).promote({ agent, instance }, { epoch, fence }, signal);
    },
    leads: ({ id, group }, epoch) => at.get(core.failovers).leads(group, id, epoch),
    restoreState: (agent, instance, checkpointId, signal) =>
      restoreState(at, { agent, instance, checkpointId, signal }),
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

/** Asks the instance for its readiness until it takes work. One without an address is ready when it runs. */
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
    if (slot !== undefined) {
      const probe = readinessOf(at, slot, instanceId);
      if (probe === undefined) return;
      const asked = await at.get(core.probes).ask(slot, probe, { instanceId });
      if (isReadyBy(asked)) return;
      // An agent that offers no readiness, or cannot be asked for it, is ready when it is alive.
      if (asked.statusCode === 404 || asked.unaskable === true) {
        const alive = await at.get(core.probes).ask(slot, 'health', { instanceId });
        if (isReadyBy(alive) || alive.unaskable === true) return;
      }
    }
    await clock.sleep(lookAgainMs, signal);
  }
}

/** Whom nobody may call is ready when it runs. */
function isReadyBy({ outcome, denied }: ProbeSignal): boolean {
  return outcome === 'up' || denied === true;
}

/**
 * The probe that tells whether an instance takes work: its readiness, where it has none that it is alive. `undefined`:
 * nobody can ask it, and it is ready when it runs.
 */
function readinessOf(at: Provider, slot: AgentSlot, instanceId: string): ProbeName | undefined {
  const fleet = at.get(core.fleet);
  const probes = fleet.agent(slot)?.policy.probes;
  const addressed = fleet.endpointOf(slot, instanceId) !== undefined;
  return (['readiness', 'health'] as const).find((probe) => probes && isAskable(probes, probe, addressed));
}

interface Restore {
  readonly agent: Agent;
  readonly instance: Instance;
  readonly checkpointId: string;
  readonly signal: AbortSignal;
}

/** Hands the state over as soon as the new instance takes it. */
async function restoreState(at: Provider, { agent, instance, checkpointId, signal }: Restore): Promise<AgentReply> {
  const clock = at.get(core.clock);
  const { checkpoint, bytes } = await at.get(core.checkpoints).load(agent.id, checkpointId);
  for (;;) {
    const state = { bytes, contentType: checkpoint.contentType };
    const reply = await at.get(core.agentClient).putState({ agent, instance }, state, signal);
    if (reply.ok || reply.unsupported || !reply.retryable) return reply;
    await clock.sleep(lookAgainMs, signal);
  }
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
