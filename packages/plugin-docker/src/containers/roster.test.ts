import type { InventoryEvent } from '@praetorian-guard/core/plugin';
import { createRig } from '@praetorian-guard/core/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { containerFacts, ended, type PlainContainer } from '../../test/plain-engine.ts';
import type { ContainerFacts } from '../engine/engine.ts';
import { Book } from './book.ts';
import { Endings } from './endings.ts';
import { Hands } from './hands.ts';
import { Leaving } from './leaving.ts';
import { Roster } from './roster.ts';
import { inTurn } from './strangers.ts';

const rig = createRig();
let roster: Roster;
let told: InventoryEvent[];
let warned: number;
/** Containers that are nobody, and were looked at. */
let others: Map<string, ContainerFacts>;
let looks: string[];

function newRoster(idPrefix = ''): Roster {
  const endings = new Endings();
  return new Roster({
    book: new Book(rig.state, endings),
    endings,
    leaving: new Leaving(rig.clock),
    idPrefix,
    reach: 'container',
    host: '',
    look: async (id) => {
      looks.push(id);
      return others.get(id);
    },
    publish: (event) => void told.push(event),
    now: () => rig.clock.now(),
    log: rig.log,
  });
}

beforeEach(() => {
  told = [];
  others = new Map();
  looks = [];
  warned = rig.log.entries.length;
  roster = newRoster();
});

const take = (id: string, given: PlainContainer = {}) => roster.take(containerFacts(id, given));
const worker = { 'praetorian.agent': 'worker' };
const ids = (agentId: string) => roster.containers(agentId).map(({ facts }) => facts.Id);
const warnings = () => rig.log.entries.slice(warned).map(({ fields, message }) => ({ ...fields, message }));

describe('containers that would be one agent', () => {
  it('are told once with both names, and the first stays', () => {
    for (let round = 0; round < 2; round += 1)
      for (const id of ['w1', 'w2', 'w3']) take(id, { labels: { ...worker, 'praetorian.generation': '1' } });
    expect(ids('worker')).toEqual(['w1']);
    expect(warnings()).toMatchObject([
      { agentId: 'worker', container: 'w2', other: 'w1' },
      { agentId: 'worker', container: 'w3', other: 'w1' },
    ]);
  });

  it('follow one another, the oldest first', () => {
    take('w1', { labels: worker });
    take('w3', { labels: worker, created: '2026-01-03T00:00:00Z' });
    take('w2', { labels: worker, created: '2026-01-02T00:00:00Z' });
    roster.drop('w1');
    expect(ids('worker')).toEqual(['w2']);
    roster.drop('w3');
    roster.drop('w2');
    expect(ids('worker')).toEqual([]);
    expect(told.map(({ type }) => type)).toEqual(['present', 'present', 'removed']);
  });

  it('are two when the guard made one to run beside the other, in whichever order they are known', () => {
    const beside = { name: 'web.praetorian-2', labels: { 'praetorian.agent': 'web', 'praetorian.key': 'k' } };
    take('new', beside);
    take('old', { name: 'web' });
    expect(ids('web').toSorted()).toEqual(['new', 'old']);
    expect(roster.current('web')?.facts.Id).toBe('old');
    take('copy', { name: 'other', labels: { ...beside.labels, 'praetorian.generation': '1' } });
    take('named', { name: 'web.praetorian-9', labels: { 'praetorian.agent': 'web' } });
    expect(ids('web').toSorted()).toEqual(['new', 'old']);
  });

  it('are not what the guard made and a stranger, also when the old one is gone', () => {
    const labels = { 'praetorian.agent': 'web' };
    take('new', { name: 'web.praetorian-2', labels: { ...labels, 'praetorian.key': 'k' } });
    take('other', { labels });
    take('new', { name: 'web', labels: { ...labels, 'praetorian.key': 'k' } });
    expect(ids('web')).toEqual(['new']);
  });

  it('are the old and the new while it is not yet known that the old has another name', () => {
    take('old', { name: 'web' });
    take('new', { name: 'web', labels: { 'praetorian.key': 'k' } });
    take('old', { name: 'praetorian-kept.web.2' });
    expect(ids('web')).toEqual(['new']);
    expect(warnings()).toEqual([]);
  });

  it('are the old and what Compose makes in its place, under another name until the old is gone', () => {
    const labels = { 'com.docker.compose.project': 'shop', 'com.docker.compose.service': 'web' };
    take('old', { name: 'shop-web-1', labels });
    take('new', { name: 'abc_shop-web-1', labels, state: { ...ended(0), Status: 'created' } });
    expect(warnings()).toEqual([]);
    expect(ids('shop_web.1')).toEqual(['old']);
    roster.drop('old');
    take('new', { name: 'shop-web-1', labels });
    expect(ids('shop_web.1')).toEqual(['new']);
    expect(told.map(({ type }) => type)).not.toContain('removed');
  });

  it('wait while the guard replaces the one', () => {
    take('old', { name: 'web' });
    take('other', { labels: { 'praetorian.agent': 'web' } });
    const unhold = roster.hold('web');
    take('old', { name: 'praetorian-kept.web.2' });
    take('other', { labels: { 'praetorian.agent': 'web' } });
    expect(ids('web')).toEqual([]);
    take('new', { name: 'web', labels: { 'praetorian.agent': 'web', 'praetorian.key': 'k' } });
    unhold();
    expect(ids('web')).toEqual(['new']);
  });

  it('come by their age, after what the guard made', () => {
    const made = containerFacts('made', { created: '2026-01-09T00:00:00Z', labels: { 'praetorian.key': 'k' } });
    const [young, old] = [containerFacts('young', { created: '2026-01-02T00:00:00Z' }), containerFacts('old')];
    expect(inTurn([young, made, old])).toEqual([made, old, young]);
  });
});

