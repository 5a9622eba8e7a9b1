import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorOfLine } from './log-lines.ts';

describe('errors in a log', () => {
  it.each([
    [
      '2026-11-25 06:00:00 ERROR cannot reach the database',
      { message: '2026-11-25 06:00:00 ERROR cannot reach the database' },
    ],
    ['java.io.IOException: broken pipe', { message: 'java.io.IOException: broken pipe', type: 'IOException' }],
    [
      'Uncaught TypeError: x is not a function',
      { message: 'Uncaught TypeError: x is not a function', type: 'TypeError' },
    ],
    ['Traceback (most recent call last):', { message: 'Traceback (most recent call last):' }],
    [
      '{"level":50,"msg":"job failed","err":{"type":"DbError","message":"reset"}}',
      { message: 'job failed: reset', type: 'DbError' },
    ],
    ['{"level":50,"err":{"type":"DbError","message":"reset"},"msg":"reset"}', { message: 'reset', type: 'DbError' }],
    ['{"level":"error","message":"job failed","error":"reset"}', { message: 'job failed: reset' }],
    ['[42]$Db_Error.Retry gave up', { message: '[42]$Db_Error.Retry gave up', type: '$Db_Error' }],
    ['Error: reset', { message: 'Error: reset' }],
    ['{"level":"error","mess', { message: '{"level":"error","mess' }],
  ])('finds the one in %s', (line, expected) => {
    expect(errorOfLine(line)).toEqual(expected);
  });

  it.each([
    'GET /orders 200 in 13 ms',
    '{"level":30,"msg":"no error so far"}',
    '{"level":"info","message":"errors are counted"}',
    'finished with 0 errors',
    'shutting down without error',
    '',
  ])('finds none in %s', (line) => {
    expect(errorOfLine(line)).toBeUndefined();
  });

  it('takes no longer for a hostile line than for a usual one', () => {
    // A page of a log has up to 5000 of them, and the guard does nothing else meanwhile.
    const work = (line: string): number => {
      let least = Infinity;
      for (let round = 0; round < 5; round += 1) {
        const before = process.cpuUsage();
        for (let time = 0; time < 20; time += 1) errorOfLine(line);
        const { user } = process.cpuUsage(before);
        least = Math.min(least, user);
      }
      return least;
    };
    const usual = work('the quick brown fox '.repeat(200));
    const slow = ['a.', '$a', 'Error', 'a-Errors ', 'no '].filter(
      (hostile) => work(hostile.repeat(2_048)) > 20 * usual + 20_000,
    );
    expect(slow).toEqual([]);
  });

  it('takes any line', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ maxLength: 6_000 }), fc.json()), (line) => {
        expect((errorOfLine(line)?.message ?? '').length).toBeLessThanOrEqual(4_096);
      }),
    );
  });
});
