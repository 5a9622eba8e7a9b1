import type { Explanation } from '../../contracts/index.ts';
import type { Attempt, Incident, TimelineEntry } from '../../model/index.ts';
import { doingOf, formatDuration } from '../../model/index.ts';

/** Lines that tell what happened; the rest is detail of them. */
const telling: ReadonlySet<string> = new Set([
  'opened',
  'approval-requested',
  'approval-vote',
  'approval-second-tier',
  'second-tier',
  'attempt-started',
  'attempt-ended',
  'watch-started',
  'held',
  'escalated',
  'acknowledged',
  'reopened',
  'resolved',
]);

/** The timeline of an incident, condensed to what a person would tell another. */
export function storyOf(timeline: readonly TimelineEntry[]): NonNullable<Explanation['story']> {
  const told: { at: number; text: string }[] = [];
  for (const { type, at, reason, data } of timeline) {
    const failed = type === 'step-finished' && reason.code !== 'step-succeeded' && reason.code !== 'step-reconciled';
    if (!telling.has(type) && !failed) continue;
    const rung = type === 'attempt-started' && typeof data?.['rung'] === 'string' ? `${data['rung']}: ` : '';
    told.push({ at, text: `${rung}${type === 'watch-started' ? watchOf(reason.text) : reason.text}` });
  }
  return told;
}

/** Without the step that led to it, which is told in another place. */
function watchOf(text: string): string {
  return text.slice(Math.max(0, text.indexOf('The agent is watched')));
}

/** How an incident that is over went: how long, what was tried, who had a hand in it. */
export function pastOf(incident: Extract<Incident, { state: 'resolved' }>): string {
  const { attempts, openedAt, resolvedAt, acknowledged, by } = incident;
  const tries = attempts.map((attempt) => tryOf(attempt)).join(', then ');
  const people = [
    ...(acknowledged ? [`${acknowledged.by} took note of it`] : []),
    ...(by === undefined ? [] : [`${by} closed it`]),
  ];
  const what = tries === '' ? 'Nothing was done to it' : `Tried: ${tries}`;
  return `It took ${formatDuration(resolvedAt - openedAt)}. ${[what, ...people].join('; ')}.`;
}

/** One attempt with its verdict, its time, and who let it through. */
export function tryOf({ plan, verdict, startedAt, endedAt, approval, orderedBy }: Attempt): string {
  const took = endedAt === undefined ? '' : ` in ${formatDuration(endedAt - startedAt)}`;
  const voters = approval?.votes.map((vote) => vote.by).join(', ');
  const who = voters ? `, approved by ${voters}` : orderedBy === undefined ? '' : `, ordered by ${orderedBy}`;
  return `${doingOf(plan)} ${verdict ?? 'under way'}${took}${who}`;
}
