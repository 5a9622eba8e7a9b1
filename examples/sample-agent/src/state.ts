import { createHash } from 'node:crypto';
import type { Counters } from './work.ts';

/** The agent's state as it travels: `GET /state`, `PUT /state` and the checkpoints sent to the guard. */
export interface SavedState {
  readonly version: 1;
  readonly agentId: string;
  readonly takenAt: number;
  readonly counters: Readonly<Counters>;
  /** SHA-256 of everything above, in hex. */
  readonly checksum: string;
}

/** A state that must not be taken over. */
export class StateError extends Error {
  override readonly name = 'StateError';
}

/** The state now. `corrupt` writes a checksum that does not fit, as a damaged disk would. */
export function saveState(agentId: string, counters: Readonly<Counters>, corrupt: boolean): SavedState {
  const body = { version: 1, agentId, takenAt: Date.now(), counters: { ...counters } } as const;
  return { ...body, checksum: checksumOf(corrupt ? { ...body, takenAt: 0 } : body) };
}

/** Checks a state and gives its counters; throws `StateError` and changes nothing when it is not whole. */
export function checkState(value: unknown, agentId: string): Counters {
  if (typeof value !== 'object' || value === null) throw new StateError('the state is not a JSON object');
  const state = value as Partial<SavedState>;
  if (state.version !== 1)
    throw new StateError(`version is ${JSON.stringify(state.version)}; this agent reads version 1`);
  if (state.agentId !== agentId)
    throw new StateError(`the state belongs to agent ${JSON.stringify(state.agentId)}, not to ${agentId}`);
  const { completed, failed, digest } = state.counters ?? {};
  if (!isCount(completed)) throw new StateError('counters.completed is not a count');
  if (!isCount(failed)) throw new StateError('counters.failed is not a count');
  if (typeof digest !== 'string') throw new StateError('counters.digest is not a text');
  const counters = { completed, failed, digest };
  const expected = checksumOf({ version: 1, agentId, takenAt: state.takenAt ?? 0, counters });
  if (state.checksum !== expected) throw new StateError('the checksum does not fit the content: the state is damaged');
  return counters;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function checksumOf(body: Omit<SavedState, 'checksum'>): string {
  const { version, agentId, takenAt, counters } = body;
  const text = JSON.stringify([version, agentId, takenAt, counters.completed, counters.failed, counters.digest]);
  return createHash('sha256').update(text).digest('hex');
}
