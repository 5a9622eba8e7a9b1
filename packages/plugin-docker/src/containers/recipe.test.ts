import type { ContainerInspectInfo } from 'dockerode';
import { expect, expectTypeOf, test } from 'vitest';
import { hash, id, inspected } from '../../test/inspected.ts';
import type { Inspected } from './recipe-facts.ts';
import { recipeOf } from './recipe.ts';

const name = 'web';
const made = (inspect: Inspected, options = {}) => recipeOf(inspect, { name, ...options }).create;

test('reads what the client library tells', () => {
  expectTypeOf<ContainerInspectInfo>().toExtend<Inspected>();
});

test('an ordinary container needs nothing but its config', () => {
  const { Config, HostConfig } = inspected();
  const { Hostname: _, ...config } = Config;
  expect(recipeOf(inspected(), { name, imageUnmoved: true })).toEqual({
    name: 'web',
    create: { ...config, HostConfig },
    disconnect: [],
    connect: [],
  });
});

test('copies every field, also those that nobody knew of when this was written', () => {
  const config = { Tty: true, OpenStdin: true, StdinOnce: true, StopSignal: 'SIGINT', StopTimeout: 3, NewField: [1] };
  const healthcheck = { Test: ['CMD', 'true'], Interval: 1e9, Retries: 2 };
  const host = {
    AutoRemove: true,
    CapAdd: ['NET_ADMIN'],
    Devices: [{ PathOnHost: '/dev/null' }],
    Dns: ['10.0.0.1'],
    ExtraHosts: ['a:10.0.0.2'],
    Init: true,
    IpcMode: 'shareable',
    LogConfig: { Type: 'local', Config: {} },
    MemorySwappiness: null,
    NewField: { a: 1 },
    PidMode: 'host',
    PidsLimit: 5,
    PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '8080' }] },
    ReadonlyRootfs: true,
    RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 },
    Runtime: 'runc',
    SecurityOpt: ['no-new-privileges'],
    ShmSize: 1,
    Sysctls: { 'net.core.somaxconn': '9' },
    Tmpfs: { '/tmp': '' },
    Ulimits: [{ Name: 'nofile', Soft: 1, Hard: 2 }],
  };
  const create = made(inspected({ config: { ...config, Healthcheck: healthcheck }, host }));
  expect(create).toMatchObject({ ...config, Healthcheck: healthcheck, HostConfig: host });
});

test('keeps an entrypoint that was taken away apart from one that was never given', () => {
  expect(made(inspected({ config: { Entrypoint: [] } })).Entrypoint).toEqual([]);
  expect(made(inspected({ config: { Entrypoint: null, Cmd: null } }))).toMatchObject({ Entrypoint: null, Cmd: null });
});

test('takes the image by its id, unless its name still means it', () => {
  expect(made(inspected()).Image).toBe('sha256:5b5d09ae');
  expect(made(inspected(), { imageUnmoved: true }).Image).toBe('web:1');
});

test('adds labels and sets variables', () => {
  const inspect = inspected({ config: { Env: ['A=1', 'B=2=2', 'C'], Labels: { x: '1', y: '1' } } });
  const create = made(inspect, { labels: { y: '2', z: '3' }, env: { B: '3', C: '4', D: '5' } });
  expect(create.Labels).toEqual({ x: '1', y: '2', z: '3' });
  expect(create.Env).toEqual(['A=1', 'B=3', 'C=4', 'D=5']);
  expect(made(inspected(), { labels: { z: '3' }, env: { D: '' } })).toMatchObject({ Labels: { z: '3' }, Env: ['D='] });
});

test('leaves a hostname out when it is only the beginning of the id', () => {
  expect(made(inspected())).not.toHaveProperty('Hostname');
  expect(made(inspected({ config: { Hostname: id.slice(0, 8), Domainname: 'example' } }))).toMatchObject({
    Hostname: id.slice(0, 8),
    Domainname: 'example',
  });
});

test('asks for no hostname where the engine refuses one', () => {
  expect(made(inspected({ config: { Hostname: 'vm' }, host: { UTSMode: 'host' } }))).not.toHaveProperty('Hostname');
  const config = { Hostname: 'other', Domainname: 'example', ExposedPorts: { '80/tcp': {} }, MacAddress: '' };
  const create = made(inspected({ config, host: { NetworkMode: 'container:abc' }, networks: {} }));
  for (const field of Object.keys(config)) expect(create).not.toHaveProperty(field);
  expect(create.HostConfig?.NetworkMode).toBe('container:abc');
});

test('a link is named after its target, not after the container that had it', () => {
  const { HostConfig } = made(inspected({ host: { Links: ['/db:/web/store', '/db:/web/a/b', 'plain:link'] } }));
  expect(HostConfig?.Links).toEqual(['db:store', 'db:a/b', 'plain:link']);
});

test('keeps a hardware address that was asked for, and none that was made up', () => {
  const config = { MacAddress: '02:42:00:00:00:07' };
  expect(made(inspected({ config })).MacAddress).toBe('02:42:00:00:00:07');
  expect(JSON.stringify(made(inspected()))).not.toContain('02:42');
});

test('a copy gets new volumes where the other has some without a name, and what takes its place has the same', () => {
  const mounts = [{ Type: 'volume', Name: hash, Destination: '/data', RW: true }];
  const inspect = inspected({ config: { Volumes: { '/data': {} } }, mounts });
  expect(made(inspect).HostConfig?.Mounts).toMatchObject([{ Source: hash, Target: '/data' }]);
  expect(made(inspect, { copy: true }).HostConfig).not.toHaveProperty('Mounts');
});

test('changes nothing of what it was given', () => {
  const inspect = inspected({ config: { Env: ['A=1'], Labels: { x: '1' } }, host: { Memory: 5 } });
  const copy = structuredClone(inspect);
  const override = { memoryLimit: 1, cpuLimit: 1, timeoutMs: 1, image: 'b', command: ['c'], env: { A: '2' } };
  recipeOf(inspect, { name, override, labels: { y: '2' }, oldImageConfig: { Env: ['A=1'] }, copy: true });
  expect(inspect).toEqual(copy);
});
