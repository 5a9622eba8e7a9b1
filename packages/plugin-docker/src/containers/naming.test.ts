import { describe, expect, it } from 'vitest';
import {
  agentLabels,
  besideName,
  composeDependencies,
  isBeside,
  keptName,
  misnomerOf,
  nameOf,
  stopTimeoutLabel,
} from './naming.ts';

const composed = {
  'com.docker.compose.project': 'shop',
  'com.docker.compose.service': 'web',
  'com.docker.compose.container-number': '2',
};

describe('the name of an agent', () => {
  it.each([
    ['/web', {}, '', { agentId: 'web', group: 'web', name: 'web' }],
    ['/web-7', { 'praetorian.group': 'front' }, '', { agentId: 'web-7', group: 'front', name: 'web-7' }],
    ['/shop-web-2', composed, '', { agentId: 'shop_web.2', group: 'shop_web', name: 'shop-web-2' }],
    ['/web', {}, 'east:', { agentId: 'east:web', group: 'east:web', name: 'web' }],
    [`/${besideName('web', 3)}`, { 'praetorian.agent': 'web' }, '', { agentId: 'web', group: 'web', name: 'web' }],
  ])('of %s with %j and prefix "%s"', (name, labels, prefix, named) => {
    expect(nameOf(name, labels, prefix)).toEqual(named);
  });

  it('holds what only looks like the mark of a container beside another', () => {
    expect(nameOf('/web.praetorian-test', {})?.name).toBe('web.praetorian-test');
    expect(nameOf('/a.praetorian-1.b', {})?.name).toBe('a.praetorian-1.b');
    expect(isBeside('/web.praetorian-2', {})).toBe(false);
    expect(isBeside('/web.praetorian-2', { 'praetorian.key': 'k' })).toBe(true);
  });

  it('is none where a label gives an id that is none, and which that is', () => {
    expect(misnomerOf('/web', { 'praetorian.group': 'Team A' })).toEqual({ where: 'praetorian.group', id: 'Team A' });
    expect(misnomerOf('/web', { 'praetorian.agent': '' })).toEqual({ where: 'praetorian.agent', id: '' });
    expect(misnomerOf('/web', {}, 'no id ')).toEqual({ where: 'name', id: 'no id web' });
    expect(misnomerOf('/web', {})).toBeUndefined();
    expect(misnomerOf(`/${keptName('web', 2)}`, { 'praetorian.group': 'Team A' })).toBeUndefined();
  });

  it.each([
    [`/${keptName('web', 2)}`, {}],
    ['/web.1.abc', { 'com.docker.swarm.task.id': 'abc' }],
    ['/shop-web-run-1', { ...composed, 'com.docker.compose.oneoff': 'True' }],
    ['/web', { 'praetorian.group': 'not a group' }],
    ['/web', { 'praetorian.agent': 'a'.repeat(201) }],
  ])('is none for %s with %j', (name, labels) => {
    expect(nameOf(name, labels)).toBeUndefined();
  });
});

it('labels of an agent are those for the guard, without their prefix', () => {
  expect(agentLabels({ 'praetorian.mode': 'auto', 'com.example.mode': 'x', praetorian: 'y' })).toEqual({
    mode: 'auto',
  });
});

it('dependencies are the services that Compose waits for, whatever it waits for them to be', () => {
  const depends = (text: string) => composeDependencies({ ...composed, 'com.docker.compose.depends_on': text });
  expect(depends('db:service_healthy:false,cache:service_started:true')).toEqual(['shop_db', 'shop_cache']);
  expect(depends('')).toEqual([]);
  expect(composeDependencies({ 'com.docker.compose.depends_on': 'db' })).toEqual([]);
});

it('the stop timeout of a container is a label that the guard takes, also where it is long or without end', () => {
  expect([undefined, 0, 1_500, 3_600_000, Infinity].map(stopTimeoutLabel)).toEqual([
    {},
    { 'stop-timeout': '0s' },
    { 'stop-timeout': '1.5s' },
    { 'stop-timeout': '600s' },
    { 'stop-timeout': '600s' },
  ]);
});
