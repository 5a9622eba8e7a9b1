import { describe, expect, it } from 'vitest';
import type { ControlPlane } from '../../contracts/index.ts';
import { FleetControlPlane, Fleet } from '../../fleet/index.ts';
import type { ControlCommand, Health, Receipt } from '../../model/index.ts';
import { createVirtualClock, recordingLogger, samplePolicy } from '../../testing/index.ts';
import { Reflection, type ReflectionOptions } from './reflection.ts';

type Answer = Partial<Receipt> | 'lost' | 'never' | { readonly afterMs: number };

const nothing = (): undefined => undefined;

function rig(agents: readonly string[] = ['web.1']) {
  const clock = createVirtualClock();
  const log = recordingLogger();
  const fleet = new Fleet({ clock, policyOf: () => samplePolicy() });
  for (const id of agents) fleet.register({ id, group: 'web', endpoint: `http://127.0.0.1/${id}` });
  const health: Record<string, Health> = {};
  const lease = { fence: 7, isHeld: true };
  /** What came over, in the order in which it arrived. */
  const told: string[] = [];
  const keys: string[] = [];
  const answers: Answer[] = [];
  /** What is answered when `answers` has nothing more. */
  const last: { answer: Answer } = { answer: { result: 'succeeded' } };
  const underWay = { now: 0, most: 0 };
  const arrives = (command: ControlCommand): void => void told.push(textOf(command));
  const apply: ControlPlane['apply'] = async (command, { key }, { signal }) => {
    keys.push(key);
    const answer = answers.shift() ?? last.answer;
    underWay.now += 1;
    underWay.most = Math.max(underWay.most, underWay.now);
    try {
      if (answer === 'lost') throw new TypeError('connection reset');
      if (answer === 'never') return await new Promise<never>(() => undefined);
      if ('afterMs' in answer) await clock.sleep(answer.afterMs, signal);
      arrives(command);
      return { key, at: clock.now(), result: 'succeeded', ...answer } as Receipt;
    } finally {
      underWay.now -= 1;
    }
  };
  const make = (controlPlane: Pick<ControlPlane, 'apply'> = { apply }): Reflection =>
    new Reflection({
      clock,
      log,
      fleet,
      controlPlane: controlPlane as ControlPlane,
      collector: { instruct: nothing },
      probes: { watch: nothing, unwatch: nothing },
      detection: {
        status: (slot: number) => ({ health: health[fleet.agent(slot)?.agent.id ?? ''] ?? 'healthy' }),
        setTroubled: nothing,
        setWatched: nothing,
      },
      sight: { consecutiveErrors: () => 0 },
      roles: { isToBeTold: () => false },
      incidentLog: { openFor: nothing },
      ownership: { fence: () => lease.fence, owns: () => lease.isHeld },
    } as unknown as ReflectionOptions);
  const reflection = make();
  const become = (agentId: string, now: Health): void => {
    health[agentId] = now;
    reflection.sync(agentId);
  };
  return { clock, log, fleet, lease, told, keys, answers, last, underWay, make, reflection, become };
}

function textOf(command: ControlCommand): string {
  const { agentId } = command;
  if (command.kind === 'route') return `${agentId} ${command.breaker}`;
  return command.kind === 'status' ? `${agentId} is ${command.health}` : `${agentId} ${command.kind}`;
}

