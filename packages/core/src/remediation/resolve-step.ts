import type {
  Action,
  Agent,
  AgentId,
  Attempt,
  Effect,
  Incident,
  Instance,
  Ms,
  Plan,
  Reason,
  StepRecord,
  StepSpec,
} from '../model/index.ts';
import { respawnMode } from '../model/index.ts';
import type { ExecutorPorts } from './ports.ts';

/** A step made concrete, or why there is nothing to do, or why it must not be done. */
export type Resolved =
  | { readonly kind: 'effect'; readonly effect: Effect; readonly affects: readonly AgentId[] }
  /** The orchestrator does not admit it: the step fails before it was begun. */
  | { readonly kind: 'inadmissible'; readonly effect: Effect; readonly reason: Reason }
  | { readonly kind: 'skip'; readonly reason: Reason }
  /** The inputs of the plan changed. */
  | { readonly kind: 'stale'; readonly reason: Reason };

type Acting = Extract<Incident, { state: 'acting' }>;

/** Looks up whom a planned step means now and, for an action, asks the orchestrator what it would do. Changes nothing. */
export async function resolveStep(
  ports: ExecutorPorts,
  incident: Acting,
  at: { readonly step: StepRecord; readonly key: string; readonly signal: AbortSignal },
): Promise<Resolved> {
  const { step, key, signal } = at;
  const agent = ports.agent(incident.agentId);
  if (!agent) return stale(`Agent ${incident.agentId} is gone.`);
  const { spec } = step;
  if (spec.type === 'promote') return promote(ports, incident);
  if (spec.type === 'control') return control(agent, incident, spec);
  if (spec.type === 'action' && spec.action === 'retire' && spec.on === 'new' && !incident.attempt.replacement) {
    return skip('The attempt brought no new instance; there is nothing to retire.');
  }
  const instance = instanceFor(spec.on, agent, incident.attempt);
  if (!instance)
    return spec.on === 'old' && spec.type !== 'action'
      ? skip('There is no instance to ask.')
      : stale(`${agent.id} has no instance.`);
  if (spec.type === 'evidence') return effect({ type: 'evidence', agentId: agent.id, instanceId: instance.id });
  if (spec.type === 'agent-call')
    return effect({ type: 'agent-call', call: spec.call, agentId: agent.id, instanceId: instance.id });
  if (spec.action === 'restoreState') return restore(ports, { agent, instance, avoid: incident.attempt.plan.avoid });
  return action(ports, { incident, agent, instance, spec, key, signal });
}

/** The instance a step means: the one the attempt was made for, or the one it brought. */
function instanceFor(on: 'old' | 'new', agent: Agent, attempt: Attempt): Instance | undefined {
  if (on === 'old') return attempt.instance ?? agent.instance;
  return attempt.replacement ?? agent.instance;
}

function control(agent: Agent, incident: Acting, spec: Extract<StepSpec, { type: 'control' }>): Resolved {
  const { attempt } = incident;
  switch (spec.command) {
    case 'route-out':
      return effect({ type: 'control', command: { kind: 'route', agentId: agent.id, breaker: 'open' } });
    case 'route-half-open':
      return effect({ type: 'control', command: { kind: 'route', agentId: agent.id, breaker: 'half-open' } });
    case 'register-new': {
      const instance = attempt.replacement ?? agent.instance;
      if (!instance) return stale(`${agent.id} has no new instance to register.`);
      return effect({
        type: 'control',
        command: { kind: 'register', agentId: agent.id, group: agent.group, instance },
      });
    }
    case 'deregister-old': {
      const old = attempt.instance;
      const current = attempt.replacement ?? agent.instance;
      if (!old || old.id === current?.id) return skip('The instance is the same one; nothing to deregister.');
      return effect({ type: 'control', command: { kind: 'deregister', agentId: agent.id, instanceId: old.id } });
    }
  }
}

async function restore(
  ports: ExecutorPorts,
  of: { readonly agent: Agent; readonly instance: Instance; readonly avoid: readonly string[] | undefined },
): Promise<Resolved> {
  const { agent, instance, avoid = [] } = of;
  const checkpoint = await ports.latestCheckpoint(agent.id, avoid);
  if (!checkpoint)
    return skip(`There is no usable checkpoint of ${agent.id}; it starts without its state.`, 'checkpoint-missing');
  return effect({ type: 'restore', agentId: agent.id, instanceId: instance.id, checkpointId: checkpoint.id });
}

