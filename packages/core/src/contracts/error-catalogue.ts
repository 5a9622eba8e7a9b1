import type { ErrorEntry } from './error-entry.ts';
import { approvalErrors } from './errors-approval.ts';
import { fleetErrors } from './errors-fleet.ts';
import { httpErrors } from './errors-http.ts';
import { setupErrors } from './errors-setup.ts';
import { stateErrors } from './errors-state.ts';

/**
 * Every error of the engine and its plugins, once. Codes are never reused; each is documented in
 * `docs/reference/errors.md`. Retired codes: none so far.
 */
export const errorCatalogue = {
  ...setupErrors,
  ...stateErrors,
  ...fleetErrors,
  ...approvalErrors,
  ...httpErrors,
  GUARD_SCENARIO_INVALID: {
    text: 'The scenario {file}, line {line}, cannot be played: {why}.',
    remedy: 'Mend the line; the words of a scenario stand in the docs of `@praetorian-guard/core/testing`.',
    retryable: false,
  },
  GUARD_INVARIANT: {
    text: 'A promise of the engine was broken: {what}.',
    remedy: 'Please report this.',
    retryable: false,
  },
} as const satisfies Readonly<Record<string, ErrorEntry>>;
