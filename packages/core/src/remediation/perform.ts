import type { Call, Grant } from '../contracts/index.ts';
import { messageOf } from '../contracts/index.ts';
import type { PerformInput } from './perform-input.ts';
import { promote } from './promote.ts';
import type { Agent, Effect, Instance, JsonObject, Receipt } from '../model/index.ts';
import type { ExecutorPorts, RestoreReply } from './ports.ts';

/** Most characters of one piece of evidence, and most pieces kept. */
const evidenceCharsMax = 4_096;
const evidenceItemsMax = 8;

/** Does a step. Never throws: a throw is an outcome that is not known for an action, and a failure for the rest. */
export async function perform(ports: ExecutorPorts, input: PerformInput): Promise<Receipt> {
  const { effect, key, incident, signal } = input;
  const call: Call = { signal, traceId: incident.id };
  try {
    switch (effect.type) {
      case 'action':
        return await act(ports, effect, input, call);
      case 'control':
        return outdated(
          await ports.controlPlane.apply(effect.command, { key, fence: ports.fence(incident.group) }, call),
        );
      case 'evidence':
        return await evidence(ports, effect, input, call);
      case 'restore':
        return await restore(ports, effect, input);
      case 'agent-call':
        return await agentCall(ports, effect, input);
      case 'promote':
        return await promote(ports, effect, input);
    }
  } catch (thrown) {
    const at = ports.clock.now();
    if (effect.type === 'action' || effect.type === 'promote')
      return { key, at, result: 'unknown', text: messageOf(thrown) };
    return { key, at, result: 'failed', retryable: true, code: 'step-failed', text: messageOf(thrown) };
  }
}

async function act(
  ports: ExecutorPorts,
  effect: Extract<Effect, { type: 'action' }>,
  input: PerformInput,
  call: Call,
): Promise<Receipt> {
  const orchestrator = ports.orchestrator(effect.orchestrator);
  const at = ports.clock.now();
  if (!orchestrator)
    return { key: input.key, at, result: 'unknown', text: `orchestrator ${effect.orchestrator} is not there` };
  const grant: Grant = {
    key: effect.intent.key,
    fence: ports.fence(input.incident.group),
    deadline: at + input.deadlineMs,
    dryRun: false,
  };
  return orchestrator.execute(effect.intent, grant, call);
}

async function evidence(
  ports: ExecutorPorts,
  effect: Extract<Effect, { type: 'evidence' }>,
  { key }: PerformInput,
  call: Call,
): Promise<Receipt> {
  const agent = ports.agent(effect.agentId);
  const orchestrator = agent?.orchestrator === undefined ? undefined : ports.orchestrator(agent.orchestrator);
  const items =
    agent?.instance && orchestrator?.evidence ? await orchestrator.evidence(agent.instance, agent.id, call) : [];
  const data: JsonObject = {
    metrics: { ...ports.figures(effect.agentId) },
    evidence: items.slice(0, evidenceItemsMax).map((item) => ({
      label: item.label,
      text: endOf(item.text, (text) => ports.redact(text)),
    })),
  };
  return { key, at: ports.clock.now(), result: 'succeeded', data };
}

/**
 * The end of a text, without its secrets. They are taken out before it is cut: half a secret is no longer seen to be one.
 * Far more than what is kept is looked at, and the whole of a long text is not searched.
 */
function endOf(text: string, redact: (text: string) => string): string {
  const looked = text.slice(-4 * evidenceCharsMax);
  const lineEnd = looked.length < text.length ? looked.indexOf('\n') : -1;
  // A line that reaches into what is kept is not dropped: there may be no other.
  const isSpare = lineEnd < looked.length - evidenceCharsMax;
  return redact(isSpare ? looked.slice(lineEnd + 1) : looked).slice(-evidenceCharsMax);
}

async function restore(
  ports: ExecutorPorts,
  effect: Extract<Effect, { type: 'restore' }>,
  { key, signal, begunAt }: PerformInput,
): Promise<Receipt> {
  const handover = { checkpointId: effect.checkpointId, ...(begunAt === undefined ? {} : { begunAt }) };
  return onAgent(ports, effect, key, (agent, instance) => ports.restoreState(agent, instance, handover, signal));
}

async function agentCall(
  ports: ExecutorPorts,
  effect: Extract<Effect, { type: 'agent-call' }>,
  input: PerformInput,
): Promise<Receipt> {
  const { key, signal } = input;
  const { call } = effect;
  if (call.kind === 'drain')
    return onAgent(ports, effect, key, (agent, instance) => ports.drain(agent, instance, call.forMs, signal));
  const other = replacedBy(ports, effect);
  if (other !== undefined) return { key, at: ports.clock.now(), result: 'superseded', text: other };
  await ports.awaitReady(effect.agentId, effect.instanceId, signal);
  return { key, at: ports.clock.now(), result: 'succeeded' };
}

interface OnInstance {
  readonly agentId: string;
  readonly instanceId: string;
}

/** Says so when another instance is current than the one a call is meant for: it would reach the wrong one. */
function replacedBy(ports: ExecutorPorts, { agentId, instanceId }: OnInstance): string | undefined {
  const current = ports.agent(agentId)?.instance?.id;
  return current === undefined || current === instanceId
    ? undefined
    : `${instanceId} is not the current instance of ${agentId}; that is ${current}`;
}

async function onAgent(
  ports: ExecutorPorts,
  on: OnInstance,
  key: string,
  ask: (agent: Agent, instance: Instance) => Promise<RestoreReply>,
): Promise<Receipt> {
  const agent = ports.agent(on.agentId);
  const instance = agent?.instance;
  if (!agent || !instance)
    return { key, at: ports.clock.now(), result: 'superseded', text: `${on.agentId} has no instance now` };
  const other = replacedBy(ports, on);
  if (other !== undefined) return { key, at: ports.clock.now(), result: 'superseded', text: other };
  const reply = await ask(agent, instance);
  const at = ports.clock.now();
  if (reply.ok === 'perhaps') {
    const { works, text } = reply;
    return works
      ? { key, at, result: 'succeeded', reconciled: true, data: { note: text } }
      : { key, at, result: 'ambiguous', text };
  }
  if (reply.ok) return { key, at, result: 'succeeded' };
  // An agent that does not offer the call misses nothing: it has no state to restore, nothing to drain.
  if (reply.unsupported) return { key, at, result: 'succeeded', data: { note: reply.text } };
  return { key, at, result: 'failed', retryable: reply.retryable, code: 'step-failed', text: reply.text };
}

/** A newer instance is registered already, by another's hand: the attempt has been overtaken and has not failed. */
function outdated(receipt: Receipt): Receipt {
  if (receipt.result !== 'failed' || receipt.code !== 'GUARD_AGENT_STALE') return receipt;
  return { key: receipt.key, at: receipt.at, result: 'superseded', text: receipt.text };
}
