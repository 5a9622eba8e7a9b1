import { Cron } from 'croner';
import type { EpochMs } from '../model/index.ts';

/**
 * Moments that a cron pattern of five fields names in a time zone. It computes and never waits: whoever asks brings the
 * time. In the hour that a change to summer time leaves out, a moment moves to the end of the gap; in the hour that
 * comes twice, it comes once.
 */
export class CronSchedule {
  readonly #cron: Cron;

  /** Throws for a pattern or a time zone that is not one; ask `cronProblem` first. */
  constructor(pattern: string, timeZone: string) {
    this.#cron = new Cron(pattern, { mode: '5-part', timezone: timeZone, paused: true });
  }

  /** The first moment after `at`; `undefined` when there is none. */
  after(at: EpochMs): EpochMs | undefined {
    return this.#cron.nextRun(new Date(at))?.getTime();
  }
}

/** Why a pattern or a time zone cannot be used; `undefined` when both can. `now` is any moment: what never comes is told, too. */
export function cronProblem(
  pattern: string,
  timeZone: string,
  now: EpochMs,
): { readonly of: 'cron' | 'timeZone'; readonly why: string } | undefined {
  try {
    Intl.DateTimeFormat('en', { timeZone });
  } catch {
    return { of: 'timeZone', why: 'no time zone of that name is known' };
  }
  try {
    const first = new CronSchedule(pattern, timeZone).after(now);
    return first === undefined ? { of: 'cron', why: 'there is no such day' } : undefined;
  } catch (thrown) {
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    return { of: 'cron', why: text.replace(/^Cron\w*:\s*/, '') };
  }
}
