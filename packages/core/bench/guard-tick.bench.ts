/**
 * What a whole guard does in one tick (200 ms: monitoring, detection, decision, probes' schedule, checkpoints, store)
 * for a fleet that is quiet: every agent has sent its heartbeat and nothing is due. The baseline is the tick of a guard
 * with a thousand agents in the same run: the cost has to stay flat.
 */
import { bench } from '../../../bench/harness.ts';
import type { GuardApi } from '../src/contracts/index.ts';
import { assembleGuard } from '../src/di/create-guard.ts';
import { noopLogger, seededRandom } from '../src/runtime/index.ts';
import type { VirtualClock } from '../src/testing/index.ts';
import { createVirtualClock } from '../src/testing/index.ts';

interface QuietGuard {
  readonly clock: VirtualClock;
  readonly guard: GuardApi;
}

for (const agents of [1_000, 10_000, 100_000]) {
  bench(`guard.tick-${agents / 1_000}k-quiet-agents`, async (ctx) => {
    const subject = await quietGuard(agents);
    const baseline = await quietGuard(1_000);
    const { value, baseline: base } = await ctx.sideBySide(
      () => subject.clock.advance(200),
      () => baseline.clock.advance(200),
    );
    await Promise.all([stop(subject), stop(baseline)]);
    return { value: 1e6 / value, baseline: 1e6 / base, unit: 'us/tick', better: 'lower' };
  });
}

async function quietGuard(agents: number): Promise<QuietGuard> {
  const clock = createVirtualClock();
  const guard = await assembleGuard(
    // A benchmark lasts days of virtual time: without this the quiet would become suspicious.
    { heartbeat: { expect: 'off' }, gate: { settle: '1s' } },
    { clock, random: seededRandom('tick', clock), logger: noopLogger },
  );
  const started = guard.start();
  await clock.settle();
  await started;
  for (let at = 0; at < agents; at += 1_000) {
    const batch = Array.from({ length: Math.min(1_000, agents - at) }, (_, offset) => `agent-${at + offset}`);
    await Promise.all(batch.map((id) => guard.agents.register({ id, group: `group-${at / 1_000}` })));
    for (const agentId of batch) guard.heartbeat({ agentId });
  }
  await clock.advance(5_000);
  return { clock, guard };
}

async function stop({ clock, guard }: QuietGuard): Promise<void> {
  const stopped = guard.stop();
  await clock.advance(20_000);
  await stopped;
}
