import type { Incident } from '../model/index.ts';
import { doingOf } from '../model/index.ts';
import type { DecideFacts, Decided, IncidentEvent } from './event.ts';
import { move, unchanged } from './move.ts';
import { note, reopen } from './waiting.ts';

/** What a person or the inventory decides over the head of the machine, in any state. */
export function decideByOperator(incident: Incident, event: IncidentEvent, facts: DecideFacts): Decided | undefined {
  switch (event.type) {
    case 'acknowledged':
      return move(incident, facts, {
        set: { acknowledged: { by: event.by, at: facts.now }, because: incident.because },
        type: 'acknowledged',
        data: { by: event.by },
        reason: { code: 'operator-acknowledged', text: `${event.by} took note of it${note(event.note)}.` },
      });
    case 'operator-resolved': {
      // An attempt is never left half done; `resolve` is refused while one is under way.
      if (incident.state === 'acting') return unchanged(incident);
      const text = `${event.by} resolved it${note(event.note)}.`;
      // What the guard isolated it brings back before it lets go of it.
      if (facts.comeBack) {
        const reason = {
          code: 'operator-resolved',
          text: `${text} The agent is brought back from isolation.`,
        } as const;
        return reopen(incident, facts, reason, { plan: facts.comeBack.plan, by: event.by });
      }
      return close(incident, facts, { outcome: 'operator', reason: { code: 'operator-resolved', text }, by: event.by });
    }
    case 'removed': {
      const text = `${incident.agentId} was deregistered.`;
      return close(incident, facts, { outcome: 'removed', reason: { code: 'agent-removed', text } });
    }
    case 'ordered':
      return ordered(incident, event, facts);
    default:
      return undefined;
  }
}

/**
 * Resolves from any state. The table of transitions has no direct way from acting, watching and awaiting-approval, so
 * those are opened first; both moves are one event and one line.
 */
function close(
  incident: Incident,
  facts: DecideFacts,
  how: { readonly outcome: 'operator' | 'removed'; readonly reason: Incident['because']; readonly by?: string },
): Decided {
  const { outcome, reason, by } = how;
  const viaOpen =
    incident.state === 'acting' || incident.state === 'watching' || incident.state === 'awaiting-approval';
  const from = viaOpen
    ? move(incident, facts, { to: { state: 'open', nextAt: facts.now }, type: 'reopened', reason }).incident
    : incident;
  const closed = move({ ...from, version: incident.version }, facts, {
    to: { state: 'resolved', outcome, resolvedAt: facts.now, ...(by ? { by } : {}) },
    type: 'resolved',
    reason,
    ...(by === undefined ? {} : { data: { by } }),
    notices: ['resolved'],
  });
  if (incident.state !== 'acting' && incident.state !== 'watching') return closed;
  if (!incident.attempt) return closed;
  return { ...closed, ended: { ...incident.attempt, endedAt: facts.now, verdict: 'superseded' } };
}

function ordered(incident: Incident, event: Extract<IncidentEvent, { type: 'ordered' }>, facts: DecideFacts): Decided {
  const { plan, by, account } = event;
  const requested = { plan, by, ...(account === undefined ? {} : { account }) };
  const reason = { code: 'operator-respawn', text: `${by} ordered a ${doingOf(plan)}${note(event.note)}.` } as const;
  if (incident.state === 'acting' || incident.state === 'watching') return unchanged(incident);
  return reopen(incident, facts, reason, requested);
}
