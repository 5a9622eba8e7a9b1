import { describe, expect, it } from 'vitest';
import { bandOf, nextBandEdge } from './assessment.ts';

const severities = Array.from({ length: 10 }, (_, at) => at + 1);

describe('bandOf', () => {
  it('cuts 1–10 into the bands of the brief', () => {
    const bands = severities.map((severity) => `${severity} ${bandOf(severity)}`).join(', ');
    expect(bands).toBe('1 low, 2 low, 3 low, 4 medium, 5 medium, 6 medium, 7 high, 8 high, 9 critical, 10 critical');
  });
});

describe('nextBandEdge', () => {
  it('is the first severity of the band above, and the top from critical', () => {
    expect(severities.map(nextBandEdge)).toEqual([4, 4, 4, 7, 7, 7, 9, 9, 10, 10]);
  });

  it('leads to another band, except from the highest, which it never leaves', () => {
    expect(severities.filter((severity) => bandOf(nextBandEdge(severity)) === bandOf(severity))).toEqual([9, 10]);
    expect(severities.filter((severity) => nextBandEdge(severity) < severity)).toEqual([]);
  });
});
