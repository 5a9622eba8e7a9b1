/** The brief's performance figures, with its names. What is not known is left out: missing is not zero. */
export interface Figures {
  readonly avg_latency_ms?: number;
  readonly p95_latency_ms?: number;
  readonly p99_latency_ms?: number;
  readonly error_rate?: number;
  readonly requests_per_second: number;
  readonly cpu_usage: number;
  readonly memory_usage_mb: number;
  readonly tasks_completed: number;
  readonly tasks_failed: number;
}

interface Sample {
  readonly at: number;
  readonly latencyMs: number;
  readonly ok: boolean;
}

/** A job that was begun and has not ended. */
export interface JobInHand {
  readonly startedAt: number;
}

/** Most samples kept; beyond it the oldest go first, so that memory and the sort below stay bounded. */
const samplesMax = 4_096;

/** Measures jobs over a sliding window, and the process's processor time and memory. */
export class Meter {
  readonly #windowMs: number;
  readonly #startedAt = performance.now();
  #samples: Sample[] = [];
  readonly #inHand = new Set<JobInHand>();
  #completed = 0;
  #failed = 0;
  #cpu = { at: performance.now(), used: process.cpuUsage(), share: 0 };

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** Notes a job that begins; give the result to `end`. */
  begin(): JobInHand {
    const job = { startedAt: performance.now() };
    this.#inHand.add(job);
    return job;
  }

  /** Notes that it ended. */
  end(job: JobInHand, ok: boolean): void {
    this.#inHand.delete(job);
    this.job(performance.now() - job.startedAt, ok);
  }

  /** Notes a job that took so long. */
  job(latencyMs: number, ok: boolean): void {
    if (ok) this.#completed += 1;
    else this.#failed += 1;
    this.#samples.push({ at: performance.now(), latencyMs, ok });
    if (this.#samples.length > samplesMax) this.#samples = this.#samples.slice(samplesMax / 2);
  }

  figures(): Figures {
    const now = performance.now();
    this.#samples = this.#samples.filter((sample) => now - sample.at <= this.#windowMs);
    const count = this.#samples.length;
    const spanMs = Math.max(1_000, Math.min(this.#windowMs, now - this.#startedAt));
    return {
      ...latencies(this.#samples, this.#overdue(now)),
      requests_per_second: round(count / (spanMs / 1_000)),
      cpu_usage: this.#cpuShare(now),
      memory_usage_mb: round(process.memoryUsage.rss() / 1024 ** 2),
      tasks_completed: this.#completed,
      tasks_failed: this.#failed,
    };
  }

  /** Jobs in hand that take longer already than every finished one: a stuck agent must not look fast. */
  #overdue(now: number): readonly number[] {
    const longest = this.#samples.reduce((most, sample) => Math.max(most, sample.latencyMs), 0);
    return [...this.#inHand].map((job) => now - job.startedAt).filter((age) => age > Math.max(longest, 100));
  }

  /** Share of one processor since the reading before, but over at least half a second, so that it does not jump. */
  #cpuShare(now: number): number {
    const spanMs = now - this.#cpu.at;
    if (spanMs >= 500) {
      const used = process.cpuUsage(this.#cpu.used);
      this.#cpu = { at: now, used: process.cpuUsage(), share: round((used.user + used.system) / 1_000 / spanMs) };
    }
    return this.#cpu.share;
  }
}

function latencies(samples: readonly Sample[], overdue: readonly number[]): Partial<Figures> {
  const sorted = [...samples.map((sample) => sample.latencyMs), ...overdue].sort((a, b) => a - b);
  if (sorted.length === 0) return {};
  const sum = sorted.reduce((total, value) => total + value, 0);
  return {
    avg_latency_ms: round(sum / sorted.length),
    p95_latency_ms: round(percentile(sorted, 0.95)),
    p99_latency_ms: round(percentile(sorted, 0.99)),
    ...(samples.length > 0
      ? { error_rate: round(samples.filter((sample) => !sample.ok).length / samples.length) }
      : {}),
  };
}

/** Nearest rank: the smallest value that at least `share` of all values do not exceed. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
