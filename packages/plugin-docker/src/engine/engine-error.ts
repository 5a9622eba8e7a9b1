import { messageOf } from '@praetorian-guard/core/plugin';

/** What an engine answered or why it could not be asked. */
export class EngineError extends Error {
  /** HTTP status of the answer; absent when there was none. */
  readonly status: number | undefined;
  /** Nobody knows whether the engine did it: the connection broke or it took too long. */
  readonly lost: boolean;

  constructor(message: string, facts: { status?: number | undefined; lost: boolean; cause?: unknown }) {
    super(message, { cause: facts.cause });
    this.name = 'EngineError';
    this.status = facts.status;
    this.lost = facts.lost;
  }
}

/** Before a connection there was nothing that could have been done. */
const neverReached = new Set(['ENOENT', 'ECONNREFUSED', 'EACCES', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH']);

/** What the client library threw, in our terms: the engine's own sentence, its status, and whether it may have acted. */
export function engineErrorOf(what: string, thrown: unknown): EngineError {
  if (thrown instanceof EngineError) return thrown;
  const { statusCode, code, json } = (thrown ?? {}) as { statusCode?: number; code?: string; json?: unknown };
  if (typeof statusCode === 'number') {
    const said = (json as { message?: unknown } | undefined)?.message;
    const text = typeof said === 'string' && said !== '' ? said.trim() : messageOf(thrown);
    return new EngineError(`${what}: ${text}`, { status: statusCode, lost: false, cause: thrown });
  }
  const lost = !(typeof code === 'string' && neverReached.has(code));
  return new EngineError(`${what}: ${messageOf(thrown)}`, { lost, cause: thrown });
}

/** Whether the engine answered that there is no such thing. */
export function isMissing(error: unknown): boolean {
  return error instanceof EngineError && error.status === 404;
}

/** Whether nobody knows if the engine did it. */
export function isLost(error: unknown): boolean {
  return error instanceof EngineError && error.lost;
}

/** Whether the container is being removed already, and so can neither be removed nor changed. */
export function isGoing(error: unknown): boolean {
  return error instanceof EngineError && error.status === 409;
}

/**
 * Whether a container can never be started: an engine that was ended in the middle of its start has left a task of it behind
 * that the engine after it knows nothing of (seen with Docker 20.10 and `live-restore`).
 */
export function isStuck(error: unknown): boolean {
  return error instanceof EngineError && /\b(task .*already exists|id already in use)\b/.test(error.message);
}
