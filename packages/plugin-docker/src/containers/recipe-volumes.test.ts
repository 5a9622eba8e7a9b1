import { expect, test } from 'vitest';
import { hash, inspected } from '../../test/inspected.ts';
import { isRenewed, volumesAnew, volumesByName, volumesOfGone, volumeSources } from './recipe-volumes.ts';

const volume = (Name: string, Destination: string, RW = true) => ({ Type: 'volume', Name, Destination, RW });
const named = (Source: string, Target: string) => ({
  Type: 'volume',
  Source,
  Target,
  VolumeOptions: { NoCopy: true },
});

test('leaves what was asked for by name as it is', () => {
  const host = {
    Binds: ['data:/data/:ro', '/host:/host'],
    Mounts: [
      { Type: 'volume', Source: 'data', Target: '/more' },
      { Type: 'tmpfs', Target: '/tmp' },
    ],
  };
  const mounts = [
    volume('data', '/data', false),
    volume('data', '/more'),
    { Type: 'bind', Destination: '/host', RW: true },
    { Type: 'tmpfs', Destination: '/tmp', RW: true },
  ];
  // Also where the image wants a volume in the same place.
  const config = { Volumes: { '/data': {} } };
  expect(volumesByName(inspected({ config, host, mounts }))).toEqual(host);
});

test('needs nothing when there is nothing', () => {
  expect(volumesByName(inspected())).toEqual({});
});

test('mounts a volume without a name by the name it got, and does not fill it again', () => {
  const mounts = [volume(hash, '/data'), volume('f00d', '/seen', false)];
  expect(volumesByName(inspected({ config: { Volumes: { '/data/': {}, '/seen': {} } }, mounts }))).toEqual({
    Mounts: [named(hash, '/data'), { ...named('f00d', '/seen'), ReadOnly: true }],
  });
});

test('names volumes where they were asked for without a name', () => {
  const labels = { Labels: { a: 'b' } };
  const host = {
    Binds: ['/one', '/two:ro'],
    Mounts: [{ Type: 'volume', Target: '/three/', VolumeOptions: labels }],
  };
  const mounts = [volume('v1', '/one'), volume('v2', '/two', false), volume('v3', '/three')];
  expect(volumesByName(inspected({ host, mounts }))).toEqual({
    Binds: ['v1:/one', 'v2:/two:ro'],
    Mounts: [{ ...named('v3', '/three'), VolumeOptions: { ...labels, NoCopy: true } }],
  });
});

test('leaves to another container what comes from it, and keeps its own beside that', () => {
  const host = { VolumesFrom: ['other:ro'] };
  const mounts = [volume(hash, '/borrowed'), volume('v1', '/own')];
  expect(volumesByName(inspected({ config: { Volumes: { '/own': {} } }, host, mounts }))).toEqual({
    Mounts: [named('v1', '/own')],
  });
});

test('comes to the same for a container that was made from it', () => {
  const host = { Binds: ['/one'], Mounts: [{ Type: 'volume', Target: '/two' }] };
  const mounts = [volume('v1', '/one'), volume('v2', '/two'), volume('v3', '/')];
  const once = volumesByName(inspected({ host, mounts }));
  expect(volumesByName(inspected({ host: once, mounts }))).toEqual(once);
});

test('a copy of one whose volumes were asked for by the names the engine gave them asks for new ones', () => {
  const labels = { Labels: { a: 'b' } };
  const host = {
    Binds: [`${hash}:/one:ro`, 'data:/data', '/host:/host', '/two'],
    Mounts: [
      { ...named(hash, '/three'), VolumeOptions: { ...labels, NoCopy: true }, ReadOnly: true },
      named('data', '/more'),
      { Type: 'volume', Target: '/four' },
      { Type: 'tmpfs', Target: '/tmp' },
    ],
  };
  expect(volumesAnew(inspected({ host, mounts: [volume(hash, '/five')] }))).toEqual({
    Binds: ['/one:ro', 'data:/data', '/host:/host', '/two'],
    Mounts: [
      { Type: 'volume', Target: '/three', VolumeOptions: labels, ReadOnly: true },
      named('data', '/more'),
      { Type: 'volume', Target: '/four' },
      { Type: 'tmpfs', Target: '/tmp' },
    ],
  });
  expect(volumesAnew(inspected())).toEqual({});
});

test('a copy has a volume of its own in place of one without a name, unless that is the volume of another container', () => {
  const host = { VolumesFrom: ['other'], Binds: ['/two', `${hash}:/three:rw`], Mounts: [named(hash, '/four')] };
  const inspect = inspected({ config: { Volumes: { '/one/': {} } }, host });
  for (const path of ['/one', '/two', '/three', '/four']) expect(isRenewed(inspect, volume(hash, path))).toBe(true);
  expect(isRenewed(inspect, volume(hash, '/borrowed'))).toBe(false);
  expect(isRenewed(inspected(), volume(hash, '/borrowed'))).toBe(true);
  expect(isRenewed(inspected(), volume('data', '/data'))).toBe(false);
});

test('asks itself for what came from containers that are gone, and for nothing twice', () => {
  const host = { VolumesFrom: ['left:ro', 'stays'], Binds: ['data:/data'] };
  const mounts = [
    volume(hash, '/borrowed', false),
    volume('data', '/data'),
    volume('v1', '/own'),
    { Type: 'bind', Source: '/srv', Destination: '/srv', RW: true },
  ];
  const facts = inspected({ config: { Volumes: { '/own': {} } }, host, mounts });
  expect(volumeSources(facts)).toEqual(['left', 'stays']);
  expect(volumesOfGone(facts, [named('v1', '/own')], [])).toEqual({});
  expect(volumesOfGone(facts, [named('v1', '/own')], ['left'])).toEqual({
    VolumesFrom: ['stays'],
    Mounts: [
      named('v1', '/own'),
      { ...named(hash, '/borrowed'), ReadOnly: true },
      { Type: 'bind', Source: '/srv', Target: '/srv' },
    ],
  });
});
