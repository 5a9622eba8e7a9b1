import type { Ms } from '../model/index.ts';

/** Passed to every asynchronous call. Implementations settle promptly once `signal` aborts. */
export interface Call {
  readonly signal: AbortSignal;
  /** Joins log lines and spans of one decision. */
  readonly traceId: string;
}

/** Lifecycle of everything long-lived. Started in dependency order, stopped in reverse; both are idempotent. */
export interface Component {
  /** Longest time its start may take, for one that has more to do the more is stored. [30 s] */
  readonly startWithinMs?: Ms;
  /** Resolves when ready. `signal` aborts when the guard gives up waiting. */
  start?(signal: AbortSignal): Promise<void>;
  /** Resolves when everything is released; `deadline` aborts when there is no more time. */
  stop?(deadline: AbortSignal): Promise<void>;
}

/** Undoes a subscription. */
export interface Subscription {
  dispose(): void;
}

/** Time, injected. Nothing outside `runtime/` reads the real clock, so that one seed gives one run. */
export interface Clock {
  /** Wall-clock time, for people and storage. */
  now(): number;
  /** Never goes back, for intervals; starts anywhere. */
  monotonic(): Ms;
  /** Resolves after `forMs`; rejects with the signal's reason when it aborts. */
  sleep(forMs: Ms, signal?: AbortSignal): Promise<void>;
  /** Runs `run` once after `afterMs`. */
  after(afterMs: Ms, run: () => void): Subscription;
  /** Aborts after `afterMs`. */
  timeout(afterMs: Ms): AbortSignal;
}

/** Chance, injected and seeded. */
export interface Random {
  /** 0 ≤ x < 1. */
  next(): number;
  /** Whole number, 0 ≤ x < `below`. */
  integer(below: number): number;
  /** 26 characters that sort by time (ULID). */
  ulid(): string;
  /** An independent sequence with a name; the same name gives the same sequence. */
  fork(label: string): Random;
}

export type LogFields = { readonly [key: string]: unknown };

export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  child(fields: LogFields): Logger;
}

/** The metrics port; a host joins it to Prometheus or OpenTelemetry. Names are `praetorian_…`, labels are few. */
export interface Metrics {
  count(name: string, by?: number, labels?: { readonly [name: string]: string }): void;
  gauge(name: string, value: number, labels?: { readonly [name: string]: string }): void;
  observe(name: string, value: number, labels?: { readonly [name: string]: string }): void;
}
