import { formatDuration } from '../model/index.ts';
import type { SteadyClock } from '../runtime/index.ts';

export interface WallClockOptions {
  readonly clock: SteadyClock;
  /** Something rests on moments that were written down: an unresolved incident, a hold. */
  readonly resting: () => boolean;
  readonly degraded: (why: string | undefined) => void;
}

/** A wall clock that was set is followed once nothing rests on the time before; until then it is said that it is not. */
export function followWallClock({ clock, resting, degraded }: WallClockOptions): void {
  const { stepMs } = clock;
  if (stepMs === 0) return degraded(undefined);
  if (!resting()) {
    clock.adopt();
    return degraded(undefined);
  }
  const way = stepMs > 0 ? 'on' : 'back';
  degraded(
    `it was set ${way} by ${formatDuration(Math.round(Math.abs(stepMs) / 1_000) * 1_000)}; the guard goes on by the time before until no incident and no hold is left`,
  );
}
