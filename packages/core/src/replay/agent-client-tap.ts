import type { AgentClient, AgentTarget, StateReply } from '../recovery/index.ts';
import { callNames } from './ports.ts';
import type { RecordedCall, Recorder } from './recorder.ts';
import { tapped } from './tapped.ts';

/** A client of which every reply is written down; of a state its size alone, because it may be large and is private. */
export function tapAgentClient(recorder: Recorder, inner: AgentClient): AgentClient {
  const call = ({ agent }: AgentTarget, verb: string): RecordedCall => ({
    about: callNames.agent(agent.id, verb),
    begin: true,
  });
  return tapped(inner, {
    fetchState: (target, signal) =>
      recorder.call({ ...call(target, 'fetchState'), keep: withoutBytes }, () => inner.fetchState(target, signal)),
    putState: (target, state, signal) =>
      recorder.call(call(target, 'putState'), () => inner.putState(target, state, signal)),
    drain: (target, forMs, signal) => recorder.call(call(target, 'drain'), () => inner.drain(target, forMs, signal)),
    promote: (target, order, signal) =>
      recorder.call(call(target, 'promote'), () => inner.promote(target, order, signal)),
  });
}

function withoutBytes(reply: StateReply): unknown {
  if (!reply.ok) return reply;
  const { bytes, contentType } = reply.state;
  return { ok: true, state: { size: bytes.byteLength, contentType } };
}
