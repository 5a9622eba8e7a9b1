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
    ]) + degraded.join('')
  );
}