describe('what the control plane is told of an agent', () => {
  it('is there at once with the built-in control plane', () => {
    const { fleet, clock, make } = rig();
    const plane = new FleetControlPlane({ fleet, clock });
    const reflection = make(plane);
    reflection.show('web.1', 'degraded');
    reflection.sync('web.1');
    expect(plane.routes('web')).toMatchObject([{ agentId: 'web.1', health: 'degraded', breaker: 'closed' }]);
  });

  it('is told again until the control plane has taken it, whatever it said instead', async () => {
    const { clock, told, answers, log, become } = rig();
    answers.push(
      'lost',
      'never',
      { result: 'failed', retryable: true, code: 'busy', text: 'busy' },
      { result: 'unknown', text: 'perhaps' },
    );
    become('web.1', 'healthy');
    await clock.advance(180_000);
    expect(told).toEqual(['web.1 closed', 'web.1 closed', 'web.1 closed']);
    expect(log.entries.map(({ message }) => message)).toEqual(['the control plane was not told; it is told again']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('is not told again when something newer is known there', async () => {
    const { clock, told, answers, log, become } = rig();
    answers.push({ result: 'superseded', text: 'newer' });
    become('web.1', 'healthy');
    await clock.advance(180_000);
    expect(told).toEqual(['web.1 closed']);
    expect(log.entries).toEqual([]);
  });

  it('arrives in order, and what was overtaken is left out', async () => {
    const { clock, told, answers, become } = rig();
    answers.push({ afterMs: 3_000 });
    become('web.1', 'failed');
    become('web.1', 'healthy');
    become('web.1', 'failed');
    become('web.1', 'healthy');
    await clock.advance(2_999);
    expect(told).toEqual([]);
    await clock.advance(60_000);
    expect(told).toEqual(['web.1 open', 'web.1 closed']);
  });

  it('is the newest alone when the older was told in vain', async () => {
    const { clock, told, answers, become } = rig();
    answers.push('lost');
    become('web.1', 'failed');
    await clock.advance(500);
    become('web.1', 'healthy');
    expect(told).toEqual(['web.1 closed']);
    await clock.advance(180_000);
    expect(told).toEqual(['web.1 closed']);
  });

  it('waits for nobody else, and health does not wait for routes', async () => {
    const { clock, told, answers, reflection, become } = rig(['web.1', 'web.2']);
    answers.push('never');
    become('web.1', 'healthy');
    reflection.show('web.1', 'healthy');
    become('web.2', 'healthy');
    await clock.advance(0);
    expect(told).toEqual(['web.1 is healthy', 'web.2 closed']);
  });
});

describe('the keys of what the control plane is told', () => {
  it('are none that a guard before this one has used, and each is used once', async () => {
    const { clock, keys, answers, make, become } = rig(['web.1', 'web.2']);
    answers.push('lost');
    become('web.1', 'healthy');
    become('web.2', 'healthy');
    await clock.advance(10_000);
    expect(keys).toHaveLength(3);
    const next = make();
    next.sync('web.1');
    next.sync('web.2');
    expect(new Set(keys).size).toBe(5);
  });

  it('are none of a guard that took over at the same moment', () => {
    const { keys, lease, make } = rig();
    for (const fence of [7, 8]) {
      lease.fence = fence;
      make().sync('web.1');
    }
    expect(new Set(keys).size).toBe(2);
  });
});

describe('telling again', () => {
  it('ends for an agent that left, and begins anew after what is still on its way', async () => {
    const { clock, fleet, keys, told, answers, reflection, become } = rig();
    const leave = (): void => {
      reflection.forget(fleet.slotOf('web.1') as number, 'web.1');
      fleet.remove('web.1');
    };
    answers.push('lost');
    become('web.1', 'failed');
    await clock.advance(0);
    leave();
    await clock.advance(180_000);
    expect(keys).toHaveLength(1);
    fleet.register({ id: 'web.1', group: 'web' });
    answers.push({ afterMs: 1_000 });
    become('web.1', 'failed');
    leave();
    fleet.register({ id: 'web.1', group: 'web' });
    become('web.1', 'healthy');
    await clock.advance(1_000);
    expect(told).toEqual(['web.1 open', 'web.1 closed']);
  });

  it('ends for one that is unknown, although nobody said that it left', async () => {
    const { clock, keys, last, reflection } = rig();
    last.answer = 'lost';
    reflection.show('nobody', 'failed');
    await clock.advance(180_000);
    expect(keys).toHaveLength(1);
  });

  it('becomes rarer, and is no flood when the control plane is back', async () => {
    const agents = Array.from({ length: 150 }, (_, at) => `web.${at}`);
    const { clock, keys, told, last, underWay, become } = rig(agents);
    last.answer = 'lost';
    for (const id of agents) become(id, 'healthy');
    await clock.advance(300_000);
    const asked = keys.length;
    expect(asked).toBeLessThan(150 * 12);
    last.answer = { afterMs: 10 };
    underWay.most = 0;
    await clock.advance(65_000);
    expect(told.toSorted()).toEqual(agents.map((id) => `${id} closed`).toSorted());
    expect(underWay.most).toBeLessThanOrEqual(100);
    expect(keys.length - asked).toBe(150);
  });

  it('waits while the guard does not hold its lease, and ends when it has given it back', async () => {
    const { clock, keys, told, lease, last, become } = rig();
    last.answer = 'lost';
    become('web.1', 'healthy');
    await clock.advance(0);
    lease.isHeld = false;
    await clock.advance(180_000);
    expect(keys).toHaveLength(1);
    lease.isHeld = true;
    last.answer = { result: 'succeeded' };
    await clock.advance(2_000);
    expect(told).toEqual(['web.1 closed']);
    last.answer = 'lost';
    become('web.1', 'failed');
    await clock.advance(0);
    lease.fence = 0;
    await clock.advance(180_000);
    expect(keys).toHaveLength(3);
  });
});
