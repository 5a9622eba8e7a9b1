import { formatDuration, type Storm } from '@praetorian-guard/core/plugin';
import { timeOfDay } from './process-clock.ts';
import type { Style } from './style.ts';
import { ago, facts, moment } from './words.ts';

/** A storm in one line: how many, where, why. */
export function stormLine(style: Style, storm: Storm): string {
  const where = storm.groups.length === 1 ? storm.group : `${storm.groups.length} groups`;
  const head = style.bad(`storm ${storm.cause}`);
  return `${head}  ${storm.id}  ${storm.memberCount} agents of ${where}, ${ago(storm.openedAt)}: ${storm.reason.text}`;
}

/** A storm in full, for people. */
export function stormText(style: Style, storm: Storm): string {
  const { members, memberCount, breaker } = storm;
  const width = Math.max(...storm.timeline.map(({ type }) => type.length));
  const more = memberCount > members.length ? ` and ${memberCount - members.length} more` : '';
  return [
    facts(style, [
      ['storm', storm.id],
      ['state', storm.state === 'open' ? style.bad(storm.state) : style.good(storm.state)],
      ['cause', storm.cause],
      ['why', storm.reason.text],
      ['depends on', storm.dependency],
      ['groups', storm.groups.join(', ')],
      ['agents', `${memberCount}: ${members.join(', ')}${more}`],
      ['breaker', breakerText(breaker)],
      ['opened', moment(storm.openedAt)],
      ['took', storm.closedAt === undefined ? undefined : formatDuration(storm.closedAt - storm.openedAt)],
      ['people', storm.told ? 'were told' : storm.paged ? 'could not be reached so far' : 'are not told yet'],
    ]),
    ...storm.timeline.map(({ at, type, text }) => `${style.dim(timeOfDay(at))}  ${type.padEnd(width)}  ${text}`),
  ].join('\n');
}

function breakerText(breaker: Storm['breaker']): string {
  if (breaker.state === 'open') return `open, one agent is tried ${moment(breaker.probeAt)}`;
  return breaker.state === 'half-open' ? `half-open, ${breaker.allowed} canaries at once` : breaker.state;
}
