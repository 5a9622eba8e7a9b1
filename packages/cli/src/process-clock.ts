/* oxlint-disable no-restricted-globals, no-restricted-properties, no-restricted-imports -- the process itself is what is measured and shown here; the engine's clock does not exist yet, or not in this process */
import { setTimeout } from 'node:timers/promises';

/** Wall-clock time, to show how long ago something was. */
export function now(): number {
  return Date.now();
}

/** Milliseconds since the process was started, loading of the program included. */
export function sinceProcessStartMs(): number {
  return performance.now();
}

/** `12:04:31`, in the local time zone. */
export function timeOfDay(epochMs: number): string {
  return new Date(epochMs).toTimeString().slice(0, 8);
}

/** `2026-01-31 12:04:31`, in the local time zone: for what may lie days back. */
export function dateAndTime(epochMs: number): string {
  const date = new Date(epochMs);
  const two = (figure: number): string => String(figure).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${timeOfDay(epochMs)}`;
}

/** Resolves after `forMs`, or as soon as the signal aborts. */
export async function pause(forMs: number, signal: AbortSignal): Promise<void> {
  // Rejects with nothing but the abort, which the caller asks the signal for.
  await setTimeout(forMs, undefined, { signal }).catch(() => undefined);
}
