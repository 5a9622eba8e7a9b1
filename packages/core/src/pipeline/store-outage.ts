import { isGuardError } from '../contracts/index.ts';

/** Answers of a store that is there: what was asked was refused. */
const refusals = ['GUARD_STATE_CONFLICT', 'GUARD_STATE_FENCED', 'GUARD_STATE_KEY', 'GUARD_STATE_VALUE'] as const;

/** Notices when a store that did not answer is back, however short it was away (R05). */
export class StoreOutage {
  readonly #back: () => void;
  #away = false;

  constructor(back: () => void) {
    this.#back = back;
  }

  /** What a commit threw, if anything. */
  heard(thrown: unknown): void {
    const answered = thrown === undefined || refusals.some((code) => isGuardError(thrown, code));
    if (!answered) this.#away = true;
    else if (this.#away) {
      this.#away = false;
      this.#back();
    }
  }
}
