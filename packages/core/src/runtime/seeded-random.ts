import { createHash, randomBytes } from 'node:crypto';
import type { Clock, Random } from '../contracts/index.ts';
import { invariant } from '../contracts/index.ts';

/**
 * A sequence that depends on the seed alone (and, for `ulid`, on the clock): one seed gives one run.
 * Not for keys or tokens.
 */
export function seededRandom(seed: string | number, clock: Pick<Clock, 'now'>): Random {
  const draw = sfc32(String(seed));
  const next = (): number => ((draw() >>> 5) * 67_108_864 + (draw() >>> 6)) / 9_007_199_254_740_992;
  return {
    next,
    integer(below) {
      invariant(Number.isSafeInteger(below) && below > 0, `integer(below) needs a whole number above 0, not ${below}`);
      return Math.floor(next() * below);
    },
    ulid: ulidMaker(clock, draw),
    fork: (label) => seededRandom(`${seed}/${label}`, clock),
  };
}

/** A sequence nobody can foresee, for production. */
export function systemRandom(clock: Pick<Clock, 'now'>): Random {
  return seededRandom(randomBytes(32).toString('hex'), clock);
}

/** The generator sfc32 of Chris Doty-Humphrey (PractRand): 128 bits of state, period of at least 2^32. */
function sfc32(seed: string): () => number {
  const digest = createHash('sha256').update(seed).digest();
  let a = digest.readInt32LE(0);
  let b = digest.readInt32LE(4);
  let c = digest.readInt32LE(8);
  let counter = 1;
  return () => {
    const result = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + result) | 0;
    return result >>> 0;
  };
}

const crockford = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/**
 * ULIDs: 10 characters of time, 16 of chance. They only ever go up, also within one millisecond and when the wall
 * clock is set back: then the last one is counted up by one.
 */
function ulidMaker(clock: Pick<Clock, 'now'>, draw: () => number): () => string {
  let lastMs = -1;
  const digits = new Uint8Array(16);
  const refill = (): void => {
    for (let at = 0; at < digits.length; at += 1) digits[at] = draw() >>> 27;
  };
  return () => {
    const nowMs = Math.max(0, Math.floor(clock.now()));
    if (nowMs > lastMs) {
      lastMs = nowMs;
      refill();
    } else if (!increment(digits)) {
      lastMs += 1;
      refill();
    }
    let text = '';
    for (let rest = lastMs, place = 0; place < 10; place += 1, rest = Math.floor(rest / 32)) {
      text = crockford.charAt(rest % 32) + text;
    }
    for (const digit of digits) text += crockford.charAt(digit);
    return text;
  };
}

/** Counts the digits (base 32, most significant first) up by one; `false` when they overflow. */
function increment(digits: Uint8Array): boolean {
  for (let at = digits.length - 1; at >= 0; at -= 1) {
    const digit = digits[at] as number;
    digits[at] = (digit + 1) % 32;
    if (digit < 31) return true;
  }
  return false;
}
