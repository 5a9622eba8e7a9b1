import type { AnyGuardEvent, Clock, GuardEvents } from '../../contracts/index.ts';
import type { Incident, IncidentId, Storm, TimelineEntry } from '../../model/index.ts';

/**
 * Writes down what a guard sees, decides and does, for people: one line each, with the seconds since the start, incidents
 * numbered in the order they were opened, figures rounded to 3 digits.
 */
export class Narrator {
  readonly lines: string[] = [];
  readonly #clock: Clock;
  readonly #numbers = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A line with the moment. */
  line(text: string): void {
    const seconds = (this.#clock.monotonic() / 1_000).toFixed(1).padStart(7);
    this.plain(`${seconds} ${text}`);
  }

  plain(text: string): void {
    this.lines.push(this.#readable(text));
  }

  event(event: AnyGuardEvent): void {
    const tell = tellers[event.type] as ((data: unknown, nameOf: NameOf) => string | undefined) | undefined;
    const text = tell?.(event.data, (id) => this.#nameOf(id));
    if (text !== undefined) this.line(text);
  }

  #nameOf(id: string): string {
    const known = this.#numbers.get(id) ?? this.#numbers.size + 1;
    this.#numbers.set(id, known);
    return `#${known}`;
  }

  /** Ids differ with every change of the draws, and long fractions with every change of a sum: neither says anything. */
  #readable(text: string): string {
    return text
      .replaceAll(/\b(?:inc|storm)_[0-9A-Z]{26}\b/g, (id) => this.#nameOf(id))
      .replaceAll(/\b(hold|ckp)_[0-9A-Z]{26}\b/g, '$1')
      .replaceAll(/\b\d+\.\d{4,}\b/g, (figure) => String(Number(Number(figure).toPrecision(3))));
  }
}

type NameOf = (id: IncidentId) => string;

type Tellers = { readonly [K in keyof GuardEvents]?: (data: GuardEvents[K], nameOf: NameOf) => string | undefined };

const tellers: Tellers = {
  'agent.registered': () => undefined,
  'agent.deregistered': ({ agentId }) => `${agentId} left`,
  'agent.health-changed': ({ agentId, from, to }) => `${agentId} ${from} → ${to}`,
  'finding.raised': ({ finding }) => `${finding.agentId} suspected (${finding.kind}): ${finding.text}`,
  'incident.opened': ({ incident }, nameOf) =>
    `${nameOf(incident.id)} ${incident.agentId} opened: ${incident.signature}`,
  'incident.changed': ({ incident, entry }, nameOf) => changed(incident, entry, nameOf),
  'step.finished': ({ incidentId, stepId, receipt }, nameOf) =>
    `${nameOf(incidentId)} step ${stepId}: ${receipt.result}`,
  'notice.sent': ({ notice }, nameOf) => `told (${notice.priority}): ${nameOf(notice.incidentId)} ${notice.kind}`,
  'storm.opened': ({ storm }, nameOf) => stormLine(storm, 'opened', nameOf),
  'storm.changed': ({ storm }, nameOf) => stormLine(storm, 'changed', nameOf),
  'storm.closed': ({ storm }, nameOf) => stormLine(storm, 'closed', nameOf),
  'hold.released': ({ hold, by }) => `hold of ${hold.by} ended${by === undefined ? ' by itself' : ` by ${by}`}`,
  'guard.degraded': ({ what, why }) => `guard degraded: ${what}: ${why}`,
  'guard.recovered': ({ what }) => `guard recovered: ${what}`,
};

/** Checks of the watch are left out: nothing follows from them. */
function changed(incident: Incident, entry: TimelineEntry, nameOf: NameOf): string | undefined {
  if (entry.type === 'watch-check' || entry.type === 'opened' || entry.type === 'told') return undefined;
  if (entry.type.startsWith('step-'))
    return entry.type === 'step-refused' ? reasonOf(incident, entry, nameOf) : undefined;
  return reasonOf(incident, entry, nameOf);
}

function reasonOf(incident: Incident, { state, reason }: TimelineEntry, nameOf: NameOf): string {
  return `${nameOf(incident.id)} ${incident.agentId} ${state}: ${reason.code}: ${reason.text}`;
}

/** The last line of its timeline says what has just happened to it. */
function stormLine({ id, groups, cause, breaker, timeline }: Storm, how: string, nameOf: NameOf): string {
  const last = timeline.at(-1)?.text ?? '';
  return `${nameOf(id)} storm in ${groups.join(', ')} (${cause}) ${how}, breaker ${breaker.state}: ${last}`;
}
