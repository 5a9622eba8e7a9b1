import { formatDuration, type GuardStatus } from '@praetorian-guard/core/plugin';
import type { Invocation } from '../command.ts';
import type { ExitCode } from '../exit-code.ts';
import { talk } from '../remote.ts';
import type { Style } from '../style.ts';
import { facts, moment } from '../words.ts';

/** How the guard itself fares. */
export async function run(call: Invocation): Promise<ExitCode> {
  return talk(call, { method: 'GET', path: '/api/v1/status' }, (status: GuardStatus) => show(call.io.style, status));
}

/** Shown only while the guard suspects itself, or has canaries that tell whether it should. */
function doubtOf({ doubt }: GuardStatus): [string, string][] {
  if (!doubt) return [];
  const times = `waits ${doubt.multiplier + 1} times as long: ${doubt.reasons.join('; ') || 'it was worse a moment ago'}`;
  const reached = doubt.canaries.filter((canary) => canary.reached === true).length;
  return [
    ...(doubt.multiplier > 0 ? [['self-doubt', times] satisfies [string, string]] : []),
    ...(doubt.canaries.length > 0
      ? [['canaries', `${reached} of ${doubt.canaries.length} answer`] satisfies [string, string]]
      : []),
  ];
}

function show(style: Style, status: GuardStatus): string {
  const degraded = status.degraded.map(({ what, why }) => `\n${style.warn('degraded')}  ${what}: ${why}`);
  return (
    facts(style, [
      ['guard', `${status.guardId} ${status.version}`],
      ['state', status.settled ? status.state : `${status.state}, settling: it watches and does not act yet`],
      ['started', moment(status.startedAt)],
      ['agents', String(status.agents)],
      ['open incidents', String(status.openIncidents)],
      ['tick', `${formatDuration(status.tick.lastMs)}, ${formatDuration(status.tick.lagMs)} late`],
      ['config', status.configVersion],
      ['audit log', status.audit && `${status.audit.entries} entries, anchor ${status.audit.anchor}`],
      ...doubtOf(status),
    ]) + degraded.join('')
  );
}
