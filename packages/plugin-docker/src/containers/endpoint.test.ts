import { describe, expect, it } from 'vitest';
import { containerFacts, type PlainContainer } from '../../test/plain-engine.ts';
import { type Endpoint, endpointOf, type Reach } from './endpoint.ts';

const near = '127.0.0.1';
const afar = '10.0.0.9';

function endpoint(given: PlainContainer, reach: Partial<Reach> = {}): Endpoint | undefined {
  const labels = { 'praetorian.port': '80', ...given.labels };
  const around: Reach = { reach: 'container', host: near, holderOf: (facts) => facts, ...reach };
  return endpointOf(containerFacts('web', { ...given, labels }), around);
}

function url(...of: Parameters<typeof endpoint>): string | undefined {
  const found = endpoint(...of);
  return found && 'url' in found ? found.url : undefined;
}

function why(...of: Parameters<typeof endpoint>): string | undefined {
  const found = endpoint(...of);
  return found && 'why' in found ? `${found.why} | ${found.remedy}` : undefined;
}

describe('where the port that an agent names is published', () => {
  const at = (...addresses: readonly string[]): PlainContainer => ({
    networks: { bridge: { IPAddress: '172.17.0.2' } },
    ports: { '80/tcp': addresses.map((HostIp, at) => ({ HostIp, HostPort: `${8080 + at}` })) },
  });

  it.each([
    ['everywhere', near, at('0.0.0.0', '::'), 'http://127.0.0.1:8080'],
    ['everywhere', afar, at('0.0.0.0'), 'http://10.0.0.9:8080'],
    ['everywhere, in other words', 'engine.local', at(''), 'http://engine.local:8080'],
    ['everywhere by IPv6', '[fd00::5]', at('::'), 'http://[fd00::5]:8080'],
    ['at one address', near, at('192.168.1.10'), 'http://192.168.1.10:8080'],
    ['at one address', afar, at('192.168.1.10'), 'http://192.168.1.10:8080'],
    ['at one address of IPv6', near, at('fd00::7'), 'http://[fd00::7]:8080'],
    ['at a loopback address of this host', near, at('127.0.0.2'), 'http://127.0.0.2:8080'],
    ['at a loopback address of this host', 'localhost', at('::1'), 'http://[::1]:8080'],
    ['at a loopback address and another', afar, at('127.0.0.1', '192.168.1.10'), 'http://192.168.1.10:8081'],
  ])('%s, with the engine at %s', (_where, host, given, expected) => {
    expect(url(given, { reach: 'published', host })).toBe(expected);
  });

  it('at a loopback address of another host it is nowhere, and the reason is told', () => {
    const text = why(at('127.0.0.1'), { reach: 'published', host: afar });
    expect(text).toMatch(/port 80 is published at 127\.0\.0\.1 only, .* 10\.0\.0\.9, reaches \| Publish it/);
  });

  it('that it is published nowhere is told', () => {
    expect(why({ networks: { bridge: {} } }, { reach: 'published' })).toMatch(/port 80 is not published \| Publish it/);
  });
});

describe('the address of a container', () => {
  const networks = {
    closed: { IPAddress: '' },
    six: { IPAddress: '', GlobalIPv6Address: 'fd00::3' },
    front: { IPAddress: '10.1.0.3', GlobalIPv6Address: 'fd00::4' },
    back: { IPAddress: '10.2.0.3' },
  };

  it('is the first it has, or that in the network its label names', () => {
    expect(url({ networks })).toBe('http://10.1.0.3:80');
    expect(url({ networks, labels: { 'praetorian.network': 'back' } })).toBe('http://10.2.0.3:80');
  });

  it('is one of IPv6 where it has no other', () => {
    expect(url({ networks: { six: networks.six } })).toBe('http://[fd00::3]:80');
    expect(url({ networks, labels: { 'praetorian.network': 'six' } })).toBe('http://[fd00::3]:80');
  });

  it('is that of the engine in the network of the host', () => {
    expect(url({ networkMode: 'host', networks: { host: { IPAddress: '' } } }, { host: '[::1]' })).toBe(
      'http://[::1]:80',
    );
  });

  it.each([
    [
      'its label names a network it is not in',
      { networks, labels: { 'praetorian.network': 'frnot' } },
      /"frnot".*front/,
    ],
    ['it has none', { networks: { closed: networks.closed } }, /no address in closed/],
    ['it has no network', { networkMode: 'none', networks: { none: { IPAddress: '' } } }, /no address in none/],
    ['the port is no number', { networks, labels: { 'praetorian.port': 'http' } }, /praetorian\.port is "http"/],
    ['the port is none', { networks, labels: { 'praetorian.port': '70000' } }, /praetorian\.port is "70000"/],
  ])('is nowhere, and that is told, where %s', (_, given, reason) => {
    expect(why(given)).toMatch(reason);
  });

  it('is not spoken of where it runs no more, was taken out of all networks, or has no port', () => {
    expect(endpoint({ networks, state: { Running: false } })).toBeUndefined();
    expect(endpoint({ networks: {} })).toBeUndefined();
    const silent = containerFacts('web', { networks });
    expect(endpointOf(silent, { reach: 'container', host: near, holderOf: (facts) => facts })).toBeUndefined();
  });
});
