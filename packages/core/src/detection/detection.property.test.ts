import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { detectionRig } from '../../test/detection-rig.ts';

describe('Detection, whatever happens', () => {
  it('says of every finding when it is cleared, and holds none that it did not raise', async () => {
    const action = fc.oneof(
      fc
        .constantFrom(
          'beat',
          'up',
          'down',
          'confirm-down',
          'died',
          'started',
          'not-ready',
          'ready',
          'error',
          'reset',
          'slow',
          'fast',
        )
        .map((what) => ({ what, forMs: 0 })),
      fc.integer({ min: 1, max: 120 }).map((seconds) => ({ what: 'wait', forMs: seconds * 1_000 })),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 40 }), async (actions) => {
        const rig = detectionRig();
        const slot = rig.add();
        const open = new Set<string>();
        let health: string = 'unknown';
        const follow = (result: ReturnType<typeof rig.tick>): void => {
          for (const { findingId } of result.cleared) expect(open.delete(findingId)).toBe(true);
          for (const { id } of result.raised) open.add(id);
          for (const change of result.health) {
            expect(change.from).toBe(health);
            health = change.to;
          }
        };
        for (const { what, forMs } of actions) {
          if (what === 'wait')
            for (let passed = 0; passed < forMs; passed += 5_000) {
              await rig.clock.advance(5_000);
              follow(rig.tick());
            }
          else act(rig, slot, what);
          follow(rig.tick());
          expect(new Set(rig.detection.status(slot).findings.map(({ id }) => id))).toEqual(open);
          expect(rig.detection.status(slot).health).toBe(health);
        }
      }),
      { numRuns: 60 },
    );
  });
});

function act({ beat, signal, detection }: ReturnType<typeof detectionRig>, slot: number, what: string): void {
  const probe = { kind: 'probe', latencyMs: 1 } as const;
  const acts: Record<string, () => void> = {
    beat: () => beat(slot),
    up: () => signal(slot, { ...probe, probe: 'liveness', outcome: 'up' }),
    down: () => signal(slot, { ...probe, probe: 'liveness', outcome: 'down' }),
    'confirm-down': () => signal(slot, { ...probe, probe: 'health', outcome: 'down', confirming: true }),
    ready: () => signal(slot, { ...probe, probe: 'readiness', outcome: 'up' }),
    'not-ready': () => signal(slot, { ...probe, probe: 'readiness', outcome: 'down' }),
    died: () => signal(slot, { kind: 'lifecycle', event: 'died', exitCode: 1 }),
    started: () => signal(slot, { kind: 'lifecycle', event: 'started' }),
    error: () => signal(slot, { kind: 'error', message: 'x', count: 4 }),
    slow: () => signal(slot, { kind: 'metrics', metrics: { p95_latency_ms: 5_000, error_rate: 0.5 } }),
    fast: () => signal(slot, { kind: 'metrics', metrics: { p95_latency_ms: 1, error_rate: 0 } }),
    reset: () => detection.reset(slot),
  };
  acts[what]?.();
}
