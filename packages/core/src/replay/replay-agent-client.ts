import type { AgentClient, AgentReply, AgentTarget, StateReply } from '../recovery/index.ts';
import type { Json } from '../model/index.ts';
import type { Answers } from './answers.ts';
import { callNames } from './ports.ts';
import { standIn } from './stand-in.ts';

/** Replies from the record; a call the record does not have succeeds, except that no state is invented. */
export function replayAgentClient(answers: Answers): AgentClient {
  const call = ({ agent }: AgentTarget, verb: string): Promise<AgentReply> =>
    answers.act<AgentReply>(
      callNames.agent(agent.id, verb),
      () => ({ ok: true }),
      (value) => value as unknown as AgentReply,
    );
  return {
    fetchState: ({ agent }) =>
      answers.act<StateReply>(
        callNames.agent(agent.id, 'fetchState'),
        () => ({ ok: false, unsupported: true, text: 'the record has no state' }),
        withZeros,
      ),
    putState: (target) => call(target, 'putState'),
    drain: (target) => call(target, 'drain'),
    promote: (target) => call(target, 'promote'),
  };
}

function withZeros(value: Json | undefined): StateReply {
  const reply = value as unknown as
    | Exclude<StateReply, { ok: true }>
    | { readonly ok: true; readonly state: { readonly size: number; readonly contentType: string } };
  if (!reply.ok) return reply;
  const { size, contentType } = reply.state;
  return { ok: true, state: { bytes: standIn(size), contentType } };
}
