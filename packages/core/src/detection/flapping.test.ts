import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Finding, FlappingPolicy } from '../model/index.ts';
import { FlapMonitor } from './flapping.ts';

const finding = (kind: Finding['kind'], signature: string = kind): Finding => ({
  id: `d:${kind}:probe`,
  agentId: 'a',
  detector: 'd',
  kind,
  evidence: 'probe',
  implies: 'failed',
  strength: 1,
  since: 0,
  text: 'it is bad',
  signature,
});
const bad = [finding('probe-failed')];
const minute = 60_000;
const usual: FlappingPolicy = { windowMs: 30 * minute, high: 6, low: 2 };

describe('flapping', () => {
  it('begins at the high threshold and ends at the low one, not before', () => {
    const monitor = new FlapMonitor();
    const look = (nowMs: number, findings: readonly Finding[]) =>
      monitor.look(0, findings, { policy: usual, nowMs: nowMs * minute });
    for (let at = 0; at < 5; at += 1) expect(look(at, at % 2 === 0 ? bad : [])).toBeUndefined();
    const [found] = look(5, []) ?? [];
    expect(found).toMatchObject({
      kind: 'flapping',
      implies: 'degraded',
      signature: 'probe-failed',
      data: { changes: 6 },
    });
    // Changes 1 to 6 leave the window one by one, from minute 30 on.
    expect(look(32, [])).toHaveLength(1);
    expect(look(33, [])).toEqual([]);
    expect(monitor.flapping.size).toBe(0);
  });

  it('is not seen in what says nothing of whether the agent works', () => {
    const monitor = new FlapMonitor();
    for (let at = 0; at < 50; at += 1) {
      const findings = at % 2 === 0 ? [finding('not-ready'), finding('anomaly'), finding('exhaustion')] : [];
      expect(monitor.look(0, findings, { policy: usual, nowMs: at * 1_000 })).toBeUndefined();
    }
  });

  it('begins anew with a new instance', () => {
    const monitor = new FlapMonitor();
    for (let at = 0; at < 5; at += 1) monitor.look(0, at % 2 === 0 ? bad : [], { policy: usual, nowMs: at });
    monitor.reset(0);
    expect(monitor.look(0, bad, { policy: usual, nowMs: 10 })).toBeUndefined();
  });

  it('never goes on and off itself faster than the thresholds permit', () => {
    const policies = fc
      .record({
        low: fc.nat({ max: 10 }),
        more: fc.integer({ min: 1, max: 10 }),
        windowMs: fc.integer({ min: minute, max: 60 * minute }),
      })
      .map(({ low, more, windowMs }) => ({ low, high: Math.max(2, low + more), windowMs }));
    const looks = fc.array(fc.record({ gapMs: fc.nat({ max: 5 * minute }), isBad: fc.boolean() }), { maxLength: 300 });
    fc.assert(
      fc.property(policies, looks, (policy, all) => {
        const monitor = new FlapMonitor();
        let nowMs = 0;
        let before = false;
        let wasBad = false;
        const changes: number[] = [];
        let changesAtEnd = 0;
        for (const { gapMs, isBad } of all) {
          nowMs += gapMs;
          if (isBad !== wasBad) changes.push(nowMs);
          wasBad = isBad;
          monitor.look(0, isBad ? bad : [], { policy, nowMs });
          const inWindow = changes.filter((atMs) => atMs > nowMs - policy.windowMs).length;
          const flaps = monitor.flapping.has(0);
          const began = flaps && !before;
          const ended = !flaps && before;
          // Between an end and the next beginning it changed at least as often as the thresholds are apart.
          const apart = began && changesAtEnd > 0 ? changes.length - changesAtEnd : Infinity;
          expect(apart).toBeGreaterThanOrEqual(policy.high - policy.low);
          expect(began ? inWindow : Infinity).toBeGreaterThanOrEqual(policy.high);
          expect(flaps ? inWindow : Infinity).toBeGreaterThan(policy.low);
          expect(ended ? inWindow : 0).toBeLessThanOrEqual(policy.low);
          if (ended) changesAtEnd = changes.length;
          before = flaps;
        }
      }),
    );
  });
});
