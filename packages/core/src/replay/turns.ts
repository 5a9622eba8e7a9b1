/** Turns of the microtask queue after which an answer that came at once is passed on. */
const promptTurns = 24;

/** Already settled: awaiting it lets one turn pass. */
const turnOver = Promise.resolve();

/** How far apart two inputs of one turn of the event loop may be to be told to the microtask. */
const countedTurns = 64;

/** Counts the turns of the microtask queue since the last input, for as long as that one's turn of the event loop lasts. */
export class TurnCounter {
  #since: { turns: number } | undefined;

  /** Turns since the last input of this turn of the event loop; `undefined`: there was none. */
  get turns(): number | undefined {
    return this.#since?.turns;
  }

  /** An input came. */
  restart(): void {
    const since = { turns: 0 };
    this.#since = since;
    void this.#count(since);
  }

  async #count(since: { turns: number }): Promise<void> {
    while (since.turns < countedTurns) {
      await turnOver;
      since.turns += 1;
    }
    if (this.#since === since) this.#since = undefined;
  }
}

/** Lets so many turns of the microtask queue pass. */
export async function passTurns(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await turnOver;
}

/** What became of a promise. */
export type Settled<T> =
  | { readonly ok: true; readonly value: T; readonly prompt: boolean }
  | { readonly ok: false; readonly error: unknown; readonly prompt: boolean };

/**
 * Waits for an answer and says whether it came in the same turn of the event loop. One that did is passed on after a
 * fixed number of microtasks, whoever gave it: what runs beside it sees the same order in a replay, where another gives
 * the answer.
 */
export async function settled<T>(make: () => Promise<T>): Promise<Settled<T>> {
  let known: Settled<T> | undefined;
  const whole = promised(make).then(
    (value): Settled<T> => (known = { ok: true, value, prompt: true }),
    (error: unknown): Settled<T> => (known = { ok: false, error, prompt: true }),
  );
  for (let turn = 0; turn < promptTurns; turn += 1) await turnOver;
  return known ?? { ...(await whole), prompt: false };
}

/** What throws at once is an answer like any other. */
async function promised<T>(make: () => Promise<T>): Promise<T> {
  return make();
}
