import type { Clock, Ms } from '@praetorian-guard/core/plugin';

interface Reading {
  readonly atMs: Ms;
  readonly requests: number;
  readonly failures: number;
  readonly cpuMicros: number;
}

/** What the guard's process uses and serves, measured over the time since an earlier reading. */
export interface UsageFigures {
  readonly error_rate?: number;
  readonly requests_per_second: number;
  readonly cpu_usage: number;
  readonly memory_usage_mb: number;
}

const windowMs = 30_000;

/** Counts requests and failures, and reads processor and memory only when asked. */
export class Usage {
  readonly #clock: Clock;
  #before: Reading;
  requests = 0;
  failures = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#before = this.#read();
  }

  /** Figures since a reading at most about half a minute old. Without a request in between the error rate is unknown. */
  figures(): UsageFigures {
    const now = this.#read();
    const { atMs, requests, failures, cpuMicros } = this.#before;
    const took = Math.max(1, now.atMs - atMs);
    const served = now.requests - requests;
    if (took >= windowMs) this.#before = now;
    return {
      // What failed may have been asked for before the time that is looked at.
      ...(served > 0 ? { error_rate: Math.min(1, (now.failures - failures) / served) } : {}),
      requests_per_second: (served * 1_000) / took,
      cpu_usage: (now.cpuMicros - cpuMicros) / 1_000 / took,
      memory_usage_mb: process.memoryUsage.rss() / 1024 / 1024,
    };
  }

  #read(): Reading {
    const { user, system } = process.cpuUsage();
    const { requests, failures } = this;
    return { atMs: this.#clock.monotonic(), requests, failures, cpuMicros: user + system };
  }
}
