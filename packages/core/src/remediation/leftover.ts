import type { Orchestrator } from '../contracts/index.ts';
import { messageOf } from '../contracts/index.ts';
import { leftoversOf } from '../incident/index.ts';
import type { Action, Agent, Effect, Incident, Intent, Leftover, Ms, Receipt } from '../model/index.ts';
import { withDeadline } from '../runtime/index.ts';
import { perform } from './perform.ts';
import type { ExecutorPorts } from './ports.ts';
import { reconcile } from './reconcile.ts';

/** Time for one try, and pauses before the next look. */
const deadlineMs: Ms = 60_000;
const againMs: Ms = 30_000;
const longestMs: Ms = 60_000;

type Retire = Extract<Effect, { type: 'action' }>;

interface Subject {
  readonly incident: Incident;
  readonly leftover: Leftover;
  readonly agent: Agent;
  readonly orchestrator: Orchestrator;
  readonly name: string;
}

/**
 * Ends an instance that an attempt left behind, in the way of every action: look, gate, journal, act, observe (R11).
 * What was begun before a crash is looked for first. Whatever keeps it from being done is asked again.
 * @returns when it is worth looking again; `undefined`: nothing is left.
 */
export async function tidy(ports: ExecutorPorts, incident: Incident, signal: AbortSignal): Promise<Ms | undefined> {
  const [leftover] = leftoversOf(incident);
  const agent = ports.agent(incident.agentId);
  if (!leftover || !agent || incident.state === 'resolved') return undefined;
  const name = agent.orchestrator ?? '';
  const orchestrator = ports.orchestrator(name);
  if (!orchestrator || incident.state === 'acting' || incident.state === 'awaiting-approval') return againMs;
  const subject = { incident, leftover, agent, orchestrator, name };
  if (leftover.under) return taken(ports, subject, leftover.under, signal);
  const { instance } = leftover;
  if (agent.instance?.id === instance.id && incident.findings.length === 0) {
    // The other one is in the way then.
    await ports.apply(incident.id, { type: 'leftover-turned', instanceId: instance.id });
    return 0;
  }
  return begin(ports, subject, signal);
}

async function begin(ports: ExecutorPorts, subject: Subject, signal: AbortSignal): Promise<Ms | undefined> {
  const { incident, leftover, agent, name } = subject;
  const action: Action = {
    kind: 'retire',
    agentId: agent.id,
    instanceId: leftover.instance.id,
    graceMs: incident.policy.ladder.respawn.graceMs,
  };
  const key = `${incident.id}/leftover/${leftover.instance.id}/${leftover.tries + 1}`;
  // Said before anything is looked up: under a hold not even the question is put.
  const early = waitFor(ports, incident, [agent.id]);
  if (early !== undefined) return early;
  const prepared = await look(ports, subject, { action, key }, signal);
  if (!('intent' in prepared)) return finish(ports, subject, prepared);
  const { intent } = prepared;
  const late = waitFor(ports, incident, intent.affects);
  if (late !== undefined) return late;
  const effect: Retire = { type: 'action', orchestrator: name, intent };
  const startedAt = ports.clock.now();
  const instanceId = leftover.instance.id;
  const journaled = await ports.apply(incident.id, { type: 'leftover-started', instanceId, key, startedAt, effect });
  if (!journaled || leftoversOf(journaled)[0]?.under?.key !== key) return againMs;
  return act(ports, subject, effect, signal);
}

/** What the orchestrator would do, or that it is gone already, or why it does not admit it. */
async function look(
  ports: ExecutorPorts,
  { incident, orchestrator, agent, leftover }: Subject,
  of: { readonly action: Action; readonly key: string },
  signal: AbortSignal,
): Promise<{ readonly intent: Intent } | Receipt> {
  const { action, key } = of;
  const at = ports.clock.now();
  const ask = async (inner: AbortSignal): Promise<{ readonly intent: Intent } | Receipt> => {
    const call = { signal: inner, traceId: incident.id };
    const decision = await orchestrator.prepare(action, key, call);
    if (decision.act) return { intent: decision.value };
    // Perhaps because it is gone. Nothing is known of before, so that this is never believed of the one that is current.
    const intent = { key, action, affects: [agent.id], before: {} };
    const isCurrent = ports.agent(agent.id)?.instance?.id === leftover.instance.id;
    const receipt = isCurrent ? undefined : await orchestrator.reconcile(intent, call);
    if (receipt?.result === 'succeeded') return receipt;
    return { key, at, result: 'failed', retryable: true, code: decision.reason.code, text: decision.reason.text };
  };
  try {
    return await withDeadline(ports.clock, ask, deadlineMs, { what: 'Preparing to end an instance', signal });
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    return { key, at, result: 'cancelled', text: messageOf(thrown) };
  }
}

async function taken(
  ports: ExecutorPorts,
  subject: Subject,
  { effect }: NonNullable<Leftover['under']>,
  signal: AbortSignal,
): Promise<Ms | undefined> {
  if (effect.type !== 'action') return undefined;
  const proven = await reconcile(ports, subject.incident, effect, signal);
  return proven.result === 'failed' ? act(ports, subject, effect, signal) : finish(ports, subject, proven);
}

/** The gate has the last word, at the moment of applying (R02). */
async function act(
  ports: ExecutorPorts,
  subject: Subject,
  effect: Retire,
  signal: AbortSignal,
): Promise<Ms | undefined> {
  const { incident } = subject;
  const { key, affects } = effect.intent;
  const now = ports.incident(incident.id);
  const verdict = ports.gate(incident, affects);
  if (!now || now.state === 'resolved' || verdict.verdict !== 'proceed')
    return finish(ports, subject, { key, at: ports.clock.now(), result: 'cancelled', text: verdict.reason.text });
  const work = (inner: AbortSignal): Promise<Receipt> =>
    perform(ports, { incident, effect, key, deadlineMs, signal: inner });
  let receipt: Receipt;
  try {
    receipt = await withDeadline(ports.clock, work, deadlineMs, { what: key, signal });
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    receipt = { key, at: ports.clock.now(), result: 'unknown', text: messageOf(thrown) };
  }
  return finish(
    ports,
    subject,
    receipt.result === 'unknown' ? await reconcile(ports, incident, effect, signal) : receipt,
  );
}

async function finish(ports: ExecutorPorts, subject: Subject, receipt: Receipt): Promise<Ms> {
  const { incident, leftover } = subject;
  const { id: instanceId } = leftover.instance;
  if (receipt.result === 'succeeded') await ports.retired(incident.agentId, instanceId);
  await ports.apply(incident.id, { type: 'leftover-finished', instanceId, receipt });
  return receipt.result === 'succeeded' || receipt.result === 'superseded' ? 0 : againMs;
}

/** How long the gate says to wait; `undefined`: it may be done now. */
function waitFor(ports: ExecutorPorts, incident: Incident, affects: readonly string[]): Ms | undefined {
  const verdict = ports.gate(incident, affects);
  if (verdict.verdict === 'proceed') return undefined;
  if (verdict.verdict === 'refuse') return againMs;
  return Math.min(longestMs, Math.max(250, verdict.untilMs - ports.clock.now()));
}
