import type { Random } from '../../contracts/index.ts';

/** Dice over a seeded sequence. */
export class Dice {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Whole, `from` ≤ x ≤ `to`. */
  whole(from: number, to: number): number {
    return from + this.#random.integer(to - from + 1);
  }

  chance(share: number): boolean {
    return this.#random.next() < share;
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.#random.integer(choices.length)] as T;
  }

  /** By weight. */
  weighted<T extends string>(weights: { readonly [K in T]: number }): T {
    const names = Object.keys(weights) as T[];
    let left = this.#random.next() * names.reduce((sum, name) => sum + weights[name], 0);
    for (const name of names) {
      left -= weights[name];
      if (left < 0) return name;
    }
    return names.at(-1) as T;
  }
}
