import type { Incident } from '../model/index.ts';
import type { DecideFacts, Decided, IncidentEvent } from './event.ts';
import { decideActing } from './acting.ts';
import { decideByOperator } from './operator.ts';
import { decideLeftover } from './leftovers.ts';
import { decideOpen } from './open.ts';
import { decideAwaiting } from './awaiting.ts';
import { decideEscalated, decideHeld } from './waiting.ts';
import { decideWatching } from './watching.ts';
import { move, unchanged } from './move.ts';
import { decideTogether } from './together.ts';

/**
 * The incident as a pure state machine: the same incident, event and facts give the same decision. The engine,
 * crash recovery, dry-run, replay and simulation all run this function and no other.
 *
 *     open ──► acting ──► watching ──► resolved
 *      │ ▲        │           │
 *      │ └────────┴───────────┘  the next rung
 *      ├──► awaiting-approval ──► acting · open · escalated
 *      ├──► held ──► open
 *      └──► escalated ──► open · watching · resolved
 *
 * @returns the new incident (the same object when nothing changed), its line in the timeline, and what follows.
 */
export function decide(incident: Incident, event: IncidentEvent, facts: DecideFacts): Decided {
  if (incident.state === 'resolved') return unchanged(incident);
  if (event.type === 'told') return told(incident, event.notifier, facts);
  const gathered = decideTogether(incident, event, facts);
  if (gathered) return gathered;
  const leftover = decideLeftover(incident, event, facts);
  if (leftover) return leftover;
  const byOperator = decideByOperator(incident, event, facts);
  if (byOperator) return byOperator;
  switch (incident.state) {
    case 'open':
      return decideOpen(incident, event, facts);
    case 'acting':
      return decideActing(incident, event, facts);
    case 'watching':
      return decideWatching(incident, event, facts);
    case 'awaiting-approval':
      return decideAwaiting(incident, event, facts);
    case 'held':
      return decideHeld(incident, event, facts);
    case 'escalated':
      return decideEscalated(incident, event, facts);
  }
}

function told(incident: Incident, notifier: string, facts: DecideFacts): Decided {
  if (incident.told) return unchanged(incident);
  return move(incident, facts, {
    set: { told: true, because: incident.because },
    type: 'told',
    reason: { code: 'notice-accepted', text: `${notifier} accepted the message.` },
  });
}
