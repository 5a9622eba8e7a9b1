import { formatDuration, type Hold } from '@praetorian-guard/core/plugin';
import type { Invocation } from '../command.ts';
import type { ExitCode } from '../exit-code.ts';
import { scopeText } from '../hold-scope.ts';
import { now } from '../process-clock.ts';
import { type ListBody, talk } from '../remote.ts';
import { table } from '../table.ts';

/** The holds in force, open windows of maintenance among them: `release` ends a hold, the config a window. */
export async function run(call: Invocation): Promise<ExitCode> {
  return talk(call, { method: 'GET', path: '/api/v1/holds' }, ({ items }: ListBody<Hold>) => {
    if (items.length === 0) return 'no holds';
    const rows = items.map((hold) => [
      hold.id,
      scopeText(hold.scope),
      formatDuration(Math.max(0, hold.until - now())),
      hold.by,
      hold.kind === 'window' ? 'window' : hold.maintenance ? 'maintenance' : 'hold',
      hold.reason,
    ]);
    return table(['HOLD', 'SCOPE', 'LEFT', 'BY', 'KIND', 'REASON'], rows, call.io.columns);
  });
}
