import type { ErrorEntry } from './error-entry.ts';

/** Errors about approvals, their key, and the audit log. */
export const approvalErrors = {
  GUARD_KEY_FILE: {
    text: 'The key file {path} is refused: {why}.',
    remedy:
      'Let its owner alone read it: chmod 600. To make one: openssl rand -hex 32. Its place is approvals.keyFile; guards that share a store need the same.',
    retryable: false,
  },
  GUARD_APPROVAL_STALE: {
    text: 'The answer to incident {incidentId} does not count: {why}',
    remedy: 'Look at what waits now, and answer that: praetorian incidents <incident>.',
    retryable: false,
  },
  GUARD_APPROVAL_TOKEN: {
    text: 'The approval token is refused: {why}.',
    remedy: 'Answer over the HTTP API or the command line instead: praetorian approve <incident>.',
    retryable: false,
  },
  GUARD_AUDIT_BROKEN: {
    text: 'The audit log {chain} is broken at entry {seq}: {why}.',
    remedy: 'Keep a copy of the store for the investigation; entries after that place prove nothing.',
    retryable: false,
  },
} as const satisfies Readonly<Record<string, ErrorEntry>>;
