import type { InventoryEvent } from '@praetorian-guard/core/plugin';
import { createRig } from '@praetorian-guard/core/testing';
import { beforeEach, expect, test } from 'vitest';
import { aService, aTask } from '../../test/swarm-samples.ts';
import { ServiceRoster } from './service-roster.ts';
import { TaskBook } from './task-book.ts';

const rig = createRig();
let roster: ServiceRoster;
let told: InventoryEvent[];
/** How often an address was worked out: once each time an agent was put together to be told of. */
let looks: number;

beforeEach(() => {
  told = [];
  looks = 0;
  roster = new ServiceRoster({
    clock: rig.clock,
    book: new TaskBook(rig.state),
    graceMs: 2_000,
    around: {
      idPrefix: '',
      reach: 'published',
      host: '',
      node: () => undefined,
      nodeId: () => {
        looks += 1;
        return undefined;
      },
    },
    log: rig.log,
    publish: (event) => void told.push(event),
    ranOutOfMemory: () => Promise.resolve(false),
  });
});

const port = { 'praetorian.port': '80' };

/** A service with that many tasks that run. */
async function take(name: string, replicas: number, labels: Readonly<Record<string, string>> = {}): Promise<void> {
  const { Spec, ...service } = aService({ replicas, labels: { ...port, ...labels } });
  const tasks = Array.from({ length: replicas }, (_, at) => aTask({ id: `${name}-${at + 1}`, slot: at + 1 }));
  await roster.take({ ...service, ID: name, Spec: { ...Spec, Name: name } }, tasks, new Set());
}

/** What is said of whom an agent depends on since it was last asked. */
function dependencies(): readonly (readonly [string, readonly string[] | undefined])[] {
  const events = told.splice(0);
  return events.flatMap((event) =>
    event.type === 'present' ? [[event.agent.id, event.agent.dependsOn] as const] : [],
  );
}

test('of a fleet in which nobody depends on anybody, each agent is looked at once as it comes', async () => {
  await take('web', 60);
  await take('api', 60);
  expect(looks).toBe(120);
  await take('web', 30);
  expect(looks).toBe(150);
  roster.drop('api');
  expect(looks).toBe(150);
  expect(told.filter(({ type }) => type === 'present')).toHaveLength(120);
});

test('who depends is looked at once for all members that come together', async () => {
  await take('web', 3, { 'praetorian.depends-on': 'db' });
  looks = 0;
  await take('db', 50);
  expect(looks).toBe(53);
});

test('who depends is told when members come and go, and when all of them are gone', async () => {
  await take('web', 1, { 'praetorian.depends-on': 'db' });
  expect(dependencies()).toEqual([['web.1', ['db']]]);
  await take('db', 2);
  expect(dependencies().at(-1)).toEqual(['web.1', ['db.1', 'db.2']]);
  await take('db', 1);
  expect(dependencies()).toEqual([['web.1', ['db.1']]]);
  roster.drop('db');
  expect(dependencies()).toEqual([['web.1', ['db']]]);
});

test('members of one group that depend on each other are told of all of them', async () => {
  await take('db', 2, { 'praetorian.depends-on': 'db' });
  expect(new Map(dependencies())).toEqual(
    new Map([
      ['db.1', ['db.2']],
      ['db.2', ['db.1']],
    ]),
  );
});

test('who depends on a group is told when a member leaves it for another', async () => {
  await take('web', 1, { 'praetorian.depends-on': 'store' });
  await take('db', 1, { 'praetorian.group': 'store' });
  expect(dependencies().at(-1)).toEqual(['web.1', ['db.1']]);
  await take('db', 1);
  expect(dependencies().at(-1)).toEqual(['web.1', ['store']]);
});

test('who names nobody any more is looked at no longer', async () => {
  await take('web', 1, { 'praetorian.depends-on': 'db' });
  await take('web', 1);
  looks = 0;
  await take('db', 5);
  expect(looks).toBe(5);
});

test('one that was shut down for another of the same kind did not fail, and one that failed did', async () => {
  const service = { ...aService({ replicas: 1 }), ID: 'web' };
  const lives = async (state: string): Promise<readonly string[]> => {
    const old = aTask({ id: 'old', slot: 1 });
    await roster.take(service, [old], new Set());
    told.length = 0;
    const ended = aTask({ id: 'old', slot: 1, state, wanted: 'shutdown' });
    await roster.take(service, [ended, aTask({ id: 'new', slot: 1, made: 5 })], new Set());
    roster.drop('web');
    return told.flatMap((event) => (event.type === 'lifecycle' ? event.event : []));
  };
  expect(await lives('shutdown')).toEqual(['started']);
  expect(await lives('failed')).toEqual(['restarted']);
});

test('a service under a label that is no id is told once, with what is allowed, and again when it is back', async () => {
  const before = rig.log.entries.length;
  const warnings = () => rig.log.entries.slice(before).map(({ fields, message }) => ({ ...fields, message }));
  const labels = { 'praetorian.group': 'Team A' };
  for (let round = 0; round < 2; round += 1) await take('web', 1, labels);
  const warning = {
    service: 'web',
    where: 'praetorian.group',
    id: 'Team A',
    allowed: '1 to 200 letters, digits and . _ : ~ -',
    message: 'a service is not guarded: this is no valid id',
  };
  expect(warnings()).toEqual([warning]);
  expect(roster.all()).toEqual([]);
  roster.drop('web');
  await take('web', 1, labels);
  expect(warnings()).toEqual([warning, warning]);
});
