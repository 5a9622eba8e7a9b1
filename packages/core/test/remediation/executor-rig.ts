import type { IncidentEvent } from '../../src/incident/index.ts';
import type { Attempt, Incident, Instance, Ms, Step } from '../../src/model/index.ts';
import { Executor } from '../../src/remediation/executor.ts';
import type { ExecutorPorts } from '../../src/remediation/ports.ts';
import { createVirtualClock } from '../../src/testing/index.ts';

/** An incident of web.1 in its first attempt, at this step. */
export function actingAt(step: object, attempt: Pick<Attempt, 'plan'> & Partial<Attempt>): Incident {
  const underWay = { number: 1, startedAt: 0, ...attempt, steps: [step] };
  return { id: 'inc_1', agentId: 'web.1', group: 'web', state: 'acting', attempt: underWay } as unknown as Incident;
}

/** An instance of web.1, and an attempt that is about to drain it before it is made anew. */
export const instance: Instance = { id: 'web.1~1', generation: 1 };
export function aboutToDrain(timeoutMs: Ms): Incident {
  const draining = {
    id: '3-drain',
    spec: { type: 'agent-call', call: { kind: 'drain', forMs: 10_000 }, on: 'old' },
    timeoutMs: 11_000,
    onFailure: 'continue',
    state: 'planned',
  };
  return actingAt(draining, { plan: { rung: 'recreate', timeoutMs } as never, instance });
}

/** A step of it that was begun, by this guard or one before. */
export function begun(step: Pick<Step, 'id' | 'spec'>, key: string, effect: object): object {
  return { ...step, timeoutMs: 60_000, onFailure: 'fail', state: 'started', key, startedAt: 0, effect };
}

type Clock = ReturnType<typeof createVirtualClock>;

/**
 * Lets an executor go on with the incident until something comes of its step, or the time is over; gives what came of it.
 * `how`: as one that was just decided on, or as one that a guard before had begun.
 */
export async function goOn(
  incident: Incident,
  how: 'drive' | 'resume',
  ports: (clock: Clock) => Partial<ExecutorPorts>,
  forMs: Ms = 0,
): Promise<readonly IncidentEvent[]> {
  const clock = createVirtualClock();
  const events: IncidentEvent[] = [];
  let open: Incident | undefined = incident;
  const all: Partial<ExecutorPorts> = {
    clock,
    log: { warn: () => undefined, error: () => undefined } as unknown as ExecutorPorts['log'],
    incident: () => open,
    confirm: async () => undefined,
    owns: () => true,
    apply: async (_id, event) => {
      events.push(event);
      open = undefined;
      return undefined;
    },
    ...ports(clock),
  };
  const executor = new Executor(all as ExecutorPorts);
  executor[how](incident.id);
  await (forMs > 0 ? clock.advance(forMs) : clock.settle());
  await executor.stop();
  return events;
}

/** The result the step ended with. */
export function resultIn(events: readonly IncidentEvent[]): string {
  const [ended] = events.flatMap((event) => (event.type === 'step-finished' ? [event.receipt.result] : []));
  return ended ?? 'none';
}
