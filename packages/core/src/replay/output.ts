import type { AnyGuardEvent } from '../contracts/index.ts';
import type { Incident, TimelineEntry } from '../model/index.ts';
import type { OutputLine } from './record-format.ts';

/** An output line without its time. */
export type Output = OutputLine extends infer L ? (L extends OutputLine ? Omit<L, 't' | 'c'> : never) : never;

/** What an event says of the guard's judgement; `undefined` for what follows from it. */
export function outputOf(event: AnyGuardEvent): Output | undefined {
  switch (event.type) {
    case 'incident.changed':
      return decision(event.data.incident, event.data.entry);
    case 'finding.raised': {
      const { agentId, kind, text } = event.data.finding;
      return { k: 'f', agent: agentId, what: `raised ${kind}`, text };
    }
    case 'finding.cleared':
      return { k: 'f', agent: event.data.agentId, what: `cleared ${event.data.findingId}` };
    case 'agent.health-changed':
      return { k: 'h', agent: event.data.agentId, what: `${event.data.from} → ${event.data.to}` };
    default:
      return undefined;
  }
}

function decision(incident: Incident, entry: TimelineEntry): Output {
  const attempt = 'attempt' in incident ? incident.attempt : undefined;
  const plan = attempt?.plan ?? (incident.state === 'awaiting-approval' ? incident.approval.plan : undefined);
  const severity = attempt?.severity ?? incident.assessment?.severity;
  return {
    k: 'd',
    incident: incident.id,
    agent: incident.agentId,
    seq: entry.seq,
    type: entry.type,
    state: entry.state,
    code: entry.reason.code,
    text: entry.reason.text,
    ...(severity === undefined ? {} : { severity }),
    ...(plan?.rung === undefined ? {} : { rung: plan.rung }),
  };
}
