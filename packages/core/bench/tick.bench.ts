/** What a tick costs when nothing happens: it must not grow with the fleet. */
import { bench } from '../../../bench/harness.ts';
import { builtInDetectors, Detection } from '../src/detection/index.ts';
import { Fleet } from '../src/fleet/index.ts';
import { Collector } from '../src/monitoring/index.ts';
import { noopLogger, noopMetrics } from '../src/runtime/index.ts';
import { samplePolicy } from '../src/testing/sample-fleet.ts';
import { createVirtualClock } from '../src/testing/virtual-clock.ts';

/** Ticks of one call, 200 ms apart: together less than the heartbeat timeout, so that nobody becomes due. */
const ticks = 100;

for (const agents of [10_000, 100_000]) {
  bench(`detection.tick-${agents / 1_000}k-quiet-agents`, async (ctx) => {
    const [large, small] = [fleetOf(agents), fleetOf(1_000)];
    const measured = await ctx.sideBySide(large, small);
    return {
      value: microseconds(measured.value),
      baseline: microseconds(measured.baseline),
      unit: 'us/tick',
      better: 'lower',
    };
  });
}

bench('detection.tick-1k-quiet-agents', async (ctx) => {
  const measured = await ctx.sideBySide(fleetOf(1_000), fleetOf(1));
  return {
    value: microseconds(measured.value),
    baseline: microseconds(measured.baseline),
    unit: 'us/tick',
    better: 'lower',
  };
});

function microseconds(callsPerSecond: number): number {
  return 1e6 / (callsPerSecond * ticks);
}

/** A guard's tick over a fleet that was heard of once and is quiet now. Time stands still, so the quiet never ends. */
function fleetOf(agents: number): () => void {
  const clock = createVirtualClock();
  const fleet = new Fleet({ clock, policyOf: () => samplePolicy() });
  const collector = new Collector({ fleet, clock, metrics: noopMetrics });
  const detectors = new Map(Object.entries(builtInDetectors).map(([name, make]) => [name, make(fleet)]));
  const detection = new Detection({ detectors, fleet, clock, log: noopLogger, metrics: noopMetrics });
  for (let at = 0; at < agents; at += 1) {
    const { slot } = fleet.register({ id: `agent-${at}`, group: 'g', instance: `instance-${at}` });
    collector.reset(slot);
    detection.reset(slot);
    collector.heartbeat({ agentId: `agent-${at}` });
  }
  let nowMs = 0;
  const tick = (): number => {
    const { health } = detection.tick(collector.drain(nowMs), nowMs);
    return health.length;
  };
  if (tick() !== agents) throw new RangeError('every agent should have become healthy');
  return () => {
    for (let at = 0; at < ticks; at += 1) {
      // Back and forth inside the same stretch of time: the wheels never reach a deadline.
      nowMs = at * 200;
      if (tick() !== 0) throw new RangeError('a quiet tick changed health');
    }
  };
}
