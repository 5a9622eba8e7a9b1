import { describe, expect, it } from 'vitest';
import type { SignalDraft } from '../contracts/index.ts';
import { Fleet } from '../fleet/index.ts';
import type { Policy } from '../model/index.ts';
import { recordedMetrics } from '../runtime/metrics.ts';
import { seededRandom } from '../runtime/seeded-random.ts';
import { recordingLogger } from '../testing/rig.ts';
import { samplePolicy } from '../testing/sample-fleet.ts';
import { createVirtualClock } from '../testing/virtual-clock.ts';
import type { ProbeAnswer, Prober, ProbeRequest } from './prober.ts';
import { ProbeScheduler, type ProbeSchedulerOptions } from './probe-scheduler.ts';

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

function rig(options: RigOptions = {}) {
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

describe('ProbeScheduler, by schedule', () => {
  it('asks each agent what its policy says, as often as it says', async () => {
    const { clock, probes, add, count } = rig();
    for (const id of ['a', 'b', 'c']) add(id);
    await probes.start();
    await clock.advance(300_000);
    // 3 agents, 300 s: every 10 s and every 30 s, give or take the jitter and the first interval.
    expect(count('/health/live')).toBeGreaterThanOrEqual(80);
    expect(count('/health/live')).toBeLessThanOrEqual(93);
    expect(count('/health/ready')).toBeGreaterThanOrEqual(80);
    expect(count('/health/performance')).toBeGreaterThanOrEqual(26);
    expect(count('/health/performance')).toBeLessThanOrEqual(32);
    expect(count('/health')).toBe(0);
    await probes.stop();
    expect(clock.pendingTimers).toBe(0);
  });

  it('spreads the first questions over the interval', async () => {
    const { clock, probes, add, asked } = rig();
    for (let at = 0; at < 200; at += 1) add(`a${at}`);
    await probes.start();
    await clock.advance(10_100);
    const first = asked.filter(({ path }) => path === '/health/live').map(({ atMs }) => Math.floor(atMs / 1_000));
    for (let second = 0; second < 10; second += 1) {
      const share = first.filter((one) => one === second).length;
      expect(share).toBeGreaterThan(5);
      expect(share).toBeLessThan(50);
    }
    await probes.stop();
  });

  it('asks no agent without an endpoint, and nothing whose path is empty', async () => {
    const base = samplePolicy();
    const policy = { ...base, probes: { ...base.probes, readiness: { ...base.probes.readiness, path: '' } } };
    const { clock, probes, add, asked, count } = rig({ policy });
    add('silent', '');
    add('b');
    await probes.start();
    await clock.advance(60_000);
    expect(asked.some(({ agentId }) => agentId === 'silent')).toBe(false);
    expect(count('/health/ready')).toBe(0);
    expect(count('/health/live')).toBeGreaterThan(3);
    await probes.stop();
  });

  it('begins when an endpoint becomes known, and ends when the agent leaves', async () => {
    const { clock, probes, fleet, add, asked } = rig();
    const slot = add('a', '');
    await probes.start();
    await clock.advance(30_000);
    fleet.register({ id: 'a', group: 'g', instance: 'a-1', endpoint: 'http://10.0.0.1' });
    probes.track(slot);
    await clock.advance(30_000);
    const soFar = asked.length;
    expect(soFar).toBeGreaterThan(3);
    fleet.remove('a');
    probes.remove(slot);
    await clock.advance(60_000);
    expect(asked.length).toBe(soFar);
    await probes.stop();
  });

  it('never asks one agent two things at once, nor more agents than allowed', async () => {
    const { clock, probes, add, running, reported } = rig({ tookMs: 700, concurrency: 5 });
    for (let at = 0; at < 30; at += 1) add(`a${at}`);
    await probes.start();
    await clock.advance(60_000);
    expect(running.most).toBe(5);
    expect(running.clashes).toBe(0);
    expect(new Set(reported.map(({ agentId }) => agentId)).size).toBe(30);
    await probes.stop();
  });
});

describe('ProbeScheduler.confirm', () => {
  it('asks no later instance than the suspected one, be it that the question had to wait so long', async () => {
    const { clock, fleet, asked, reported, probes, add } = rig({ tookMs: 1_000 });
    const slot = add('a');
    const before = probes.ask(slot, 'readiness');
    const confirmed = probes.confirm(slot);
    await clock.advance(500);
    fleet.register({ id: 'a', group: 'g', instance: 'a-2', endpoint: 'http://10.0.0.1/a2' });
    const ofNew = probes.confirm(slot);
    await clock.advance(3_000);
    await before;
    expect(await confirmed).toMatchObject({ outcome: 'unknown', detail: 'the suspected instance was replaced' });
    expect(await ofNew).toMatchObject({ outcome: 'up', instanceId: 'a-2' });
    expect(asked.map(({ path }) => path)).toEqual(['/health/ready', '/health']);
    expect(reported.filter(({ confirming }) => confirming)).toHaveLength(1);
  });

  it('asks /health at once and reports the answer as confirming', async () => {
    const { clock, probes, add, reported } = rig();
    const slot = add('a');
    const asked = probes.confirm(slot);
    await clock.advance(10);
    await expect(asked).resolves.toMatchObject({
      probe: 'health',
      outcome: 'up',
      confirming: true,
      instanceId: 'a-1',
      receivedMs: 10,
    });
    expect(reported).toMatchObject([{ probe: 'health', confirming: true, instanceId: 'a-1' }]);
  });

  it('falls back to the liveness path where there is no /health', async () => {
    const { clock, probes, add, asked, answers } = rig();
    answers.reply = ({ path }) =>
      path === '/health' ? { outcome: 'down', statusCode: 404 } : { outcome: 'up', statusCode: 200 };
    const answer = probes.confirm(add('a'));
    await clock.advance(20);
    await expect(answer).resolves.toMatchObject({ probe: 'health', outcome: 'up', statusCode: 200 });
    expect(asked.map(({ path }) => path)).toEqual(['/health', '/health/live']);
  });

  it('comes next while a question is under way, before what waits, and only once', async () => {
    const { clock, probes, add, asked, running } = rig();
    const slot = add('a');
    const first = probes.ask(slot, 'liveness');
    const second = probes.ask(slot, 'readiness');
    const one = probes.confirm(slot);
    expect(probes.confirm(slot)).toBe(one);
    await clock.advance(100);
    await Promise.all([first, second, one]);
    expect(asked.map(({ path }) => path)).toEqual(['/health/live', '/health/ready', '/health']);
    expect(running.clashes).toBe(0);
    const again = probes.confirm(slot);
    expect(again).not.toBe(one);
    await clock.advance(10);
    await again;
  });

  it('goes before the schedule when all places are taken', async () => {
    const { clock, probes, add, asked } = rig({ concurrency: 1, tookMs: 100 });
    const slots = ['a', 'b', 'c', 'd'].map((id) => add(id));
    void probes.ask(slots[0] as number, 'liveness');
    probes.watch(slots[1] as number, 10_000);
    probes.watch(slots[2] as number, 10_000);
    await probes.start();
    await clock.advance(150);
    void probes.confirm(slots[3] as number);
    await clock.advance(300);
    expect(['b', 'c']).toContain(asked[1]?.agentId);
    expect(asked[2]?.agentId).toBe('d');
    await probes.stop();
  });

  it('is unknown, not down, for an agent without an endpoint', async () => {
    const { clock, probes, add, asked, reported } = rig();
    const answer = probes.confirm(add('a', ''));
    await clock.advance(1);
    await expect(answer).resolves.toMatchObject({ outcome: 'unknown', detail: 'the agent has no address' });
    expect(asked).toEqual([]);
    expect(reported).toMatchObject([{ outcome: 'unknown', confirming: true }]);
  });

  it('is unknown when the prober itself fails', async () => {
    const { clock, probes, add, answers } = rig();
    answers.reply = () => {
      throw new TypeError('prober broke');
    };
    const answer = probes.confirm(add('a'));
    await clock.advance(20);
    await expect(answer).resolves.toMatchObject({ outcome: 'unknown', detail: 'prober broke' });
  });
});

describe('ProbeScheduler, other ways to ask', () => {
  it('watches closely until told to stop', async () => {
    const { clock, probes, add, count } = rig();
    const slot = add('a');
    await probes.start();
    probes.watch(slot, 2_000);
    await clock.advance(20_050);
    expect(count('/health')).toBe(10);
    probes.unwatch(slot);
    await clock.advance(20_000);
    expect(count('/health')).toBe(10);
    await probes.stop();
  });

  it('asks an instance that is not current yet at its own address', async () => {
    const { clock, probes, fleet, asked } = rig();
    const instance = { id: 'c-1', generation: 1, endpoint: 'http://10.0.0.1' };
    const { slot } = fleet.upsertDiscovered({ id: 'a', group: 'g', labels: {}, instance }, 'docker');
    fleet.register({ id: 'a', group: 'g', instance: 'c-1' });
    fleet.register({ id: 'a', group: 'g', instance: 'c-2', endpoint: 'http://10.0.0.2' });
    const answer = probes.ask(slot, 'readiness', { instanceId: 'c-2' });
    await clock.advance(10);
    await expect(answer).resolves.toMatchObject({ instanceId: 'c-2', outcome: 'up' });
    expect(asked[0]?.at.endpoint).toBe('http://10.0.0.2');
  });

  it('stops by breaking off what runs and telling those who wait', async () => {
    const { clock, probes, add, reported } = rig({ tookMs: 60_000 });
    const slot = add('a');
    const running = probes.ask(slot, 'liveness');
    const waiting = probes.confirm(slot);
    await clock.advance(5);
    await probes.stop();
    await expect(running).resolves.toMatchObject({ outcome: 'unknown' });
    await expect(waiting).resolves.toMatchObject({ outcome: 'unknown' });
    await expect(probes.confirm(slot)).resolves.toMatchObject({ outcome: 'unknown' });
    expect(reported).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('tells those who wait when the agent leaves', async () => {
    const { clock, probes, fleet, add } = rig();
    const slot = add('a');
    const running = probes.ask(slot, 'liveness');
    const waiting = probes.confirm(slot);
    fleet.remove('a');
    probes.remove(slot);
    await expect(waiting).resolves.toMatchObject({ outcome: 'unknown', detail: 'the agent left' });
    await clock.advance(20);
    await expect(running).resolves.toMatchObject({ outcome: 'up' });
  });
});

describe('ProbeScheduler, by other ways than HTTP', () => {
  const withLiveness = (liveness: Partial<Policy['probes']['liveness']>): Policy => {
    const base = samplePolicy();
    return { ...base, probes: { ...base.probes, liveness: { ...base.probes.liveness, ...liveness } } };
  };

  it('asks by the type and port of the policy, the confirming question, too, and nothing else', async () => {
    const { clock, probes, add, asked } = rig({ policy: withLiveness({ type: 'tcp', port: 5_432 }) });
    const slot = add('a');
    await probes.start();
    await clock.advance(60_000);
    const confirmed = probes.confirm(slot);
    await clock.advance(100);
    expect(await confirmed).toMatchObject({ outcome: 'up', confirming: true });
    expect(new Set(asked.map(({ type, port, probe }) => `${probe} ${type} ${port}`))).toEqual(
      new Set(['liveness tcp 5432', 'health tcp 5432']),
    );
    await probes.stop();
  });

  it('asks by a command where it is said, also an agent without an address', async () => {
    const questions: string[] = [];
    const { clock, probes, add, asked, reported } = rig({
      policy: withLiveness({ type: 'command', command: ['alive', '-q'] }),
      commands: {
        probe: async ({ agent, command, timeoutMs }) => {
          questions.push(`${agent.id} ${command.join(' ')} ${timeoutMs}`);
          return { outcome: 'down', latencyMs: 3, detail: 'exit code 1' };
        },
      },
    });
    add('a', '');
    await probes.start();
    await clock.advance(12_000);
    expect(new Set(questions)).toEqual(new Set(['a alive -q 2000']));
    expect(asked).toEqual([]);
    expect(reported[0]).toMatchObject({ probe: 'liveness', outcome: 'down', detail: 'exit code 1' });
    await probes.stop();
  });

  it('says that nobody can run commands, where that is so', async () => {
    const { clock, probes, add, reported } = rig({ policy: withLiveness({ type: 'command', command: ['alive'] }) });
    add('a');
    await probes.start();
    await clock.advance(12_000);
    expect(reported[0]).toMatchObject({ outcome: 'unknown', unaskable: true });
    await probes.stop();
  });
});
