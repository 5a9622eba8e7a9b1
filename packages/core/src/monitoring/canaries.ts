import type { DoubtStatus } from '../contracts/index.ts';
import type { ProbeAnswer } from './prober.ts';

/** Good answers in a row after which a canary that failed counts as reached again. */
const goodAgain = 2;

interface Canary {
  readonly url: string;
  reached: boolean | undefined;
  why: string;
  good: number;
}

/**
 * Endpoints that are known to be there, by which the guard sees whether it is itself cut off (R04). One that does not
 * answer counts at once; it takes two answers in a row to believe that the way is open again. Any answer will do, an
 * error too: it is the way that is tested, not the endpoint.
 */
export class Canaries {
  readonly #canaries: readonly Canary[];
  readonly #ask: (url: string) => Promise<ProbeAnswer>;
  /** A round that is not over is not overtaken by the next. */
  #asking = false;

  constructor(urls: readonly string[], ask: (url: string) => Promise<ProbeAnswer>) {
    this.#canaries = urls.map((url) => ({ url, reached: undefined, why: '', good: 0 }));
    this.#ask = ask;
  }

  /** Which did not answer, in a sentence; `undefined` while all do, and before they were asked. */
  get failed(): string | undefined {
    const failed = this.#canaries.filter(({ reached }) => reached === false);
    if (failed.length === 0) return undefined;
    const which = failed.map(({ url, why }) => `${url} (${why})`).join(', ');
    return `the guard does not reach ${which}`;
  }

  /** There are canaries, and every one answers. */
  get allReached(): boolean {
    return this.#canaries.length > 0 && this.#canaries.every(({ reached }) => reached === true);
  }

  list(): DoubtStatus['canaries'] {
    return this.#canaries.map(({ url, reached, why }) => ({
      url,
      ...(reached === undefined ? {} : { reached }),
      ...(reached === false ? { why } : {}),
    }));
  }

  async round(): Promise<void> {
    if (this.#asking || this.#canaries.length === 0) return;
    this.#asking = true;
    await Promise.all(this.#canaries.map(async (canary) => note(canary, await this.#ask(canary.url))));
    this.#asking = false;
  }
}

function note(canary: Canary, { statusCode, outcome, detail }: ProbeAnswer): void {
  if (statusCode === undefined && outcome !== 'up') {
    canary.good = 0;
    canary.reached = false;
    canary.why = detail ?? 'no answer';
    return;
  }
  canary.good += 1;
  if (canary.reached !== false || canary.good >= goodAgain) canary.reached = true;
}
