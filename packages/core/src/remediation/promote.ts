import type { Agent, Effect, Instance, Ms, Receipt } from '../model/index.ts';
import type { PerformInput } from './perform-input.ts';
import type { AgentReply, ExecutorPorts } from './ports.ts';

type Promote = Extract<Effect, { type: 'promote' }>;

/** Pause before a replica is asked again to take over. */
const againMs: Ms = 1_000;

/**
 * Asks the replica to take over, again while its answer is lost: the same epoch twice has the effect of once. Before each
 * call it is asked anew whether that may be (R02, R13), and whether it is not so already. One that was called and whose
 * answer is lost may have followed, whatever it says to a later call; only its own word that it leads makes that known.
 */
export async function promote(ports: ExecutorPorts, effect: Promote, input: PerformInput): Promise<Receipt> {
  const { clock } = ports;
  const until = clock.now() + input.deadlineMs - againMs;
  const asked: Asked = { isCalled: input.begunAt !== undefined, isRefused: false, text: '' };
  for (;;) {
    const agent = ports.agent(effect.agentId);
    const at = { key: input.key, at: clock.now() };
    if (agent && ports.leads(agent, effect.epoch)) return { ...at, result: 'succeeded', reconciled: true };
    const against = input.objection?.() ?? replaced(agent, effect) ?? (at.at >= until ? asked.text : undefined);
    if (against !== undefined) return { ...at, result: asked.isCalled ? 'unknown' : 'cancelled', text: against };
    if (!asked.isRefused) {
      const receipt = await call(ports, { effect, input, asked, agent: agent as Agent });
      if (receipt) return receipt;
    }
    await clock.sleep(againMs, input.signal);
  }
}

/** What came of the calls so far. */
interface Asked {
  isCalled: boolean;
  isRefused: boolean;
  text: string;
}

interface Calling {
  readonly effect: Promote;
  readonly input: PerformInput;
  readonly asked: Asked;
  readonly agent: Agent;
}

/** One call; `undefined`: what came of it is not known yet. */
async function call(ports: ExecutorPorts, { effect, input, asked, agent }: Calling): Promise<Receipt | undefined> {
  const reply = await ports.promote(agent, agent.instance as Instance, effect.epoch, input.signal);
  const at = { key: input.key, at: ports.clock.now() };
  if (reply.ok) return { ...at, result: 'succeeded' };
  const { text } = reply;
  const isFirst = !asked.isCalled;
  Object.assign(asked, { isCalled: true, isRefused: isFinal(reply), text } satisfies Asked);
  if (!asked.isRefused || !isFirst) return undefined;
  return { ...at, result: 'failed', retryable: false, code: 'step-failed', text };
}

/** It said no, so that this call did nothing. */
function isFinal(reply: Exclude<AgentReply, { ok: true }>): boolean {
  return reply.unsupported || !reply.retryable;
}

function replaced(agent: Agent | undefined, { agentId, instanceId }: Promote): string | undefined {
  return agent?.instance?.id === instanceId ? undefined : `${agentId} was replaced while it was asked to take over`;
}
