import {
  type AnyGuardEvent,
  bandOf,
  doingOf,
  formatDuration,
  type GuardEvents,
  type Incident,
  type Reason,
  type Storm,
  type TimelineEntry,
} from '@praetorian-guard/core/plugin';
import type { Style } from './style.ts';

/** What a line is about, which decides its colour and its level in the log. */
export type Tone = keyof Style;

/** One line about what the guard saw, decided or did. */
export interface Line {
  /** The agent, the group of a storm, or `guard`. */
  readonly subject: string;
  readonly text: string;
  readonly tone: Tone;
  readonly incidentId?: string;
}

/** Entries of a timeline that say nothing beside the events of their own or the lines before. */
const quiet = new Set(['opened', 'ordered', 'step-started', 'watch-check', 'told', 'resolved', 'findings']);

/** Turns events into lines, or into nothing where a person would not miss one. */
export class Narrator {
  /** Agents under watch: their health is at most degraded until it is over. */
  readonly #watched = new Set<string>();

  tell(event: AnyGuardEvent): Line | undefined {
    switch (event.type) {
      case 'agent.health-changed':
        return this.#health(event.data);
      case 'agent.deregistered':
        return { subject: event.data.agentId, text: 'left the fleet', tone: 'dim' };
      case 'finding.raised':
        return { subject: event.data.finding.agentId, text: event.data.finding.text, tone: 'warn' };
      case 'incident.opened':
        return about(event.data.incident, `incident ${event.data.incident.id} opened`, 'strong');
      case 'incident.changed':
        return this.#changed(event.data.incident, event.data.entry);
      case 'incident.resolved':
        return about(event.data.incident, resolvedText(event.data.incident), 'good');
      case 'storm.opened':
        return ofStorm(event.data.storm, `storm: ${event.data.storm.reason.text}`, 'bad');
      case 'storm.closed':
        return ofStorm(event.data.storm, 'the storm is over', 'good');
      case 'notice.failed': {
        const { notice, notifier, error } = event.data;
        return { subject: notice.agentId, text: `${notifier} did not take "${notice.title}": ${error}`, tone: 'warn' };
      }
      case 'guard.degraded':
        return { subject: 'guard', text: `${event.data.what} does not work: ${event.data.why}`, tone: 'bad' };
      case 'guard.recovered':
        return { subject: 'guard', text: `${event.data.what} works again`, tone: 'good' };
      default:
        return undefined;
    }
  }

  #health({ agentId, from, to }: GuardEvents['agent.health-changed']): Line {
    const tone = to === 'healthy' ? 'good' : to === 'failed' ? 'bad' : 'warn';
    if (to === 'degraded' && this.#watched.has(agentId)) {
      return { subject: agentId, text: `${from} → degraded until the watch is over`, tone: 'dim' };
    }
    return { subject: agentId, text: `${from} → ${to}`, tone };
  }

  #changed(incident: Incident, entry: TimelineEntry): Line | undefined {
    if (incident.state === 'watching') this.#watched.add(incident.agentId);
    else this.#watched.delete(incident.agentId);
    return quiet.has(entry.type) ? undefined : changed(incident, entry);
  }
}

function changed(incident: Incident, { type, reason }: TimelineEntry): Line {
  const { text, remedy } = reason;
  const advice = remedy === undefined ? '' : ` ${remedy}`;
  switch (type) {
    case 'attempt-started':
      return about(incident, attemptText(incident, reason), 'strong');
    case 'step-finished':
      return about(incident, text, hurts(incident, reason) ? 'bad' : 'dim');
    case 'attempt-ended':
      return about(incident, `attempt ended: ${text}`, 'warn');
    case 'escalated':
      return about(incident, `a person has to take over: ${text}${advice}`, 'bad');
    case 'approval-requested':
      return about(incident, `${text} Decide with \`praetorian approve ${incident.id}\`, or \`reject\`.`, 'warn');
    case 'waiting':
    case 'held':
      return about(incident, `waits: ${text}`, 'warn');
    default:
      return about(incident, text, 'dim');
  }
}

/** `attempt 1: restart, past recreate. Severity 2 (low): it has failed.` */
function attemptText(incident: Incident, reason: Reason): string {
  if (incident.state !== 'acting') return reason.text;
  const { number, plan, severity } = incident.attempt;
  const past = plan.skipped.length === 0 ? '' : `, past ${plan.skipped.join(' and ')}`;
  const factors = incident.assessment?.factors.map((factor) => factor.text).join(', ');
  const why =
    reason.code === 'rung-chosen' && factors ? `Severity ${severity} (${bandOf(severity)}): ${factors}.` : reason.text;
  return `attempt ${number}: ${doingOf(plan)}${past}. ${why}`;
}

/** Whether a failed step breaks the attempt off; some are only tried, such as asking a dead process to drain. */
function hurts(incident: Incident, reason: Reason): boolean {
  if (reason.code !== 'step-failed' || incident.state !== 'acting') return false;
  const last = incident.attempt.steps.findLast(({ state }) => state === 'finished');
  return last?.onFailure !== 'continue';
}

function resolvedText(incident: Incident): string {
  if (incident.state !== 'resolved') return incident.because.text;
  const took = formatDuration(incident.resolvedAt - incident.openedAt);
  const tries = incident.attempts.length;
  const by = tries === 0 ? '' : ` with ${tries === 1 ? 'one attempt' : `${tries} attempts`}`;
  return `${incident.outcome} after ${took}${by}: ${incident.because.text}`;
}

function ofStorm({ group, groups }: Storm, text: string, tone: Line['tone']): Line {
  return { subject: groups.length === 1 ? group : `${groups.length} groups`, text, tone };
}

function about(incident: Incident, text: string, tone: Tone): Line {
  return { subject: incident.agentId, text, tone, incidentId: incident.id };
}
