import { describe, expect, it } from 'vitest';
import type { AgentChange } from '../contracts/index.ts';
import { samplePolicy } from '../testing/sample-fleet.ts';
import { createVirtualClock } from '../testing/virtual-clock.ts';
import { FleetControlPlane } from './fleet-control-plane.ts';
import { Fleet, type FleetChange } from './fleet.ts';

function rig() {
  const clock = createVirtualClock();
  const fleet = new Fleet({ clock, policyOf: () => samplePolicy() });
  const busy = new Set<string>();
  const changes: FleetChange[] = [];
  const plane = new FleetControlPlane({
    fleet,
    clock,
    isReady: (id) => !busy.has(id),
    onChange: (change) => void changes.push(change),
  });
  const controller = new AbortController();
  const call = { signal: controller.signal, traceId: 't' };
  return { clock, fleet, plane, busy, changes, controller, call };
}

describe('FleetControlPlane', () => {
  it('routes to agents that the fleet knows, in order of their ids, without those that are not ready', () => {
    const { fleet, plane, busy } = rig();
    for (const id of ['b', 'a', 'c']) fleet.register({ id, group: 'g', endpoint: `http://${id}` });
    busy.add('c');
    expect(plane.routes('g')).toEqual([
      { agentId: 'a', endpoint: 'http://a', weight: 1, health: 'unknown', breaker: 'closed' },
      { agentId: 'b', endpoint: 'http://b', weight: 1, health: 'unknown', breaker: 'closed' },
    ]);
  });

  it('tells its owner what a command changed in the fleet', async () => {
    const { plane, changes, call } = rig();
    const instance = { id: 'i-1', generation: 1 };
    await plane.apply({ kind: 'register', agentId: 'a', group: 'g', instance }, { key: '1', fence: 1 }, call);
    await plane.apply({ kind: 'register', agentId: 'a', group: 'g', instance }, { key: '2', fence: 1 }, call);
    expect(changes.map(({ kind }) => kind)).toEqual(['added']);
  });

  it('names the reason of a refusal by its code', async () => {
    const { fleet, plane, call } = rig();
    fleet.register({ id: 'a', group: 'g', instance: 'i-2', generation: 2 });
    const register = { kind: 'register', agentId: 'a', instance: { id: 'i-1', generation: 1 } } as const;
    expect(await plane.apply({ ...register, group: 'g' }, { key: '1', fence: 1 }, call)).toMatchObject({
      result: 'failed',
      code: 'GUARD_AGENT_STALE',
    });
    expect(await plane.apply({ ...register, group: 'h' }, { key: '2', fence: 1 }, call)).toMatchObject({
      code: 'GUARD_AGENT_CONFLICT',
    });
  });

  it('forgets the status of an agent that left', async () => {
    const { fleet, plane, call } = rig();
    fleet.register({ id: 'a', group: 'g', endpoint: 'http://a' });
    await plane.apply({ kind: 'route', agentId: 'a', breaker: 'open' }, { key: '1', fence: 1 }, call);
    expect(plane.breaker('a')).toBe('open');
    plane.announce(fleet.remove('a') as FleetChange);
    fleet.register({ id: 'a', group: 'g', endpoint: 'http://a' });
    expect(plane.breaker('a')).toBe('closed');
  });

  it('tells several readers, each in order, and lets go of one that ends early', async () => {
    const { fleet, plane, call, controller } = rig();
    fleet.register({ id: 'a', group: 'g' });
    const read = async (most: number): Promise<string[]> => {
      const told: string[] = [];
      for await (const change of plane.agents(call)) {
        told.push(nameOf(change));
        if (told.length === most) break;
      }
      return told;
    };
    const [short, long] = [read(1), read(4)];
    await expect(short).resolves.toEqual(['+a']);
    plane.announce(fleet.register({ id: 'b', group: 'g' }));
    plane.announce(fleet.register({ id: 'b', group: 'g' }));
    plane.announce(fleet.remove('a') as FleetChange);
    plane.announce(fleet.register({ id: 'c', group: 'g' }));
    await expect(long).resolves.toEqual(['+a', '+b', '-a', '+c']);
    controller.abort();
    await expect(read(9)).resolves.toEqual([]);
  });
});

function nameOf(change: AgentChange): string {
  return change.type === 'registered' ? `+${change.agent.id}` : `-${change.agentId}`;
}
