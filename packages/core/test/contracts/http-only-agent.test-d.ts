/**
 * How the contracts carry an agent that nobody orchestrates: it registers itself, sends heartbeats and errors, and is
 * watched, routed around and escalated, but never acted on.
 */
import { expectTypeOf } from 'vitest';
import type {
  Agent,
  AgentMetrics,
  Decision,
  GuardApi,
  Heartbeat,
  HeartbeatAck,
  Plan,
  Registration,
  SignalDraft,
  Strategy,
} from '@praetorian-guard/core/plugin';

const registration = {
  id: 'laptop-agent',
  group: 'edge',
  endpoint: 'http://192.168.1.20:4001',
  role: 'primary',
  criticality: 1,
} as const satisfies Registration;

/** The body of `POST /heartbeat`, with the brief's figures. */
const beat = {
  agentId: registration.id,
  seq: 17,
  status: 'ok',
  metrics: { p95_latency_ms: 280, error_rate: 0.02, cpu_usage: 0.35, memory_usage_mb: 512 },
  progress: { activeTasks: 2, lastProgressAt: 1_767_225_600_000 },
} as const satisfies Heartbeat;

export async function join(guard: GuardApi): Promise<Agent> {
  const { agent } = await guard.agents.register(registration);
  guard.ingest({ kind: 'error', agentId: agent.id, message: 'connection reset', count: 3 });
  return agent;
}

/** What an agent does with the answer: every one is to be handled. */
export function obey(guard: GuardApi): 'go on' | 'finish' | 'step down' | 'stop' | 'register' | 'mend' {
  const ack: HeartbeatAck = guard.heartbeat(beat);
  switch (ack) {
    case 'accepted':
    case 'duplicate':
    case 'isolated':
      return 'go on';
    case 'drain':
      return 'finish';
    case 'epoch':
      return 'step down';
    case 'retired':
      return 'stop';
    case 'unknown':
      return 'register';
    case 'invalid':
      return 'mend';
  }
}

/** No orchestrator, no capability: abstaining is a result with a reason. */
export const handsOff: Strategy = {
  propose: (facts, _assessment, can): Decision<Plan> =>
    can.length === 0
      ? {
          act: false,
          reason: { code: 'no-orchestrator', text: `Nobody runs ${facts.agent.id}.`, remedy: 'Heal it by hand.' },
        }
      : { act: false, reason: { code: 'acme/not-mine', text: 'This strategy only watches.' } },
};

// The agent is one without an orchestrator, and may be one without a known instance.
expectTypeOf<Agent['orchestrator']>().toEqualTypeOf<string | undefined>();
expectTypeOf<Agent['instance']>().toBeNullable();
// Missing figures are unknown: none is required, and none is null.
expectTypeOf<AgentMetrics['error_rate']>().toEqualTypeOf<number | undefined>();
({}) satisfies AgentMetrics;
// @ts-expect-error -- what is not known is left out, not null
({ error_rate: null }) satisfies AgentMetrics;
// @ts-expect-error -- the receipt is stamped by the guard, never by the sender
({ kind: 'metrics', agentId: 'a', metrics: {}, receivedMs: 5 }) satisfies SignalDraft;
// @ts-expect-error -- an agent does not name its own health
({ agentId: 'a', status: 'failed' }) satisfies Heartbeat;
