/** Memory per agent: everything the guard keeps of one that is well, beside the least that any guard would keep. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { bench } from '../../../bench/harness.ts';
import { builtInDetectors, Detection } from '../src/detection/index.ts';
import { Fleet } from '../src/fleet/index.ts';
import { Collector } from '../src/monitoring/index.ts';
import { noopLogger, noopMetrics } from '../src/runtime/index.ts';
import { samplePolicy } from '../src/testing/sample-fleet.ts';
import { createVirtualClock } from '../src/testing/virtual-clock.ts';

bench('monitoring.memory-100k-agents', async (ctx) => {
  const agents = ctx.short ? 20_000 : 100_000;
  const baseline = await bytesFor(() => naiveFleet(agents));
  const value = await bytesFor(() => guardedFleet(agents));
  return { value: value / agents, baseline: baseline / agents, unit: 'bytes/agent', better: 'lower' };
});

/** Heap and typed arrays that `make` leaves behind. */
async function bytesFor(make: () => unknown): Promise<number> {
  const before = await settled();
  const kept = make();
  const after = await settled();
  // Used after the measurement, so that it cannot be collected before.
  if (kept === undefined) throw new RangeError('nothing was made');
  return after - before;
}

async function settled(): Promise<number> {
  const collect = collector();
  for (let round = 0; round < 3; round += 1) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** The garbage collector, which is there without a flag of the command line when it is asked for at run time. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

function naiveFleet(agents: number): Map<string, { lastSeen: number }> {
  const seen = new Map<string, { lastSeen: number }>();
  for (let at = 0; at < agents; at += 1) seen.set(`agent-${at}`, { lastSeen: at + 0.5 });
  return seen;
}

function guardedFleet(agents: number): unknown {
  const clock = createVirtualClock();
  const policy = samplePolicy();
  const fleet = new Fleet({ clock, policyOf: () => policy });
  const receiver = new Collector({ fleet, clock, metrics: noopMetrics });
  const detectors = new Map(Object.entries(builtInDetectors).map(([name, make]) => [name, make(fleet)]));
  const detection = new Detection({ detectors, fleet, clock, log: noopLogger, metrics: noopMetrics });
  for (let at = 0; at < agents; at += 1) {
    const { slot } = fleet.register({ id: `agent-${at}`, group: `g-${at % 100}`, instance: `instance-${at}` });
    receiver.reset(slot);
    detection.reset(slot);
    receiver.heartbeat({ agentId: `agent-${at}`, instance: `instance-${at}`, seq: 1 });
  }
  detection.tick(receiver.drain(0), 0);
  return { fleet, receiver, detection };
}
