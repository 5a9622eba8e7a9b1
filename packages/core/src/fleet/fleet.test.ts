import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AgentConfig } from '../config/guard-config.ts';
import { found, rig } from '../../test/fleet-rig.ts';

const config = (given: Partial<AgentConfig> = {}): AgentConfig => ({ labels: {}, dependsOn: [], ...given });

describe('Fleet, merging what three sources say', () => {
  it('adds, changes and leaves alone, and says which', () => {
    const { fleet } = rig();
    expect(fleet.upsertDiscovered(found(), 'docker')).toMatchObject({ kind: 'added', slot: 0 });
    expect(fleet.upsertDiscovered(found(), 'docker').kind).toBe('unchanged');
    expect(fleet.upsertDiscovered(found({ labels: { mode: 'observe' } }), 'docker').kind).toBe('changed');
    expect(fleet.agent(0)?.policy.mode).toBe('observe');
    expect(fleet.size).toBe(1);
  });

  it('takes policy from the config, existence from the orchestrator and the endpoint from the registration', () => {
    const { fleet } = rig();
    expect(fleet.addConfigured('web.1', config({ labels: { tier: 'gold' }, criticality: 2 }))).toBeUndefined();
    fleet.upsertDiscovered(found({ labels: { tier: 'tin', zone: 'a' }, criticality: 0 }), 'docker');
    fleet.register({
      id: 'web.1',
      group: 'web',
      instance: 'c-1',
      endpoint: 'http://10.9.9.9:1',
      labels: { tier: 'clay', own: '1' },
    });
    expect(fleet.agent(0)?.agent).toMatchObject({
      labels: { tier: 'gold', zone: 'a', own: '1' },
      criticality: 2,
      source: 'orchestrator',
      orchestrator: 'docker',
      instance: { id: 'c-1', endpoint: 'http://10.9.9.9:1' },
    });
    const instead = 'http://10.0.0.1:80';
    expect(fleet.endpointOf(0)).toEqual({ endpoint: 'http://10.9.9.9:1', source: 'registration', instead });
  });

  it('takes who registered before the orchestrator listed it for the same process under another name', () => {
    const { fleet } = rig();
    fleet.register({ id: 'web.1', group: 'web', instance: 'web.1:1', generation: 1, endpoint: 'http://10.9.9.9:1' });
    fleet.upsertDiscovered(found(), 'docker');
    expect(fleet.agent(0)?.agent.instance).toMatchObject({ id: 'c-1', generation: 1, endpoint: 'http://10.9.9.9:1' });
    expect([fleet.standing(0, 'web.1:1'), fleet.standing(0, 'c-1')]).toEqual(['current', 'current']);
    // The next process of it bears another name, and the first one is told to stop from then on.
    fleet.register({ id: 'web.1', group: 'web', instance: 'web.1:7', generation: 1 });
    expect([fleet.standing(0, 'web.1:7'), fleet.standing(0, 'web.1:1')]).toEqual(['current', 'retired']);
    fleet.upsertDiscovered(found({ instance: { id: 'c-2', generation: 2 } }), 'docker');
    expect([fleet.standing(0, 'c-2'), fleet.standing(0, 'web.1:7')]).toEqual(['current', 'retired']);
  });

  it('trusts an address that the orchestrator named too', () => {
    const { fleet } = rig();
    fleet.upsertDiscovered(found(), 'docker');
    fleet.register({ id: 'web.1', group: 'web', instance: 'c-1', endpoint: 'http://10.0.0.1:80' });
    expect(fleet.endpointOf(0)?.source).toBe('orchestrator');
  });

  it('refuses a second orchestrator and another group', () => {
    const { fleet } = rig();
    fleet.upsertDiscovered(found(), 'docker');
    expect(() => fleet.upsertDiscovered(found(), 'swarm')).toThrow(/orchestrator docker, and swarm lists it too/);
    expect(() => fleet.register({ id: 'web.1', group: 'api' })).toThrow(/group web, not api/);
  });

  it('watches an agent the config gives a group or an endpoint', () => {
    const { fleet } = rig();
    expect(fleet.addConfigured('db', config({ endpoint: 'http://db:80' }))).toMatchObject({
      kind: 'added',
      agent: { group: 'default', source: 'config', instance: { id: 'unnamed', endpoint: 'http://db:80' } },
    });
    expect(fleet.standing(0, 'whatever')).toBe('current');
  });

  it.each([
    [{ id: 'a b', group: 'web' }, /"a b" is not an agent id/],
    [{ id: 'a', group: '' }, /"" is not an agent id/],
    [{ id: 'a', group: 'g', generation: 0 }, /generation is 0/],
    [{ id: 'a', group: 'g', endpoint: 'ftp://x' }, /protocol ftp:/],
    [{ id: 'a', group: 'g', endpoint: 'http://u:p@x' }, /must not carry a user/],
    [{ id: 'a', group: 'g', endpoint: 'not an address' }, /endpoint is "not an address"/],
    [{ id: 'a', group: 'g', labels: { k: 1 } }, /label k is 1/],
    [{ id: 'a', group: 'g', role: 'boss' }, /role is "boss"/],
    [{ id: 'a', group: 'g', dependsOn: 'b' }, /dependsOn/],
    [null, /has to be an object/],
  ])('refuses the registration %j and leaves nothing behind', (registration, message) => {
    const { fleet } = rig();
    expect(() => fleet.register(registration as never)).toThrow(message);
    expect(fleet.size).toBe(0);
  });
});

