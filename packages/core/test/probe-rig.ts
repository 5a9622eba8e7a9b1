import type { SignalDraft } from '../src/contracts/index.ts';
import { Fleet } from '../src/fleet/index.ts';
import type { Policy } from '../src/model/index.ts';
import { recordedMetrics } from '../src/runtime/metrics.ts';
import { seededRandom } from '../src/runtime/seeded-random.ts';
import { recordingLogger } from '../src/testing/rig.ts';
import { samplePolicy } from '../src/testing/sample-fleet.ts';
import { createVirtualClock } from '../src/testing/virtual-clock.ts';
import type { ProbeAnswer, Prober, ProbeRequest } from '../src/monitoring/prober.ts';
import { ProbeScheduler, type ProbeSchedulerOptions } from '../src/monitoring/probe-scheduler.ts';

type Probe = Extract<SignalDraft, { kind: 'probe' }>;

interface Asked extends ProbeRequest {
  readonly atMs: number;
}

interface RigOptions {
  readonly tookMs?: number;
  readonly concurrency?: number;
  readonly policy?: Policy;
  readonly commands?: ProbeSchedulerOptions['commands'];
}

/** A scheduler of probes whose answers a test gives, on a virtual clock. */
export function probeRig(options: RigOptions = {}) {
  const clock = createVirtualClock();
  const fleet = new Fleet({ clock, policyOf: () => options.policy ?? samplePolicy() });
  const asked: Asked[] = [];
  const reported: Probe[] = [];
  const running = { now: 0, most: 0, perAgent: new Map<string, number>(), clashes: 0 };
  const answers: { reply: (request: ProbeRequest) => Partial<ProbeAnswer> } = { reply: () => ({}) };
  const prober: Prober = {
    async probe(request, signal) {
      asked.push({ ...request, atMs: clock.monotonic() });
      const same = running.perAgent.get(request.agentId) ?? 0;
      if (same > 0) running.clashes += 1;
      running.perAgent.set(request.agentId, same + 1);
      running.now += 1;
      running.most = Math.max(running.most, running.now);
      await clock.sleep(options.tookMs ?? 10, signal).catch(() => undefined);
      running.now -= 1;
      running.perAgent.set(request.agentId, same);
      return { outcome: 'up', latencyMs: options.tookMs ?? 10, ...answers.reply(request) };
    },
  };
  const probes = new ProbeScheduler({
    fleet,
    clock,
    random: seededRandom(1, clock),
    log: recordingLogger(),
    metrics: recordedMetrics(),
    prober,
    report: (draft) => void reported.push(draft as Probe),
    ...(options.concurrency === undefined ? {} : { concurrency: options.concurrency }),
    ...(options.commands ? { commands: options.commands } : {}),
  });
  const add = (id: string, endpoint: string | undefined = `http://10.0.0.1/${id}`): number => {
    const { slot } = fleet.register({ id, group: 'g', instance: `${id}-1`, ...(endpoint === '' ? {} : { endpoint }) });
    probes.track(slot);
    return slot;
  };
  const count = (path: string): number => asked.filter((one) => one.path === path).length;
  return { clock, fleet, asked, reported, running, answers, probes, add, count };
}
