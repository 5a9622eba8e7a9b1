import type { AnyGuardEvent, Clock } from '../../contracts/index.ts';

/** The promises a run is held to; `witness.ts` and `verdict.ts` say how each is checked. */
export type Invariant = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I7' | 'I8' | 'I9' | 'I10' | 'I11';

export interface Violation {
  readonly invariant: Invariant;
  readonly text: string;
}

/** One log of everything that happened, in order: faults, calls on store and orchestrator, events of the guard. */
export class Recorder {
  readonly lines: string[] = [];
  readonly violations: Violation[] = [];
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  line(text: string): void {
    this.lines.push(`${(this.#clock.monotonic() / 1_000).toFixed(3).padStart(9)} ${text}`);
  }

  event(event: AnyGuardEvent): void {
    if (shown.has(event.type)) this.line(`event ${event.type} ${brief(event)}`);
  }

  violate(invariant: Invariant, text: string): void {
    this.violations.push({ invariant, text });
    this.line(`VIOLATION ${invariant}: ${text}`);
  }
}

/** Events that say something the calls do not. */
const shown: ReadonlySet<string> = new Set([
  'agent.registered',
  'agent.deregistered',
  'agent.health-changed',
  'finding.raised',
  'finding.cleared',
  'notice.sent',
  'notice.failed',
  'guard.degraded',
  'guard.recovered',
]);

function brief(event: AnyGuardEvent): string {
  switch (event.type) {
    case 'agent.health-changed': {
      const { agentId, from, to } = event.data;
      return `${agentId} ${from} → ${to}`;
    }
    case 'finding.raised': {
      const { agentId, kind, text } = event.data.finding;
      return `${agentId} ${kind}: ${text}`;
    }
    case 'finding.cleared':
      return event.data.agentId;
    case 'notice.sent':
    case 'notice.failed': {
      const { kind, agentId, incidentId } = event.data.notice;
      return `${kind} of ${incidentId} (${agentId})`;
    }
    case 'agent.registered':
      return event.data.agent.id;
    default:
      return JSON.stringify(event.data).slice(0, 200);
  }
}
