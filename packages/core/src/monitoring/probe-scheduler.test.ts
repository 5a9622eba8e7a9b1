import { describe, expect, it } from 'vitest';
import type { Policy } from '../model/index.ts';
import { samplePolicy } from '../testing/sample-fleet.ts';

import { probeRig as rig } from '../../test/probe-rig.ts';

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

  it('asks an agent that answers nothing whether it is alive as often as one that does, and the rest in between', async () => {
    const { probes: usual } = samplePolicy();
    const every = (probe: 'liveness' | 'readiness' | 'performance') => ({ ...usual[probe], everyMs: 1_000 });
    const policy: Policy = {
      ...samplePolicy(),
      probes: {
        ...usual,
        liveness: every('liveness'),
        readiness: every('readiness'),
        performance: every('performance'),
      },
    };
    // Two questions a second are all it has time for, and three are due.
    const { clock, probes, add, count } = rig({ tookMs: 500, policy });
    add('a');
    await probes.start();
    await clock.advance(60_000);
    expect(count('/health/live')).toBeGreaterThanOrEqual(54);
    expect(count('/health/ready')).toBeGreaterThanOrEqual(25);
    expect(count('/health/performance')).toBeGreaterThanOrEqual(25);
    await probes.stop();
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

  it('does not report what came of a question when the instance was started anew meanwhile', async () => {
    const { clock, probes, fleet, answers, reported } = rig({ tookMs: 1_000 });
    answers.reply = () => ({ outcome: 'down' });
    const list = (state: 'running' | 'exited') =>
      fleet.upsertDiscovered(
        { id: 'a', group: 'g', labels: {}, instance: { id: 'a-1', generation: 1, state, endpoint: 'http://10.0.0.1' } },
        'docker',
      );
    const { slot } = list('running');
    const asked = probes.ask(slot, 'readiness');
    await clock.advance(500);
    list('exited');
    expect(list('running').kind).toBe('instance-replaced');
    await clock.advance(500);
    expect(await asked).toMatchObject({
      outcome: 'unknown',
      detail: 'the instance was started anew while it was asked',
    });
    expect(reported).toEqual([]);
    const again = probes.ask(slot, 'readiness');
    await clock.advance(1_000);
    expect(await again).toMatchObject({ outcome: 'down', instanceId: 'a-1' });
    expect(reported).toHaveLength(1);
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
