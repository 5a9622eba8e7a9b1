/** What the schema cannot say of windows of maintenance. */
import { cronProblem } from '../runtime/cron.ts';
import type { MaintenanceWindow } from '../model/index.ts';
import type { ConfigDocument, MaintenanceSection } from './document.ts';
import type { Found } from './problem.ts';

/** From the keys people write to those of the model. */
export function toWindow({ duration, scope, ...rest }: MaintenanceSection): MaintenanceWindow {
  const { fleet = false, groups = [], agents = [] } = scope;
  return { ...rest, durationMs: duration, scope: { fleet, groups, agents } };
}

/** Any moment will do: a pattern that names a day that never comes is wrong at all of them. */
const anyMoment = Date.UTC(2026, 0, 1);

export function maintenanceChecks({ maintenance }: ConfigDocument): Found[] {
  return maintenance.flatMap((window, index) => {
    const found: Found[] = [];
    const problem = cronProblem(window.cron, window.timeZone, anyMoment);
    if (problem?.of === 'timeZone')
      found.push({
        path: ['maintenance', index, 'timeZone'],
        found: JSON.stringify(window.timeZone),
        allowed: 'a time zone such as UTC or Europe/Berlin',
        remedy: problem.why,
      });
    if (problem?.of === 'cron')
      found.push({
        path: ['maintenance', index, 'cron'],
        found: JSON.stringify(window.cron),
        allowed: 'five fields such as "0 2 * * 6": minute, hour, day of the month, month, day of the week',
        remedy: problem.why,
      });
    if (Object.keys(window.scope).length === 0)
      found.push({
        path: ['maintenance', index, 'scope'],
        found: 'nobody',
        allowed: 'fleet: true, groups, agents',
        remedy: 'a scope that names nobody covers nobody; name whom it is for',
      });
    return found;
  });
}
