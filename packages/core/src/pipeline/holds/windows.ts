import type { Clock } from '../../contracts/index.ts';
import type { EpochMs, Hold, HoldScope, MaintenanceWindow } from '../../model/index.ts';
import { CronSchedule } from '../../runtime/cron.ts';

/** What holds between two moments; computed anew outside of them. */
interface Span {
  readonly from: EpochMs;
  readonly to: EpochMs;
  /** Nothing while the window is closed. */
  readonly holds: readonly Hold[];
}

interface Planned {
  readonly window: MaintenanceWindow;
  readonly schedule: CronSchedule;
  readonly name: string;
  span: Span;
}

const never: Span = { from: Infinity, to: -Infinity, holds: [] };

/** The windows of maintenance of the config, as holds while they are open. Asks the clock; sets no timers. */
export class Windows {
  readonly #clock: Clock;
  readonly #planned: readonly Planned[];

  constructor(windows: readonly MaintenanceWindow[], clock: Clock) {
    this.#clock = clock;
    this.#planned = windows.map((window, index) => ({
      window,
      schedule: new CronSchedule(window.cron, window.timeZone),
      name: `window_${index + 1}`,
      span: never,
    }));
  }

  /** Those that are open now: one hold for each group or agent that they name. */
  open(): readonly Hold[] {
    if (this.#planned.length === 0) return [];
    const now = this.#clock.now();
    return this.#planned.flatMap((planned) => {
      const { from, to } = planned.span;
      if (now < from || now >= to) planned.span = spanAt(planned, now);
      return planned.span.holds;
    });
  }
}

/** Open from each start for the duration. One that begins again before its end is prolonged when that end has come. */
function spanAt({ window, schedule, name }: Planned, now: EpochMs): Span {
  const { durationMs } = window;
  const at = schedule.after(now - durationMs);
  if (at === undefined || at > now) return { from: now, to: at ?? Infinity, holds: [] };
  const until = at + durationMs;
  return { from: at, to: until, holds: holdsOf(window, name, { at, until }) };
}

function holdsOf(
  { scope, reason, paging }: MaintenanceWindow,
  name: string,
  span: { readonly at: EpochMs; readonly until: EpochMs },
): readonly Hold[] {
  const scopes: readonly (readonly [string, HoldScope])[] = [
    ...(scope.fleet ? [[name, { kind: 'fleet' }] as const] : []),
    ...scope.groups.map((group) => [`${name}:group:${group}`, { kind: 'group', group }] as const),
    ...scope.agents.map((agentId) => [`${name}:agent:${agentId}`, { kind: 'agent', agentId }] as const),
  ];
  return scopes.map(([id, of]) => ({
    id,
    kind: 'window',
    scope: of,
    reason,
    by: 'config',
    ...span,
    maintenance: !paging,
  }));
}
