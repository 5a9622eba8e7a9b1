import { describe, expect, it } from 'vitest';
import { EndpointPolicy } from './endpoint-policy.ts';

const names: Record<string, readonly string[]> = {
  'agent.local': ['10.1.2.3'],
  'two.local': ['192.168.0.9', '8.8.8.8'],
  'sly.local': ['169.254.169.254'],
  'empty.local': [],
};

function policy(...allowedNetworks: string[]): EndpointPolicy {
  return new EndpointPolicy({
    allowedNetworks,
    resolve: async (host) => {
      const found = names[host];
      if (!found) throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' });
      return found;
    },
  });
}

describe('EndpointPolicy', () => {
  it('allows what an orchestrator or the config named, and pins the address', async () => {
    const allowed = policy();
    await expect(allowed.check('a', { endpoint: 'http://8.8.8.8:80', source: 'orchestrator' })).resolves.toMatchObject({
      address: '8.8.8.8',
      family: 4,
    });
    await expect(allowed.check('a', { endpoint: 'https://agent.local', source: 'config' })).resolves.toMatchObject({
      address: '10.1.2.3',
    });
  });

  it('calls an agent whose own name for itself nobody knows where the orchestrator says, and for no other reason', async () => {
    const allowed = policy('10.0.0.0/8');
    const instead = 'http://172.17.0.2:4000';
    const named = (endpoint: string) => allowed.check('a', { endpoint, source: 'registration', instead });
    const { url, address } = await named('http://4ceee8f7ce9f:4000');
    expect([url.href, address]).toEqual(['http://172.17.0.2:4000/', '172.17.0.2']);
    await expect(named('http://agent.local')).resolves.toMatchObject({ address: '10.1.2.3' });
    await expect(named('http://two.local')).rejects.toThrow(/in none of the allowed networks/);
    const sly = { endpoint: 'http://gone.local', source: 'registration', instead: 'http://169.254.169.254' } as const;
    await expect(allowed.check('a', sly)).rejects.toThrow(/link-local/);
  });

  it.each([
    ['http://10.1.2.3:4001', '10.0.0.0/8'],
    ['http://agent.local', '10.0.0.0/8'],
    ['http://[fd12::1]:80', 'fd00::/8'],
    ['http://[::ffff:10.1.2.3]/', '10.0.0.0/8'],
    ['http://127.0.0.1', '127.0.0.1'],
    // The URL parser reads other spellings of an address as what they are.
    ['http://0x7f.1', '127.0.0.0/8'],
  ])('allows %s, which an agent registered, inside %s', async (endpoint, network) => {
    await expect(policy(network).check('a', { endpoint, source: 'registration' })).resolves.toBeDefined();
  });

  it.each([
    ['http://10.1.2.3', /in none of the allowed networks/],
    ['http://two.local', /8\.8\.8\.8 itself/],
    ['http://[::1]', /in none of the allowed networks/],
    ['http://nowhere.local', /only the agent knows: getaddrinfo ENOTFOUND/],
    ['http://empty.local', /has no address/],
    ['ftp://10.1.2.3', /not an http or https address/],
    ['nonsense', /not an http or https address/],
    ['http://user:pw@192.168.0.1', /carries a user/],
  ])('denies %s, which an agent registered', async (endpoint, why) => {
    await expect(policy('192.168.0.0/16').check('a', { endpoint, source: 'registration' })).rejects.toThrow(why);
  });

  it.each([
    'http://169.254.169.254/latest/meta-data',
    'http://sly.local',
    'http://2852039166/',
    'http://[fe80::1]',
    'http://[fd00:ec2::254]',
    'http://[::ffff:169.254.169.254]',
    'http://[64:ff9b::a9fe:a9fe]',
    'http://[2002:a9fe:a9fe::1]',
    'http://100.100.100.200',
    'http://metadata.google.internal',
    'http://metadata.google.internal.',
    'http://224.0.0.1',
  ])('denies %s whoever named it', async (endpoint) => {
    const open = policy('0.0.0.0/0', '::/0');
    for (const source of ['orchestrator', 'config', 'registration'] as const) {
      await expect(open.check('a', { endpoint, source })).rejects.toMatchObject({ code: 'GUARD_ENDPOINT_DENIED' });
    }
  });

  it.each(['10.0.0.0/33', '10.0.0/8', 'everything', '::/129', '10.0.0.0/x'])('refuses the network %s', (network) => {
    expect(() => policy(network)).toThrow(/is not a network like/);
  });
});
