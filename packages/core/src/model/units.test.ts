import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, parseBytes, parseDuration, parseRatio } from './units.ts';

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const unit = fc.constantFrom('ms', 's', 'm', 'h', 'd');
const blank = fc.constantFrom('', ' ', '  ', '\t');
const amount = fc.integer({ min: 0, max: 100_000 });
/** Anything up to forty days, and often what lies close to a whole number of units: there rounding goes wrong. */
const anyMs = fc.oneof(
  fc.double({ min: 0, max: 40 * unitMs.d, noNaN: true }),
  fc
    .tuple(fc.integer({ min: 1, max: 40 }), unit, fc.double({ min: -200, max: 200, noNaN: true }))
    .map(([count, name, off]) => Math.max(0, count * unitMs[name] + off)),
);

describe('parseDuration', () => {
  it('adds up the parts, with white space between them', () => {
    const part = fc.tuple(amount, unit, blank, blank);
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), (parts) => {
        const text = parts.map(([count, name, before, after]) => `${count}${before}${name}${after}`).join('');
        expect(parseDuration(text)).toBe(parts.reduce((sum, [count, name]) => sum + count * unitMs[name], 0));
      }),
    );
  });

  it('takes a bare number as seconds, as a number and as text', () => {
    fc.assert(
      fc.property(amount, (seconds) => {
        expect(parseDuration(seconds)).toBe(seconds * 1_000);
        expect(parseDuration(` ${seconds} `)).toBe(seconds * 1_000);
      }),
    );
  });

  it.each([
    ['', ' ', '-', 's', 'ms5', '-5s', '+5s', '5 sec', '5S', '1e3s', '0x10', '5s,', '1.s', '.5s', '1.2.3s', '5s3'],
    // Digits that are not ours, and white space inside a number, which could mean anything.
    ['٣s', '1 0s', '5 0 ms', '1. 5s'],
    [`${'9'.repeat(400)}s`, '9'.repeat(400)],
  ])('refuses what is no duration, as %.9s', (...texts) => {
    expect(texts.map((text) => [text, parseDuration(text)])).toEqual(texts.map((text) => [text, undefined]));
  });

  it.each([Number.NaN, Infinity, -Infinity, -1])('refuses the number %d', (value) => {
    expect(parseDuration(value)).toBeUndefined();
  });

  it('gives a finite amount or nothing, whatever the text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const ms = parseDuration(text);
        expect(ms === undefined || (Number.isFinite(ms) && ms >= 0)).toBe(true);
      }),
    );
  });
});

describe('formatDuration', () => {
  it('writes what parseDuration reads: exactly below 1 s, else to a tenth of a second, from one hour on to the second unit', () => {
    fc.assert(
      fc.property(anyMs, (ms) => {
        const read = parseDuration(formatDuration(ms)) as number;
        // What is left out is smaller than the smallest unit that may be shown second.
        const shown = ms >= unitMs.d ? unitMs.h : ms >= unitMs.h ? unitMs.m : 51;
        expect(Math.abs(read - ms)).toBeLessThanOrEqual(ms < 999.5 ? 0.5 : shown);
      }),
    );
  });

  it('is stable: what was written is written the same again', () => {
    fc.assert(
      fc.property(anyMs, (ms) => {
        const text = formatDuration(ms);
        expect(formatDuration(parseDuration(text) as number)).toBe(text);
      }),
    );
  });

  it('never shows a unit as many times as the next one holds', () => {
    const holds = { ms: 1_000, s: 60, m: 60, h: 24, d: Infinity } as const;
    fc.assert(
      fc.property(anyMs, (ms) => {
        for (const [, count, name] of formatDuration(ms).matchAll(/([\d.]+)(ms|s|m|h|d)/g)) {
          expect(Number(count)).toBeLessThan(holds[name as keyof typeof holds]);
        }
      }),
    );
  });

  it.each([
    [0, '0ms'],
    [999.6, '1s'],
    [1_500, '1.5s'],
    [59_960, '1m'],
    [90_000, '1m30s'],
    [119_990, '2m'],
    [3_600_000, '1h'],
    [90_061_000, '1d1h'],
  ])('writes %d ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});

describe('parseRatio', () => {
  it('reads a percentage as its hundredth, without the dust of binary fractions', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100_000 }), (thousandths) => {
        const percent = (thousandths / 1_000).toFixed(3);
        expect(parseRatio(`${percent}%`)).toBe(Number((thousandths / 100_000).toFixed(5)));
        expect(parseRatio(` ${percent} % `)).toBe(parseRatio(`${percent}%`));
      }),
    );
  });

  it('takes a bare number as the share itself', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000 }), (thousandths) => {
        expect(parseRatio(thousandths / 1_000)).toBe(thousandths / 1_000);
        expect(parseRatio((thousandths / 1_000).toFixed(3))).toBe(thousandths / 1_000);
      }),
    );
  });

  it.each(['', '%', '101%', '1.0001', '-1%', '-0.1', '1e-3', '5 5%', 'half', '1,5%', 'NaN', 'Infinity'])(
    'refuses %j',
    (text) => {
      expect(parseRatio(text)).toBeUndefined();
    },
  );

  it.each([Number.NaN, Infinity, -0.001, 1.001])('refuses the number %d', (value) => {
    expect(parseRatio(value)).toBeUndefined();
  });

  it('gives a share or nothing, whatever the text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const share = parseRatio(text);
        expect(share === undefined || (share >= 0 && share <= 1)).toBe(true);
      }),
    );
  });
});

describe('parseBytes', () => {
  const power = { '': 0, k: 1, m: 2, g: 3, t: 4 } as const;

  it('reads every spelling of a unit alike, as powers of 1024', () => {
    const name = fc.constantFrom('k', 'm', 'g', 't');
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_000 }), name, fc.boolean(), blank, (count, one, upper, space) => {
        const bytes = count * 1_024 ** power[one];
        for (const suffix of ['', 'b', 'ib']) {
          const text = `${count}${space}${one}${suffix}`;
          expect(parseBytes(upper ? text.toUpperCase() : text)).toBe(bytes);
        }
      }),
    );
  });

  it('takes a bare number as bytes, and rounds a fraction to whole bytes', () => {
    expect(parseBytes('512')).toBe(512);
    expect(parseBytes('512B')).toBe(512);
    expect(parseBytes(512)).toBe(512);
    expect(parseBytes('1.5GiB')).toBe(1.5 * 1_024 ** 3);
    expect(parseBytes('1.0001k')).toBe(1_024);
  });

  it.each(['', ' ', 'b', 'k', '-5m', '5x', '5mm', '5ib', '5 m b', '1e3', '1,5g', '1 024', '9'.repeat(400)])(
    'refuses %.9s',
    (text) => {
      expect(parseBytes(text)).toBeUndefined();
    },
  );

  it.each([Number.NaN, Infinity, -1])('refuses the number %d', (value) => {
    expect(parseBytes(value)).toBeUndefined();
  });
});
