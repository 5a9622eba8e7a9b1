import { expect, test } from 'vitest';
import { endpoint, id, inspected } from '../../test/inspected.ts';
import type { Endpoint } from './recipe-facts.ts';
import { networkingOf } from './recipe-network.ts';

const front = '6b69f6f1e4e2fcbe88109fbcc9bb23359004d3229b9819689d7ddac1bd76fa85';
const back = 'ff9daa08b88498cbb0a714bce89cda23eb9c6727b84b4538173914f855c657ee';
const of = (NetworkMode: string, networks: { [name: string]: Endpoint }) =>
  networkingOf(inspected({ host: { NetworkMode }, networks }));

test.each(['host', 'none', 'container:abc'])('%s has no networks of its own', (mode) => {
  expect(of(mode, mode === 'container:abc' ? {} : { [mode]: endpoint(front) })).toEqual({
    mode,
    connect: [],
    disconnect: [],
  });
});

test.each(['default', 'bridge'])('the standard network by the name %s needs no settings', (mode) => {
  expect(of(mode, { bridge: endpoint(front) })).toEqual({ mode, connect: [], disconnect: [] });
});

test('the standard network of Windows has another name', () => {
  expect(of('default', { nat: endpoint(front) })).toEqual({ mode: 'default', connect: [], disconnect: [] });
});

test('keeps what was asked for and drops what came of it', () => {
  const asked = {
    Aliases: ['web', id.slice(0, 12), 'www'],
    IPAMConfig: { IPv4Address: '10.0.0.5', IPv6Address: 'fd00::5', LinkLocalIPs: ['169.254.1.1'] },
    Links: ['db:store'],
    DriverOpts: { a: 'b' },
    GwPriority: 7,
    NewField: 'x',
  };
  const settings = { ...asked, Aliases: ['web', 'www'], NetworkID: front };
  expect(of('front', { front: endpoint(front, asked) }).endpoints).toEqual({ front: settings });
});

test('has one network at creation and connects the others, each by its id', () => {
  const networks = {
    back: endpoint(back, { Aliases: [id.slice(0, 12)] }),
    bridge: endpoint('b1'),
    front: endpoint(front),
  };
  expect(of('front', networks)).toEqual({
    mode: 'front',
    endpoints: { front: { NetworkID: front } },
    connect: [
      { network: back, endpoint: { NetworkID: back } },
      // Its id is another one after the engine has started again.
      { network: 'bridge', endpoint: {} },
    ],
    disconnect: [],
  });
});

test('goes by name before the first start, when no id is known', () => {
  expect(of('front', { front: endpoint('', { Aliases: ['web'] }), back: endpoint('') })).toEqual({
    mode: 'front',
    endpoints: { front: { Aliases: ['web'] } },
    connect: [{ network: 'back', endpoint: {} }],
    disconnect: [],
  });
});

test('knows its network by id and by short id, under which it is listed once more', () => {
  const settings = { Aliases: ['web'], NetworkID: front };
  const expected = { mode: front, endpoints: { [front]: settings }, connect: [], disconnect: [] };
  const joined = endpoint(front, { Aliases: ['web'] });
  expect(of(front, { front: joined })).toEqual(expected);
  expect(of(front.slice(0, 12), { [front.slice(0, 12)]: joined, front: joined })).toEqual(expected);
});

test('leaves again a network that the old one had left', () => {
  expect(of('front', { back: endpoint(back) })).toEqual({
    mode: 'front',
    connect: [{ network: back, endpoint: { NetworkID: back } }],
    disconnect: ['front'],
  });
  expect(of('default', {}).disconnect).toEqual(['bridge']);
});

test('an engine that tells nothing of networks is taken at its word', () => {
  const { NetworkSettings: _, ...rest } = inspected();
  expect(networkingOf({ ...rest, NetworkSettings: { Networks: null } })).toMatchObject({ connect: [] });
});
