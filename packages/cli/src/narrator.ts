import {
  type AnyGuardEvent,
  bandOf,
  formatDuration,
  type Incident,
  type TimelineEntry,
} from '@praetorian-guard/core/plugin';
import type { Style } from './style.ts';

/** What a line is about, which decides its colour and its level in the log. */
export type Tone = keyof Style;

/** One line about what the guard saw, decided or did. */
export interface Line {
  /** The agent, or `guard`. */
  readonly subject: string;
  readonly text: string;
  readonly tone: Tone;
  readonly incidentId?: string;
}

/** Entries of a timeline that say nothing beside the events of their own or the lines before. */
const quiet = new Set(['step-started', 'watch-check', 'told', 'resolved', 'findings']);

/** Turns an event into a line, or into nothing where a person would not miss one. */
export function narrate(event: AnyGuardEvent): Line | undefined {
  switch (event.type) {
    case 'agent.health-changed': {
      const { agentId, from, to } = event.data;
      return {
        subject: agentId,
        text: `${from} → ${to}`,
        tone: to === 'healthy' ? 'good' : to === 'failed' ? 'bad' : 'warn',
      };
    }
    case 'agent.deregistered':
      return { subject: event.data.agentId, text: 'left the fleet', tone: 'dim' };
    case 'finding.raised':
      return { subject: event.data.finding.agentId, text: event.data.finding.text, tone: 'warn' };
    case 'incident.opened':
      return about(event.data.incident, `incident ${event.data.incident.id} opened`, 'strong');
    case 'incident.changed':
      return changed(event.data.incident, event.data.entry);
    case 'incident.resolved':
      return about(event.data.incident, resolvedText(event.data.incident), 'good');
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

function changed(incident: Incident, entry: TimelineEntry): Line | undefined {
  if (quiet.has(entry.type)) return undefined;
  const { code, text, remedy } = entry.reason;
  const advice = remedy === undefined ? '' : ` ${remedy}`;
  switch (entry.type) {
    case 'attempt-started':
      return about(incident, attemptText(incident, text), 'strong');
    case 'step-finished':
    case 'step-skipped':
      return about(incident, text, code === 'step-failed' ? 'bad' : 'dim');
    case 'attempt-ended':
      return about(incident, `attempt ended: ${text}`, 'warn');
    case 'escalated':
      return about(incident, `a person has to take over: ${text}${advice}`, 'bad');
    case 'approval-requested':
      return about(incident, `${text} Decide with \`praetorian approve ${incident.id}\`, or \`reject\`.`, 'warn');
    case 'waiting':
    case 'held':
      return about(incident, `waits: ${text}${advice}`, 'warn');
    default:
      return about(incident, text, 'dim');
  }
}

/** `attempt 1, restart: Severity 2 (…)`. */
function attemptText(incident: Incident, why: string): string {
  if (incident.state !== 'acting') return why;
  const { number, plan, severity } = incident.attempt;
  return `attempt ${number}, ${plan.rung}, for severity ${severity} (${bandOf(severity)}): ${why}`;
}

function resolvedText(incident: Incident): string {
  if (incident.state !== 'resolved') return incident.because.text;
  const took = formatDuration(incident.resolvedAt - incident.openedAt);
  const tries = incident.attempts.length;
  const by = tries === 0 ? '' : ` with ${tries === 1 ? 'one attempt' : `${tries} attempts`}`;
  return `${incident.outcome} after ${took}${by}: ${incident.because.text}`;
}

function about(incident: Incident, text: string, tone: Tone): Line {
  return { subject: incident.agentId, text, tone, incidentId: incident.id };
}
