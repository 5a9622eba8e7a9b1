/**
 * What brings an agent back: genesis turns a plan into steps, checkpoints keep states, the agent client hands them over.
 * Nothing here acts by itself; the executor does.
 */
export type { AgentClient, AgentReply, AgentTarget, StateReply } from './agent-client.ts';
export { httpAgentClient } from './agent-client.ts';
export type { PromotionFacts } from './may-promote.ts';
export { mayPromote } from './may-promote.ts';
export type { LoadedCheckpoint } from './checkpoints.ts';
export { Checkpoints } from './checkpoints.ts';
