import { expect, test } from 'vitest';
import { endpoint, hash, inspected } from '../../test/inspected.ts';
import { collisions, copyCollisions, fixedAddresses, fixedHostPorts } from './recipe-beside.ts';

test('an ordinary container collides with nothing', () => {
  const host = { PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '' }, { HostPort: '0' }, {}], '81/tcp': null } };
  expect(collisions(inspected({ host }))).toEqual([]);
  expect(collisions(inspected({ host: { PortBindings: null }, networks: {} }))).toEqual([]);
});

test('host ports that were asked for are fixed, those of a range are not', () => {
  const PortBindings = {
    '80/tcp': [
      { HostIp: '', HostPort: '8080' },
      { HostIp: '127.0.0.1', HostPort: '8081' },
    ],
    '53/udp': [{ HostIp: '::1', HostPort: '5353' }],
    '90': [{ HostPort: '9090' }],
    '91/tcp': [{ HostPort: '9000-9010' }],
  };
  const ports = fixedHostPorts(inspected({ host: { PortBindings } }));
  expect([...ports].sort()).toEqual(['127.0.0.1:8081/tcp', '8080/tcp', '9090/tcp', '[::1]:5353/udp']);
});

test('addresses that were asked for are fixed, those the engine gave are not', () => {
  const IPAMConfig = { IPv4Address: '10.0.0.5', IPv6Address: 'fd00::5', LinkLocalIPs: ['169.254.1.1'] };
  const networks = { front: endpoint('f1', { IPAMConfig }), back: endpoint('f2', { IPAMConfig: {} }) };
  const inspect = inspected({ config: { MacAddress: '02:42:00:00:00:07' }, host: { NetworkMode: 'front' }, networks });
  expect(fixedAddresses(inspect)).toEqual([
    '10.0.0.5 in front',
    'fd00::5 in front',
    '169.254.1.1 in front',
    '02:42:00:00:00:07',
  ]);
});

test('says what two would both need', () => {
  const PortBindings = { '80/tcp': [{ HostPort: '8080' }] };
  const networks = { front: endpoint('f1', { IPAMConfig: { IPv4Address: '10.0.0.5' } }) };
  expect(collisions(inspected({ host: { NetworkMode: 'front', PortBindings }, networks }))).toEqual([
    'host port 8080/tcp',
    'address 10.0.0.5 in front',
  ]);
});

test('a network that is not its own is shared as a whole', () => {
  const PortBindings = { '80/tcp': [{ HostPort: '8080' }] };
  expect(collisions(inspected({ host: { NetworkMode: 'host', PortBindings } }))).toEqual(['host network']);
  expect(collisions(inspected({ host: { NetworkMode: `container:${'ab'.repeat(32)}` } }))).toEqual([
    'network of container abababababab',
  ]);
});

const volume = (Name: string, Destination: string, RW = true) => ({ Type: 'volume', Name, Destination, RW });

test('volumes that it writes to are its own, with and without a name; nothing else that is mounted is', () => {
  const mounts = [
    volume('data', '/data'),
    volume(hash, '/unnamed'),
    volume('models', '/models', false),
    { Type: 'bind', Destination: '/var/run/docker.sock', RW: true },
    { Type: 'tmpfs', Destination: '/tmp', RW: true },
  ];
  expect(collisions(inspected({ mounts }))).toEqual(['volume at /data', 'volume at /unnamed']);
  expect(collisions({ ...inspected(), Mounts: null })).toEqual([]);
});

test('a copy needs no volume of its own without a name, and shares one that others of its group share', () => {
  const web = inspected({ mounts: [volume(hash, '/unnamed'), volume('data', '/data'), volume('up', '/up')] });
  const other = inspected({ mounts: [volume('up', '/uploads'), volume('data', '/data', false)] });
  expect(copyCollisions(web, [])).toEqual(['volume at /data', 'volume at /up']);
  expect(copyCollisions(web, [other])).toEqual(['volume at /data']);
  expect(copyCollisions(inspected({ host: { NetworkMode: 'host' } }), [])).toEqual(['host network']);
});