/** The replica the plan names, in the instance that is current now; the gate says whether it may take over. */
function promote(ports: ExecutorPorts, { agentId: from, attempt }: Acting): Resolved {
  const { promotion } = attempt.plan;
  if (!promotion) return stale('The plan names no replica.');
  const { to, epoch } = promotion;
  const instance = ports.agent(to)?.instance;
  if (!instance) return stale(`${to} has no instance.`);
  return {
    kind: 'effect',
    effect: { type: 'promote', agentId: to, instanceId: instance.id, epoch, from },
    affects: [from, to],
  };
}

interface ActionInput {
  readonly incident: Acting;
  readonly agent: Agent;
  readonly instance: Instance;
  readonly spec: Extract<StepSpec, { type: 'action' }>;
  readonly key: string;
  readonly signal: AbortSignal;
}

async function action(ports: ExecutorPorts, input: ActionInput): Promise<Resolved> {
  const { incident, agent, spec, key, signal } = input;
  const name = agent.orchestrator;
  const orchestrator = name === undefined ? undefined : ports.orchestrator(name);
  if (!orchestrator || name === undefined) return stale(`No orchestrator runs ${agent.id} any more.`);
  if (
    spec.on === 'old' &&
    spec.action !== 'retire' &&
    agent.instance &&
    incident.attempt.instance &&
    agent.instance.id !== incident.attempt.instance.id
  ) {
    return stale(`${agent.id} was replaced by ${agent.instance.id} meanwhile.`);
  }
  const concrete = makeAction(input, ports);
  const decision = await orchestrator.prepare(concrete, key, { signal, traceId: incident.id });
  if (decision.act) {
    return {
      kind: 'effect',
      effect: { type: 'action', orchestrator: name, intent: decision.value },
      affects: decision.value.affects,
    };
  }
  const { code } = decision.reason;
  if (code === 'plan-stale' || code === 'rollout-in-progress') return { kind: 'stale', reason: decision.reason };
  const intent = { key, action: concrete, affects: [agent.id], before: {} };
  return { kind: 'inadmissible', effect: { type: 'action', orchestrator: name, intent }, reason: decision.reason };
}

function makeAction(input: ActionInput, ports: ExecutorPorts): Action {
  const { incident, agent, instance, spec } = input;
  const { plan } = incident.attempt;
  const graceMs = graceOf(input, ports);
  const on = { agentId: agent.id, instanceId: instance.id };
  switch (spec.action) {
    case 'restart':
    case 'recreate':
    case 'retire':
      return { kind: spec.action, ...on, graceMs };
    case 'respawn':
      return respawn({ agent, instance, plan, graceMs }, ports);
    case 'isolate':
    case 'reinstate':
      return { kind: spec.action, ...on };
    case 'restoreState':
      return { kind: 'restoreState', ...on, checkpointId: '' };
  }
}

/**
 * A short grace is for who hangs, and holds only as long as that is proven: since the plan was made hours may have
 * passed, as for an approval, or the guard was away. Who is retired never gets it: a new instance did not hang, and
 * nobody waits for an old one that was replaced.
 */
function graceOf({ incident, spec }: ActionInput, ports: ExecutorPorts): Ms {
  const { plan } = incident.attempt;
  if (!plan.shortGrace || plan.rung === 'escalate') return plan.graceMs;
  const holds = spec.action !== 'retire' && ports.hangs(incident);
  return holds ? plan.graceMs : incident.policy.ladder[plan.rung].graceMs;
}

function respawn(
  of: { readonly agent: Agent; readonly instance: Instance; readonly plan: Plan; readonly graceMs: Ms },
  ports: ExecutorPorts,
): Action {
  const { agent, instance, plan, graceMs } = of;
  const can = agent.orchestrator === undefined ? [] : (ports.orchestrator(agent.orchestrator)?.supports ?? []);
  return {
    kind: 'respawn',
    agentId: agent.id,
    instanceId: instance.id,
    mode: respawnMode(can, plan.mode),
    graceMs,
    generation: (agent.instance?.generation ?? instance.generation) + 1,
    ...(plan.override ? { override: plan.override } : {}),
  };
}

function effect(value: Effect): Resolved {
  return { kind: 'effect', effect: value, affects: [] };
}

function skip(text: string, code: 'checkpoint-missing' | 'nothing-wrong' = 'nothing-wrong'): Resolved {
  return { kind: 'skip', reason: { code, text } };
}

function stale(text: string): Resolved {
  return { kind: 'stale', reason: { code: 'plan-stale', text } };
}
