import type { Attempt, Incident, Leftover, Reason, Receipt, StepRecord } from '../model/index.ts';
import type { DecideFacts, Decided, IncidentEvent } from './event.ts';
import { move, unchanged } from './move.ts';

/** After this many tries that failed it is left to a person. */
const triesMax = 3;

/** Instances that a later step still has to end. */
export function leftoversOf({ leftovers = [] }: Incident): readonly Leftover[] {
  return leftovers.filter(({ handedOver }) => !handedOver);
}

/**
 * A step that should have ended an instance did not, and the attempt goes on without it: the instance is not forgotten,
 * and a later step ends it when what stood against it is over.
 */
export function leaveBehind(decided: Decided, attempt: Attempt, step: StepRecord | undefined, reason: Reason): Decided {
  if (step?.spec.type !== 'action' || step.spec.action !== 'retire') return decided;
  const { instance: old, replacement } = attempt;
  const [instance, beside] = step.spec.on === 'old' ? [old, replacement] : [replacement, old];
  if (!instance || !beside || instance.id === beside.id) return decided;
  // Put in the place of the old one, and not taken back, it is the agent.
  if (step.spec.on === 'new' && !attempt.steps.some(endsOld)) return decided;
  const { incident } = decided;
  const others = (incident.leftovers ?? []).filter((one) => one.instance.id !== instance.id);
  const leftover: Leftover = { instance, beside, reason, since: incident.changedAt, tries: 0 };
  return { ...decided, incident: { ...incident, leftovers: [...others, leftover] } };
}

function endsOld({ spec }: StepRecord): boolean {
  return spec.type === 'action' && spec.action === 'retire' && spec.on === 'old';
}

/** What becomes of an instance that was left behind; `undefined`: the event is about something else. */
export function decideLeftover(incident: Incident, event: IncidentEvent, facts: DecideFacts): Decided | undefined {
  switch (event.type) {
    case 'leftover-started': {
      const { instanceId, key, startedAt, effect } = event;
      const under = { key, startedAt, effect };
      const text = `Ending ${instanceId}, which was left behind, was started.`;
      return change(incident, facts, {
        instanceId,
        to: (leftover) => ({ ...leftover, under }),
        type: event.type,
        reason: { code: 'step-started', text },
      });
    }
    case 'leftover-finished':
      return finished(incident, event.instanceId, event.receipt, facts);
    case 'leftover-turned': {
      const text = `${event.instanceId} is the one that works now; the one beside it is ended instead.`;
      return change(incident, facts, {
        instanceId: event.instanceId,
        to: ({ instance, beside, ...rest }) => ({ ...rest, instance: beside, beside: instance }),
        type: event.type,
        reason: { code: 'instance-left-behind', text },
      });
    }
    default:
      return undefined;
  }
}

function finished(incident: Incident, instanceId: string, receipt: Receipt, facts: DecideFacts): Decided {
  const type = 'leftover-finished';
  if (receipt.result === 'succeeded' || receipt.result === 'superseded') {
    const text = `${instanceId}, which was left behind, is gone.`;
    return change(incident, facts, { instanceId, to: () => undefined, type, reason: { code: 'step-succeeded', text } });
  }
  const text = `${instanceId}, which was left behind, still runs: ${receipt.text}`;
  const remedy = 'End it by hand; the guard looks after the agent, not after what was left beside it.';
  const counts = receipt.result !== 'cancelled';
  return change(incident, facts, {
    instanceId,
    to: (leftover) => {
      const tries = leftover.tries + (counts ? 1 : 0);
      return { ...idle(leftover), tries, ...(tries >= triesMax ? { handedOver: true } : {}) };
    },
    type,
    reason: { code: 'instance-left-behind', text, remedy },
  });
}

/** The same, with nothing under way. */
function idle({ instance, beside, reason, since, tries, told, handedOver }: Leftover): Leftover {
  return {
    instance,
    beside,
    reason,
    since,
    tries,
    ...(told ? { told } : {}),
    ...(handedOver ? { handedOver } : {}),
  };
}

interface Change {
  readonly instanceId: string;
  readonly to: (leftover: Leftover) => Leftover | undefined;
  readonly type: string;
  readonly reason: Reason;
}

function change(incident: Incident, facts: DecideFacts, { instanceId, to, type, reason }: Change): Decided {
  const before = incident.leftovers?.find(({ instance }) => instance.id === instanceId);
  if (!before) return unchanged(incident);
  const after = to(before);
  const leftovers = (incident.leftovers ?? []).flatMap((one) => (one === before ? (after ? [after] : []) : [one]));
  const isHandedOver = after?.handedOver === true && !before.handedOver;
  return move(incident, facts, {
    // What was decided about the agent stands, except where people have to read why they are called.
    set: { leftovers, because: isHandedOver ? reason : incident.because },
    type,
    reason,
    data: { instance: instanceId },
    notices: isHandedOver ? ['blocked'] : [],
  });
}

/** The agent is well, and an instance that was left behind is not gone: people are told once, and the incident stays. */
export function waitForLeftovers(incident: Incident, facts: DecideFacts): Decided | undefined {
  const [first] = leftoversOf(incident);
  if (!first) return undefined;
  if (first.told) return unchanged(incident);
  const reason: Reason = {
    code: 'instance-left-behind',
    text: `${incident.agentId} is well, and ${first.instance.id} still runs beside ${first.beside.id}: ${first.reason.text}`,
    remedy: 'It is ended when that is over; then the incident ends, too.',
  };
  return move(incident, facts, {
    set: { leftovers: (incident.leftovers ?? []).map((one) => ({ ...one, told: true })) },
    type: 'leftover-waits',
    reason,
    notices: ['blocked'],
  });
}
