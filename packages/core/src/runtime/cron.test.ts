import { describe, expect, it } from 'vitest';
import { CronSchedule, cronProblem } from './cron.ts';

const at = (text: string): number => Date.parse(text);
const said = (moment: number | undefined): string => new Date(moment as number).toISOString();

describe('a cron schedule', () => {
  it('follows the summer time of its zone: the gap moves a moment, the doubled hour has it once', () => {
    const daily = new CronSchedule('30 2 * * *', 'Europe/Berlin');
    expect(said(daily.after(at('2026-03-28T12:00:00Z')))).toBe('2026-03-29T01:00:00.000Z');
    expect(said(daily.after(at('2026-03-29T02:00:00Z')))).toBe('2026-03-30T00:30:00.000Z');
    const first = daily.after(at('2026-10-24T12:00:00Z')) as number;
    expect(said(first)).toBe('2026-10-25T00:30:00.000Z');
    expect(said(daily.after(first))).toBe('2026-10-26T01:30:00.000Z');
  });

  it('names what comes after a moment, never the moment itself', () => {
    const hourly = new CronSchedule('0 * * * *', 'UTC');
    expect(said(hourly.after(at('2026-01-01T05:00:00Z')))).toBe('2026-01-01T06:00:00.000Z');
    expect(said(hourly.after(at('2026-01-01T04:59:59.999Z')))).toBe('2026-01-01T05:00:00.000Z');
  });

  it.each([
    ['0 2 * * 6', 'UTC', undefined],
    ['0 2 * * SAT', 'America/New_York', undefined],
    ['whenever', 'UTC', 'cron'],
    ['0 0 2 * * 6', 'UTC', 'cron'],
    ['61 * * * *', 'UTC', 'cron'],
    ['0 0 30 2 *', 'UTC', 'cron'],
    ['0 2 * * 6', 'Mars/Base', 'timeZone'],
  ] as const)('%s in %s: problem of %s', (pattern, zone, of) => {
    expect(cronProblem(pattern, zone, at('2026-01-01T00:00:00Z'))?.of).toBe(of);
  });
});