describe('Fleet, over a restart of the guard', () => {
  it('takes its records back', () => {
    const one = rig();
    one.fleet.upsertDiscovered(found(), 'docker');
    one.fleet.register({
      id: 'web.1',
      group: 'web',
      instance: 'c-1',
      endpoint: 'http://10.0.0.1:81',
      labels: { a: 'b' },
    });
    one.fleet.adopt('web.1', 'web', { id: 'c-2', generation: 2 });
    const record = JSON.parse(JSON.stringify(one.fleet.record(0)));
    const two = rig();
    expect(two.fleet.restore(record)).toMatchObject({ kind: 'added', agent: { group: 'web', orchestrator: 'docker' } });
    expect(two.fleet.agent(0)?.agent.instance).toMatchObject({ id: 'c-2', generation: 2 });
    expect(two.fleet.standing(0, 'c-1')).toBe('retired');
    expect(two.fleet.record(0)).toEqual(record);
  });

  it.each([
    [null],
    [[]],
    [{ id: 'a' }],
    [{ id: 'a', group: 'g', current: { id: 'x' } }],
    [{ id: 'a', group: 'g', registration: {} }],
    [{ id: 'a', group: 'g', former: { id: 'x' } }],
  ])('refuses the damaged record %j', (record) => {
    expect(() => rig().fleet.restore(record as never)).toThrow(/agent record is damaged/);
  });

  it('believes the complete list over what it remembered', () => {
    const { fleet } = rig();
    const current = { id: 'c-9', generation: 5, named: true, anonymous: false };
    fleet.restore({ id: 'web.1', group: 'web', orchestrator: 'docker', retired: [], current });
    fleet.restore({ id: 'web.2', group: 'web', orchestrator: 'docker', retired: [], current });
    fleet.beginListing('docker');
    expect(fleet.upsertDiscovered(found(), 'docker').agent.instance?.id).toBe('c-9');
    const { changes, missing } = fleet.synced('docker');
    expect(changes).toMatchObject([
      { kind: 'instance-replaced', agent: { id: 'web.1', instance: { id: 'c-1', generation: 6 } } },
    ]);
    expect(missing.map(({ id }) => id)).toEqual(['web.2']);
  });
});

const letters = 'abcdefghij'.split('');

describe('Fleet, slots and lists', () => {
  it('reuses the slot of an agent that left, and forgets its group', () => {
    const { fleet } = rig();
    fleet.register({ id: 'a', group: 'g' });
    fleet.register({ id: 'b', group: 'h' });
    expect(fleet.remove('a')).toMatchObject({ kind: 'removed', slot: 0 });
    expect([...fleet.groups()]).toEqual(['h']);
    expect(fleet.register({ id: 'c', group: 'h' }).slot).toBe(0);
    expect(new Set(fleet.byGroup('h'))).toEqual(new Set([0, 1]));
    expect(fleet.slots).toBe(2);
  });

  it('lists by id whatever came and went', () => {
    const step = fc.record({ id: fc.constantFrom(...letters), leave: fc.boolean(), look: fc.boolean() });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60 }),
        fc.constantFrom(undefined, ...letters),
        fc.integer({ min: 1, max: 12 }),
        (steps, after, limit) => {
          const { fleet } = rig();
          const known = new Set<string>();
          const ids = (from: string | undefined, most: number) => fleet.list(from, most).map(({ agent }) => agent.id);
          for (const { id, leave, look } of steps) {
            if (leave) fleet.remove(id);
            else fleet.register({ id, group: 'g' });
            if (leave) known.delete(id);
            else known.add(id);
            const listed = look ? ids(undefined, Infinity) : [...known].sort();
            expect(listed).toEqual([...known].sort());
          }
          const expected = [...known].sort().filter((id) => after === undefined || id > after);
          expect(ids(after, limit)).toEqual(expected.slice(0, limit));
          expect(fleet.size).toBe(known.size);
          expect(fleet.slots).toBeLessThanOrEqual(10);
        },
      ),
    );
  });

  it('lists only what the filter takes', () => {
    const { fleet } = rig();
    for (const id of ['a', 'b', 'c', 'd']) fleet.register({ id, group: id < 'c' ? 'x' : 'y' });
    expect(fleet.list(undefined, 1, (_, { agent }) => agent.group === 'y').map(({ agent }) => agent.id)).toEqual(['c']);
  });
});
