import { describe, expect, it } from 'vitest';
import type { Orchestrator } from '../../src/contracts/index.ts';
import type { IncidentEvent } from '../../src/incident/index.ts';
import type { Agent, Receipt } from '../../src/model/index.ts';
import { guardError } from '../../src/contracts/index.ts';
import { actingAt, goOn, instance } from './executor-rig.ts';

const plan = { rung: 'restart', timeoutMs: 60_000, graceMs: 0 } as never;
const restart = { id: '3-restart', spec: { type: 'action', action: 'restart', on: 'old' }, timeoutMs: 30_000 } as const;

describe('an action that the orchestrator does not admit', () => {
  it('is over without having been begun, and never asked after or done, though the store is away meanwhile', async () => {
    const incident = actingAt({ ...restart, onFailure: 'fail', state: 'planned' }, { plan, instance });
    const asked: string[] = [];
    const events: IncidentEvent[] = [];
    let open = true;
    const say = (what: string): Promise<Receipt> => {
      asked.push(what);
      return Promise.resolve({ key: 'k', at: 0, result: 'failed', text: what } as Receipt);
    };
    await goOn(
      incident,
      'drive',
      (clock) => ({
        agent: () => ({ id: 'web.1', group: 'web', orchestrator: 'fake', instance }) as Agent,
        incident: () => (open ? incident : undefined),
        fence: () => 1,
        gate: () => ({ verdict: 'proceed', rules: [] }) as never,
        orchestrator: () =>
          ({
            prepare: async () => ({ act: false, reason: { code: 'orchestrator-refused', text: 'It may not.' } }),
            execute: () => say('execute'),
            reconcile: () => say('reconcile'),
          }) as unknown as Orchestrator,
        apply: async (_id, event) => {
          if (clock.monotonic() < 5_000) throw guardError('GUARD_STATE_UNAVAILABLE', { why: 'it is away' });
          events.push(event);
          open = false;
          return undefined;
        },
      }),
      10_000,
    );
    expect(asked).toEqual([]);
    expect(events).toMatchObject([
      { type: 'step-inadmissible', stepId: '3-restart', receipt: { result: 'failed', text: 'It may not.' } },
    ]);
  });
});
