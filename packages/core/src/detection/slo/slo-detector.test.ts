import { describe, expect, it } from 'vitest';
import { detectionRig } from '../../../test/detection-rig.ts';

describe('SloDetector', () => {
  it('does not count the time the guard slept through as missing a target', async () => {
    const rig = detectionRig();
    const slot = rig.add();
    const slow = (): void => rig.signal(slot, { kind: 'metrics', metrics: { p95_latency_ms: 500 } });
    // 60 s have to be bad.
    expect((await rig.run(20_000, slow)).raised).toEqual([]);
    await rig.clock.advance(120_000);
    slow();
    expect(rig.tick().raised).toEqual([]);
    expect((await rig.run(35_000, slow)).raised).toEqual([]);
    expect((await rig.run(10_000, slow)).raised).toMatchObject([{ kind: 'slow' }]);
  });
});
