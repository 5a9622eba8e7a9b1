import { describe, expect, it } from 'vitest';
import { found, rig } from '../../test/fleet-rig.ts';

describe('Fleet, which instance counts', () => {
  it('retires the instance an orchestrator replaced, and counts generations up', () => {
    const { fleet, clock } = rig();
    fleet.upsertDiscovered(found(), 'docker');
    clock.jumpWall(5);
    const change = fleet.upsertDiscovered(found({ instance: { id: 'c-2', generation: 1 } }), 'docker');
    expect(change).toMatchObject({ kind: 'instance-replaced', agent: { instance: { id: 'c-2', generation: 2 } } });
    expect(fleet.standing(0, 'c-1')).toBe('retired');
    expect(fleet.standing(0, 'c-2')).toBe('current');
    expect(fleet.standing(0, 'c-3')).toBe('unknown');
  });

  it('refuses a lower generation and a retired instance', () => {
    const { fleet } = rig();
    fleet.register({ id: 'a', group: 'g', instance: 'one', generation: 1 });
    expect(fleet.register({ id: 'a', group: 'g', instance: 'two', generation: 2 }).kind).toBe('instance-replaced');
    expect(() => fleet.register({ id: 'a', group: 'g', instance: 'three', generation: 1 })).toThrow(
      /generation 2; 1 is older/,
    );
    expect(() => fleet.register({ id: 'a', group: 'g', instance: 'one', generation: 2 })).toThrow(
      /Instance one of agent a was replaced/,
    );
  });

  it('does not go back to an old instance that lingers beside its replacement', () => {
    const { fleet } = rig();
    fleet.upsertDiscovered(found(), 'docker');
    fleet.adopt('web.1', 'web', { id: 'c-2', generation: 2, endpoint: 'http://10.0.0.2:80' });
    expect(fleet.upsertDiscovered(found(), 'docker').kind).toBe('unchanged');
    expect(fleet.agent(0)?.agent.instance).toMatchObject({ id: 'c-2', endpoint: 'http://10.0.0.2:80' });
  });

  it('is asked at no address that an action told of once its orchestrator lists it without one', () => {
    const { fleet } = rig();
    const endpoint = 'http://10.0.0.1:80';
    const at = (state: 'running' | 'exited', where: object) =>
      found({ instance: { id: 'c-1', generation: 1, state, ...where } });
    fleet.upsertDiscovered(at('running', { endpoint }), 'docker');
    fleet.adopt('web.1', 'web', { id: 'c-1', generation: 1, state: 'running', endpoint });
    fleet.upsertDiscovered(at('exited', {}), 'docker');
    expect(fleet.endpointOf(0)).toBeUndefined();
    expect(fleet.agent(0)?.agent.instance).toEqual({ id: 'c-1', generation: 1, state: 'exited' });
  });

  it('goes back to the instance before when the orchestrator lists it in place of its replacement', () => {
    const { fleet } = rig();
    const second = found({ instance: { id: 'c-2', generation: 2 } });
    fleet.upsertDiscovered(found(), 'docker');
    fleet.upsertDiscovered(second, 'docker');
    expect(fleet.upsertDiscovered(found(), 'docker')).toMatchObject({
      kind: 'instance-replaced',
      agent: { instance: { id: 'c-1', generation: 1 } },
    });
    expect([fleet.standing(0, 'c-1'), fleet.standing(0, 'c-2')]).toEqual(['current', 'retired']);
    expect(fleet.register({ id: 'web.1', group: 'web', instance: 'c-1', generation: 1 }).kind).toBe('unchanged');
    expect(fleet.upsertDiscovered(second, 'docker')).toMatchObject({ agent: { instance: { id: 'c-2' } } });
  });

  it('goes back to it under the own name of the agent, too, also over the end of the guard', () => {
    const { fleet } = rig();
    fleet.upsertDiscovered(found(), 'docker');
    fleet.register({ id: 'web.1', group: 'web', instance: 'web.1:7' });
    fleet.upsertDiscovered(found({ instance: { id: 'c-2', generation: 2 } }), 'docker');
    expect([fleet.standing(0, 'c-1'), fleet.standing(0, 'web.1:7')]).toEqual(['retired', 'retired']);
    const after = rig();
    after.fleet.restore(JSON.parse(JSON.stringify(fleet.record(0))));
    for (const one of [fleet, after.fleet]) {
      one.upsertDiscovered(found(), 'docker');
      expect(one.agent(0)?.agent.instance).toMatchObject({ id: 'c-1', generation: 1 });
      expect([one.standing(0, 'c-1'), one.standing(0, 'web.1:7')]).toEqual(['current', 'current']);
      expect(one.register({ id: 'web.1', group: 'web', instance: 'web.1:7' }).kind).toBe('unchanged');
    }
  });

  it('goes back to the listed instance when its replacement is deregistered', () => {
    const { fleet } = rig();
    fleet.upsertDiscovered(found(), 'docker');
    fleet.adopt('web.1', 'web', { id: 'c-2', generation: 2 });
    expect(fleet.retire('web.1', 'c-2')).toMatchObject({
      kind: 'instance-replaced',
      agent: { instance: { id: 'c-1' } },
    });
    expect(fleet.standing(0, 'c-2')).toBe('retired');
    expect(fleet.standing(0, 'c-1')).toBe('current');
  });

  it('keeps an agent whose only instance was deregistered, without one', () => {
    const { fleet } = rig();
    fleet.register({ id: 'a', group: 'g', instance: 'one' });
    expect(fleet.retire('a', 'one')?.agent.instance).toBeUndefined();
    expect(fleet.standing(0, 'one')).toBe('retired');
    expect(fleet.standing(0, 'other')).toBe('unknown');
    expect(fleet.retire('nobody', 'one')).toBeUndefined();
  });

  it('takes the own name of an agent as another name of the instance its orchestrator knows', () => {
    const { fleet } = rig();
    fleet.upsertDiscovered(found(), 'docker');
    fleet.register({ id: 'web.1', group: 'web', instance: 'uuid-1', endpoint: 'http://10.0.0.1:81' });
    expect(fleet.agent(0)?.agent.instance).toMatchObject({ id: 'c-1', endpoint: 'http://10.0.0.1:81' });
    expect(fleet.standing(0, 'uuid-1')).toBe('current');
    fleet.register({ id: 'web.1', group: 'web', instance: 'uuid-2' });
    expect(fleet.standing(0, 'uuid-1')).toBe('retired');
  });

  it('remembers where a replacement announced itself until it becomes current', () => {
    const { fleet } = rig();
    fleet.upsertDiscovered(found(), 'docker');
    fleet.register({ id: 'web.1', group: 'web', instance: 'c-1' });
    expect(fleet.register({ id: 'web.1', group: 'web', instance: 'c-2', endpoint: 'http://10.0.0.2:1' }).kind).toBe(
      'unchanged',
    );
    expect(fleet.agent(0)?.agent.instance?.id).toBe('c-1');
    expect(fleet.standing(0, 'c-2')).toBe('unknown');
    expect(fleet.endpointOf(0, 'c-2')).toEqual({ endpoint: 'http://10.0.0.2:1', source: 'registration' });
    fleet.upsertDiscovered(found({ instance: { id: 'c-2', generation: 2 } }), 'docker');
    expect(fleet.agent(0)?.agent.instance).toMatchObject({ id: 'c-2', endpoint: 'http://10.0.0.2:1' });
  });

  it('tells since when it has known the instance', async () => {
    const { fleet, clock } = rig();
    await clock.advance(1_000);
    fleet.upsertDiscovered(found(), 'docker');
    await clock.advance(1_000);
    fleet.upsertDiscovered(found({ labels: { a: 'b' } }), 'docker');
    expect(fleet.agent(0)?.sinceMs).toBe(1_000);
    fleet.upsertDiscovered(found({ instance: { id: 'c-2', generation: 2 } }), 'docker');
    expect(fleet.agent(0)?.sinceMs).toBe(2_000);
  });
});
