import type { ErrorEntry } from './error-entry.ts';

/** Errors of store and leases. */
export const stateErrors = {
  GUARD_STATE_CONFLICT: {
    text: 'The key {key} was changed by another: expected version {expected}, found {found}.',
    remedy: 'Read it again and decide anew.',
    retryable: true,
  },
  GUARD_STATE_FENCED: {
    text: 'The write to {partition} carries fence {fence}, but {highest} has been seen.',
    remedy: 'Another guard owns the shard now; stop acting on it.',
    retryable: false,
  },
  GUARD_STATE_UNAVAILABLE: {
    text: 'The store does not answer: {why}.',
    remedy: 'Check the store; the guard decides nothing until it is back.',
    retryable: true,
  },
  GUARD_STATE_CORRUPT: {
    text: 'The store at {path} is damaged: {why}.',
    remedy:
      'Restore the folder from a backup, or move it away to start empty; open incidents and budgets in it are lost then.',
    retryable: false,
  },
  GUARD_STATE_NEWER: {
    text: 'The store at {path} was written by a newer guard: its schema is {found}, and this one knows {known}.',
    remedy: 'Start the newer version again, or restore a backup from before the upgrade.',
    retryable: false,
  },
  GUARD_STATE_LOCKED: {
    text: 'The store at {path} is in use by another process.',
    remedy: 'Stop the other guard, or give this one another path.',
    retryable: false,
  },
  GUARD_STATE_READ_ONLY: {
    text: 'The store at {path} cannot be written: {why}.',
    remedy: 'Give the guard write permission on the folder, or another path.',
    retryable: false,
  },
  GUARD_STATE_CLOSED: {
    text: 'The store is closed.',
    remedy: 'Call start() first and nothing after stop().',
    retryable: false,
  },
  GUARD_STATE_KEY: {
    text: 'The key {key} is not allowed: {why}.',
    remedy: 'Use 1–512 printable characters without spaces.',
    retryable: false,
  },
  GUARD_STATE_VALUE: {
    text: 'The value of {key} cannot be stored: {why}.',
    remedy: 'Store plain JSON, or at most 256 KiB of bytes per key.',
    retryable: false,
  },
  GUARD_LEASE_LOST: {
    text: 'The lease {name} with fence {fence} is lost: {why}.',
    remedy: 'Stop acting under it; it has to be acquired anew.',
    retryable: false,
  },
} as const satisfies Readonly<Record<string, ErrorEntry>>;
