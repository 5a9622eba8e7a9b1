/** How many heartbeats the collector takes in process, beside the least that any collector would have to do. */
import { bench } from '../../../bench/harness.ts';
import type { Heartbeat } from '../src/contracts/index.ts';
import { Fleet } from '../src/fleet/index.ts';
import { Collector } from '../src/monitoring/index.ts';
import { noopMetrics } from '../src/runtime/index.ts';
import { samplePolicy } from '../src/testing/sample-fleet.ts';
import { createVirtualClock } from '../src/testing/virtual-clock.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Heartbeats of one call; the tick comes after each, as it does in the guard. */
const burst = 2_000;

for (const agents of [10_000, 100_000]) {
  bench(`monitoring.heartbeats-${agents / 1_000}k-agents`, async (ctx) => {
    const clock = createVirtualClock();
    const fleet = new Fleet({ clock, policyOf: () => samplePolicy() });
    const collector = new Collector({ fleet, clock, metrics: noopMetrics });
    const naive = new Map<string, number>();
    const lastMs = new Float64Array(agents);
    const ids = Array.from({ length: agents }, (_, at) => `group-${at % 100}.agent-${at}`);
    ids.forEach((id, at) => {
      collector.reset(fleet.register({ id, group: 'g', instance: `instance-${at}` }).slot);
      naive.set(id, at);
    });
    // As a parser makes them: with texts of their own, not the very objects that the fleet keeps.
    const bodies = ids.map((agentId, at) => JSON.stringify({ agentId, instance: `instance-${at}`, seq: 0 }));
    const beats = bodies.map((body) => JSON.parse(body) as Heartbeat);
    const order = shuffled(agents);
    // Both sides are given the same heartbeats in the same order, each with a new number.
    const sender = (): (() => Heartbeat) => {
      let seq = 1;
      let next = 0;
      return () => {
        const beat = beats[order[next] as number] as Mutable<Heartbeat>;
        next = next + 1 === agents ? 0 : next + 1;
        if (next === 0) seq += 1;
        beat.seq = seq;
        return beat;
      };
    };
    const [nextBeat, nextNaive] = [sender(), sender()];
    let refused = 0;
    const subject = (): void => {
      for (let at = 0; at < burst; at += 1) if (collector.heartbeat(nextBeat()) !== 'accepted') refused += 1;
      collector.drain(0);
    };
    const baseline = (): void => {
      for (let at = 0; at < burst; at += 1) lastMs[naive.get(nextNaive().agentId) as number] = at;
    };
    const measured = await ctx.sideBySide(subject, baseline);
    if (refused > 0) throw new RangeError(`${refused} heartbeats were not accepted`);
    return {
      value: measured.value * burst,
      baseline: measured.baseline * burst,
      unit: 'heartbeats/s',
      better: 'higher',
    };
  });
}

/** Agents do not send in the order of their registration: the same scattered order for both sides (Fisher and Yates). */
function shuffled(count: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, at) => at);
  let state = 1;
  for (let at = count - 1; at > 0; at -= 1) {
    // Numerical Recipes' linear congruential generator: repeatable, and good enough to scatter.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const other = state % (at + 1);
    const kept = order[at] as number;
    order[at] = order[other] as number;
    order[other] = kept;
  }
  return order;
}
