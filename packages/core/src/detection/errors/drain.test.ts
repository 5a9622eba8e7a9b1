import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Drain, slugOf } from './drain.ts';
import { maskedTokens } from './mask.ts';

const add = (drain: Drain, line: string) => drain.add(maskedTokens(line), 0);

describe('masking', () => {
  it.each([
    ['connect to 10.0.0.7:5432 failed', 'connect to <ip> failed'],
    ['user=42 took 13.5ms', 'user=<n> took <n>ms'],
    ['job 3f2504e0-4f89-11d3-9a0c-0305e82c3301 lost', 'job <uuid> lost'],
    ['GET https://a.example/x?y=1 answered 503', 'GET <url> answered <n>'],
    ['2026-11-25T06:00:00Z cannot open /var/lib/x/y.db: denied', '<time> cannot open <path>: denied'],
    ['trace deadbeef01 (attempt 3)', 'trace <hex> (attempt <n>)'],
    ['mail to ann@example.org bounced', 'mail to <email> bounced'],
  ])('%s', (line, expected) => {
    expect(maskedTokens(line).join(' ')).toBe(expected);
  });

  it('reads the first line only, and no more than 4 KiB and 64 words of it', () => {
    expect(maskedTokens('first thing\n  at second')).toEqual(['first', 'thing']);
    expect(maskedTokens('word '.repeat(5_000))).toHaveLength(64);
    expect(maskedTokens('x'.repeat(100_000))[0]).toHaveLength(4_096);
  });

  it('takes any text, in time that grows with its length only', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 5_000 }), (text) => {
        expect(maskedTokens(text).length).toBeLessThanOrEqual(64);
      }),
    );
    expect(maskedTokens(`${'('.repeat(2_000)}${'a/'.repeat(1_000)}`)).toHaveLength(1);
  });
});

describe('Drain', () => {
  it('finds what lines have in common', () => {
    const drain = new Drain();
    const ids = ['alpha', 'beta', 'gamma'].map((job) => add(drain, `job ${job} failed: connection reset`).id);
    expect(new Set(ids).size).toBe(1);
    expect(drain.pattern(ids[0] as number)?.words.join(' ')).toBe('job <*> failed: connection reset');
    expect(slugOf(drain.pattern(ids[0] as number)?.words ?? [])).toBe('job-failed-connection-reset');
  });

  it('keeps apart what differs in more than it shares, in length, or in its first word', () => {
    const drain = new Drain();
    const lines = [
      'disk full on volume data',
      'disk gone from rack seven',
      'disk full on volume',
      'net full on volume data',
    ];
    expect(new Set(lines.map((line) => add(drain, line).id)).size).toBe(4);
  });

  it('forgets the pattern that was not seen for longest', () => {
    const drain = new Drain({ patternsMax: 2 });
    const first = add(drain, 'one thing happened').id;
    add(drain, 'another two');
    add(drain, 'one thing happened');
    add(drain, 'third');
    expect(drain.size).toBe(2);
    expect(add(drain, 'one thing happened').id).toBe(first);
  });

  it('stays within its bounds whatever comes', () => {
    const drain = new Drain({ patternsMax: 50, childrenMax: 10 });
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 40 }), { maxLength: 50 }), (lines) => {
        for (const line of lines) add(drain, line);
        expect(drain.size).toBeLessThanOrEqual(50);
      }),
    );
  });

  it('gives the same pattern to the same line, as long as it is kept', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1, maxLength: 30 }), { maxLength: 30 }), (lines) => {
        const drain = new Drain();
        for (const line of lines) expect(add(drain, line).id).toBe(add(drain, line).id);
      }),
    );
  });

  it('names a hostile message about as fast as a usual one', () => {
    const work = (word: string): number => {
      const before = process.cpuUsage();
      for (let time = 0; time < 20; time += 1) slugOf([word]);
      return process.cpuUsage(before).user;
    };
    expect(work('<'.repeat(4_096))).toBeLessThan(20 * work('x'.repeat(4_096)) + 40_000);
  });
});
