import type { Ms } from '@praetorian-guard/core/plugin';
import type { HealthTest } from './health-test.ts';

/** One that does not answer in time is asked ever less: the command may still be there, and another would join it. */
const seldomMost = 8;

/** What came of one check. */
export interface Verdict {
  readonly passed: boolean;
  /** It did not answer in time. */
  readonly late: boolean;
  readonly detail: string;
}

/** What has to be known beside it. */
export interface Moment {
  /** Within the start period. */
  readonly isYoung: boolean;
  readonly engineSays: string | undefined;
  readonly nowMs: Ms;
}

/** The rules of the engine: unhealthy after so many failures on end, healthy after one that passed. */
export class HealthJudge {
  readonly #test: HealthTest;
  /** It had not passed a check when the engine forgot it: what fails within the start period does not count. */
  #isStarting: boolean;
  #isUnhealthy: boolean;
  #failed = 0;
  /** When it began to fail, and when that had made it unhealthy. */
  #failingMs: Ms = 0;
  #verdictMs: Ms = 0;
  /** Whether a check was made from here. */
  isAtWork = false;

  constructor(test: HealthTest, status: string | undefined) {
    this.#test = test;
    this.#isStarting = status === 'starting';
    this.#isUnhealthy = status === 'unhealthy';
  }

  /** Intervals to wait after a check that was late. */
  get patience(): number {
    const more = Math.max(0, this.#failed - this.#test.retries);
    return Math.min(2 ** more, seldomMost);
  }

  /** What is to be told, again and again as long as the engine says otherwise: a listing tells what the engine believes. */
  take({ passed }: Verdict, { isYoung, engineSays, nowMs }: Moment): 'healthy' | 'unhealthy' | undefined {
    this.isAtWork = true;
    if (passed) {
      const was = this.#isUnhealthy;
      this.#isStarting = false;
      this.#isUnhealthy = false;
      this.#failed = 0;
      return was || engineSays !== 'healthy' ? 'healthy' : undefined;
    }
    if (this.#isStarting && isYoung) return undefined;
    this.#failed += 1;
    if (this.#failed === 1) this.#failingMs = nowMs;
    if (this.#failed < this.#test.retries) return undefined;
    if (this.#failed === this.#test.retries) this.#verdictMs = nowMs;
    this.#isUnhealthy = true;
    return 'unhealthy';
  }

  /** When its verdict of unhealthy has stood for as long as it took to come to. */
  lastsInMs(nowMs: Ms): Ms {
    const { intervalMs, retries, timeoutMs } = this.#test;
    const tookMs = Math.max(this.#verdictMs - this.#failingMs, retries * intervalMs, intervalMs + timeoutMs);
    return Math.max(0, this.#verdictMs + tookMs - nowMs);
  }
}
