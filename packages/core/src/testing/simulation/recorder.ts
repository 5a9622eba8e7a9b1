import type { AnyGuardEvent, Clock } from '../../contracts/index.ts';

/**
 * The promises a run is held to.
 * - I1: never two actions on one agent at once.
 * - I2: what is executed stands in the stored incident before, as started, under its key.
 * - I3: what was done and holds is not executed again, and no state is handed to who works with one already.
 * - I4: nothing destructive on an agent that nothing was wrong with; the budget of false positives is none. Nobody is to
 *   blame for a partition (R04).
 * - I5: never past the budgets of agent, group and fleet.
 * - I6: never past a hold, a window of maintenance, the mode, the quorum, the grace after a start, the fleet breaker, the
 *   limit in flight; nothing on what was stopped by hand, is rolled out, or waits for a dependency that is dead.
 * - I7: once the faults are over every incident ends, and what a person mends is well again.
 * - I8: every change of an incident is a move that is allowed, has its line, and a reason with a known code.
 * - I9: the same seed gives the same run, bit for bit.
 * - I10: no unhandled rejection, no run that breaks off, no timer left behind.
 * - I11: replaying the record of a life decides the same.
 * - I12: nobody is promoted while another that takes itself for the primary is in reach.
 */
export type Invariant = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I7' | 'I8' | 'I9' | 'I10' | 'I11' | 'I12';

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
