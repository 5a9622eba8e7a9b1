import type { Incident, IncidentNoticeKind } from '../model/index.ts';
import type { DecideFacts, Decided, IncidentEvent } from './event.ts';
import { move, unchanged } from './move.ts';

/** What befalls an incident because it is one of many: it joins a storm, and is told of by itself when that is over. */
export function decideTogether(incident: Incident, event: IncidentEvent, facts: DecideFacts): Decided | undefined {
  if (event.type === 'joined-storm') {
    if (incident.parent === event.stormId) return unchanged(incident);
    return move(incident, facts, {
      set: { parent: event.stormId, because: incident.because },
      type: 'joined-storm',
      reason: { code: 'joined-storm', text: `It is one of many and told of together with them: ${event.stormId}.` },
    });
  }
  if (event.type !== 'announce') return undefined;
  if (incident.unannounced !== true || (event.known && isHealing(incident, facts))) return unchanged(incident);
  return move(incident, facts, {
    // That people were told of what it was part of does not mean that they know of this one.
    set: { because: incident.because, told: incident.state === 'escalated' ? false : incident.told },
    drop: ['unannounced'],
    type: 'announced',
    reason: { code: 'announced', text: `It is ${incident.state} still, and is told of by itself from now on.` },
    notices: noticesFor(incident),
  });
}

/**
 * It works again: it ends with what it was part of, without a word of its own. If it does not, each way out of these
 * states is told of or looked at again, and then it is announced all the same.
 */
function isHealing({ state }: Incident, { findings, health }: DecideFacts): boolean {
  if (state === 'watching') return true;
  return (state === 'open' || state === 'held') && findings.length === 0 && health === 'healthy';
}

/** What a person has to know of the state as it is now. */
function noticesFor(incident: Incident): readonly IncidentNoticeKind[] {
  if (incident.state === 'escalated') return ['escalated'];
  // The request itself was never kept back.
  return incident.state === 'awaiting-approval' ? [] : ['opened'];
}
