import { isGuardError, messageOf } from '../contracts/index.ts';
import type { EpochMs, Receipt } from '../model/index.ts';

/** A failure of an action as it stands in its receipt. */
export interface Failure {
  readonly code: string;
  readonly text: string;
  readonly retryable: boolean;
}

/** The receipt of an action that failed. */
export function failed(key: string, at: EpochMs, { code, text, retryable }: Failure): Receipt {
  return { key, at, result: 'failed', code, text, retryable };
}

/** The receipt of an action that threw. What is not an error of ours may pass by itself. */
export function failedBy(key: string, at: EpochMs, error: unknown): Receipt {
  const known = isGuardError(error);
  return failed(key, at, {
    code: known ? error.code : 'GUARD_ORCHESTRATOR_FAILED',
    text: messageOf(error),
    retryable: known ? error.retryable : true,
  });
}
