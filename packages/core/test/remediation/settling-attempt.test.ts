import { expect, it } from 'vitest';
import type { IncidentEvent } from '../../src/incident/index.ts';
import type { Agent, GateVerdict, Incident } from '../../src/model/index.ts';
import { aboutToDrain, begun, goOn, instance } from './executor-rig.ts';

const minuteMs = 60_000;
/** An attempt that is about to drain its agent, after these steps. */
function about(...before: readonly object[]): Incident {
  const incident = aboutToDrain(minuteMs) as Extract<Incident, { state: 'acting' }>;
  const { attempt } = incident;
  return { ...incident, attempt: { ...attempt, steps: [...before, ...attempt.steps] } } as Incident;
}

const settling = { code: 'settling', text: 'It settles.' } as const;

/** Goes on for so long, while an inventory is broken off; `awayAt`: then the guard itself stands still for an hour. */
function waits(incident: Incident, forMs: number, awayAt?: number): Promise<readonly IncidentEvent[]> {
  let asked = 0;
  return goOn(
    incident,
    'drive',
    (clock) => ({
      agent: () => ({ id: 'web.1', group: 'web', instance }) as Agent,
      gate: (): GateVerdict => {
        asked += 1;
        if (asked === awayAt) clock.skipTo(clock.monotonic() + 3_600_000);
        return { verdict: 'wait', untilMs: clock.now() + 1_000, reason: settling, rules: [] };
      },
    }),
    forMs,
  );
}

const done = (effect: object): object => ({
  ...begun({ id: '2-x', spec: { type: 'evidence', on: 'old' } }, 'key', effect),
  state: 'finished',
  receipt: { key: 'key', at: 0, result: 'failed', retryable: false, code: 'step-failed', text: 'x' },
});
const routedOut = done({ type: 'control', command: { kind: 'route', agentId: 'web.1', breaker: 'open' } });
const acted = done({ type: 'action', orchestrator: 'fake', intent: { key: 'key', affects: ['web.1'] } });

it('an attempt that has only routed around its agent waits as long as it may take, and says why it ends', async () => {
  expect(await waits(about(routedOut), minuteMs - 1_000)).toEqual([]);
  expect(await waits(about(routedOut), minuteMs + 1_000)).toEqual([
    {
      type: 'step-refused',
      stepId: '3-drain',
      reason: { ...settling, text: 'It settles. The attempt does not wait longer.' },
    },
  ]);
});

it('an attempt whose action was begun waits for as long as it takes, whatever came of that', async () => {
  expect(await waits(about(routedOut, acted), 10 * minuteMs)).toEqual([]);
});

it('nobody has waited while the guard was away', async () => {
  const hourMs = 60 * minuteMs;
  expect(await waits(about(routedOut), hourMs + minuteMs - 5_000, 3)).toEqual([]);
  expect(await waits(about(routedOut), hourMs + minuteMs + 5_000, 3)).toMatchObject([{ type: 'step-refused' }]);
});

it('an attempt waits as long anew once the fleet was known meanwhile', async () => {
  let asked = 0;
  const away = { code: 'recovery-in-progress', text: 'x' } as const;
  const events = await goOn(
    about(routedOut),
    'drive',
    (clock) => ({
      agent: () => ({ id: 'web.1', group: 'web', instance }) as Agent,
      gate: (): GateVerdict => {
        asked += 1;
        const reason = asked === 50 ? away : settling;
        return { verdict: 'wait', untilMs: clock.now() + 1_000, reason, rules: [] };
      },
    }),
    minuteMs + 30_000,
  );
  expect(events).toEqual([]);
});
