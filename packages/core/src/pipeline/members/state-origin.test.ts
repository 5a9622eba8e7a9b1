import { describe, expect, it } from 'vitest';
import { found, rig } from '../../../test/fleet-rig.ts';
import { stateOrigin } from './state-origin.ts';

describe('a state that is handed in', () => {
  it('without a name, or under the name the agent has for itself, is of the current instance', () => {
    const { fleet } = rig();
    fleet.upsertDiscovered(found(), 'docker');
    fleet.register({ id: 'web.1', group: 'web', instance: 'host-1' });
    for (const named of [undefined, 'host-1', 'c-1'])
      expect([named, stateOrigin(fleet, 'web.1', named)]).toEqual([named, { instance: 'c-1', counts: true }]);
  });

  it('by an instance that was replaced is refused', () => {
    const { fleet } = rig();
    fleet.register({ id: 'web.1', group: 'web', instance: 'i-1', generation: 1 });
    fleet.register({ id: 'web.1', group: 'web', instance: 'i-2', generation: 2 });
    expect(() => stateOrigin(fleet, 'web.1', 'i-1')).toThrow('Instance i-1 of agent web.1 was replaced.');
    expect(stateOrigin(fleet, 'web.1', 'i-2')).toEqual({ instance: 'i-2', counts: true });
  });

  it('by an instance that nobody registered does not count, and keeps its name', () => {
    const { fleet } = rig();
    fleet.register({ id: 'web.1', group: 'web', instance: 'i-1', generation: 1 });
    expect(stateOrigin(fleet, 'web.1', 'stranger')).toEqual({ instance: 'stranger', counts: false });
  });

  it('by an agent nobody knows is refused', () => {
    expect(() => stateOrigin(rig().fleet, 'web.1', undefined)).toThrow('There is no agent web.1.');
  });
});