it('a container under a label that is no id is told once, with what is allowed', () => {
  for (let round = 0; round < 2; round += 1)
    expect(take('web', { labels: { 'praetorian.group': 'Team A' } })).toBeUndefined();
  expect(warnings()).toMatchObject([
    {
      container: 'web',
      where: 'praetorian.group',
      id: 'Team A',
      allowed: expect.stringContaining('letters') as string,
    },
  ]);
});

describe('an agent that lives in the network of another container', () => {
  const port = { 'praetorian.port': '80' };
  const networks = { bridge: { IPAddress: '10.0.0.5' } };
  const endpoints = () =>
    told.splice(0).flatMap((event) => (event.type === 'present' ? [event.agent.instance.endpoint] : []));
  const settled = () => rig.clock.settle(20);

  it('is asked at the address of that one, also where that is no agent, looked at once in a life', async () => {
    others.set('vpn', containerFacts('vpn', { networks }));
    take('web', { labels: port, networkMode: 'container:vpn' });
    await settled();
    take('web', { labels: port, networkMode: 'container:vpn' });
    expect(endpoints()).toEqual([undefined, 'http://10.0.0.5:80']);
    expect(looks).toEqual(['vpn']);
    others.set('vpn', containerFacts('vpn', { networks: { bridge: { IPAddress: '10.0.0.6' } } }));
    const state = { StartedAt: '2026-01-02T00:00:00Z' };
    take('web', { labels: port, networkMode: 'container:vpn', state });
    await settled();
    expect(endpoints().at(-1)).toBe('http://10.0.0.6:80');
    expect(warnings()).toEqual([]);
  });

  it('is asked nothing when that is gone, and this is told once', async () => {
    for (let round = 0; round < 2; round += 1) {
      take('web', { labels: port, networkMode: 'container:vpn' });
      await settled();
    }
    expect(endpoints()).toEqual([undefined]);
    expect(warnings()).toMatchObject([
      { agentId: 'web', message: 'an agent is asked nothing', why: expect.stringContaining('gone') as string },
    ]);
  });

  it('is asked at the address of an agent that is known later', async () => {
    take('web', { labels: port, networkMode: 'container:vpn' });
    take('vpn', { networks });
    await settled();
    expect(endpoints().at(-1)).toBe('http://10.0.0.5:80');
    expect(warnings()).toEqual([]);
  });
});

it('an agent that cannot be asked at the port its label names is told of once, with the reason and what to do', () => {
  const labels = { 'praetorian.port': 'http' };
  for (let round = 0; round < 2; round += 1) take('web', { labels });
  take('db', { labels, state: ended(1) });
  expect(warnings()).toEqual([
    {
      agentId: 'web',
      container: 'web',
      why: 'praetorian.port is "http"',
      remedy: 'Let it be a number from 1 to 65535.',
      message: 'an agent is asked nothing',
    },
  ]);
});

it('what an agent depends on is found with the prefix of the ids and without it, as an agent and as a group', () => {
  roster = newRoster('east:');
  const project = (service: string) => ({
    'com.docker.compose.project': 'shop',
    'com.docker.compose.service': service,
  });
  take('db');
  take('cache-1', { labels: { 'praetorian.group': 'cache' } });
  take('shop-queue-1', { labels: project('queue') });
  take('worker', { labels: { 'praetorian.agent': 'job' } });
  const dependsOn = (names: string, labels = {}) => {
    take('web', { labels: { ...labels, 'praetorian.depends-on': names } });
    return roster.listing().flatMap((event) => (event.type === 'present' ? (event.agent.dependsOn ?? []) : []));
  };
  expect(dependsOn('db, cache, job')).toEqual(['east:cache-1', 'east:db', 'east:job']);
  expect(dependsOn('east:db, shop_queue')).toEqual(['east:db', 'east:shop_queue.1']);
  expect(dependsOn('queue', project('web'))).toEqual(['east:shop_queue.1']);
  expect(dependsOn('nobody-yet')).toEqual(['nobody-yet']);
});

it('a container that is another agent from now on is removed as the first', () => {
  take('id', { name: 'web' });
  take('id', { name: 'webx' });
  expect(told.map((event) => (event.type === 'present' ? event.agent.id : event))).toEqual([
    'web',
    { type: 'removed', agentId: 'web' },
    'webx',
  ]);
});

it('an end proves that it runs no more only where no restart policy brings it back', () => {
  const mayRun = (policy: string): boolean | undefined => {
    take('web', { policy, state: ended(1) });
    return roster.listing().flatMap((event) => (event.type === 'present' ? event.agent.instance.mayRun : []))[0];
  };
  expect(['no', 'always', 'on-failure', 'unless-stopped'].map(mayRun)).toEqual([undefined, true, true, true]);
});

it('what a health check of a container says that has ended is not told', () => {
  take('web', { state: { ...ended(0), Health: { Status: 'unhealthy' } } });
  expect(roster.listing().filter((event) => event.type === 'lifecycle' && event.event === 'unhealthy')).toEqual([]);
});

it('the guard at work on a container is remembered for as long as events may come, not for ever', async () => {
  const hands = new Hands(() => rig.clock.now());
  const at = rig.clock.now();
  hands.lay('web');
  hands.lay('web');
  expect([hands.lift('web'), hands.isOn('web'), hands.lift('web'), hands.isOn('web')]).toEqual([
    false,
    true,
    true,
    false,
  ]);
  await rig.clock.advance(60_000);
  expect([hands.wasOn('web', at), hands.wasOn('web', at + 30_000)]).toEqual([true, false]);
  await rig.clock.advance(10 * 60_000);
  hands.lay('db');
  expect([hands.wasOn('web', at), hands.isOn('db')]).toEqual([false, true]);
});
