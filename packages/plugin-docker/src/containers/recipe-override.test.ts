import { describe, expect, test } from 'vitest';
import { hash, inspected } from '../../test/inspected.ts';
import type { ContainerConfig, ImageConfig } from './recipe-facts.ts';
import { limitsOf } from './recipe-override.ts';
import { recipeOf } from './recipe.ts';

const MiB = 1024 ** 2;

describe('limits', () => {
  test('an override without any changes none', () => {
    expect(limitsOf({ Memory: 5, NanoCpus: 5 }, { env: {} })).toEqual({});
    expect(limitsOf({ Memory: 5 })).toEqual({});
  });

  test.each([
    ['there was no limit', {}, 0],
    ['nobody asked for swap', { Memory: 64 * MiB, MemorySwap: 0 }, 0],
    ['the engine chose, which is twice the memory', { Memory: 64 * MiB, MemorySwap: 128 * MiB }, 0],
    ['swap was unlimited', { Memory: 64 * MiB, MemorySwap: -1 }, -1],
    ['there was some swap on top', { Memory: 64 * MiB, MemorySwap: 80 * MiB }, 48 * MiB],
    ['there was to be none', { Memory: 64 * MiB, MemorySwap: 64 * MiB }, 32 * MiB],
  ])('memory and swap together, when %s', (_, host, MemorySwap) => {
    expect(limitsOf(host, { memoryLimit: 32 * MiB })).toEqual({ Memory: 32 * MiB, MemorySwap });
  });

  test('a reservation is never above the limit', () => {
    const limit = (MemoryReservation: number) => limitsOf({ MemoryReservation }, { memoryLimit: 32 * MiB });
    expect(limit(48 * MiB).MemoryReservation).toBe(32 * MiB);
    expect(limit(16 * MiB)).not.toHaveProperty('MemoryReservation');
  });

  test('processors are counted in one way only', () => {
    expect(limitsOf({ CpuQuota: 9, CpuPeriod: 9 }, { cpuLimit: 0.3 })).toEqual({
      NanoCpus: 300_000_000,
      CpuQuota: 0,
      CpuPeriod: 0,
    });
  });
});

test('command, timeout and variables; the last word has who asks for the recipe', () => {
  const inspect = inspected({
    config: { Env: ['A=1', 'B=1', 'C=1', 'PRAETORIAN_TIMEOUT_MS=9'], Entrypoint: ['/run'] },
  });
  const override = { command: ['work', 'hard'], timeoutMs: 1_500, env: { B: '2', C: '2' } };
  const { create } = recipeOf(inspect, { name: 'web', override, env: { C: '3' } });
  expect(create).toMatchObject({ Cmd: ['work', 'hard'], Entrypoint: ['/run'] });
  expect(create.Env).toEqual(['A=1', 'B=2', 'C=3', 'PRAETORIAN_TIMEOUT_MS=1500']);
});

describe('another image', () => {
  const image: ImageConfig = {
    Cmd: ['serve'],
    Entrypoint: ['/entry'],
    Env: ['PATH=/bin', 'VERSION=1'],
    ExposedPorts: { '80/tcp': {}, '81/tcp': {} },
    Healthcheck: { Test: ['CMD', 'old'], Interval: 5 },
    Labels: { version: '1', vendor: 'us' },
    StopSignal: 'SIGINT',
    User: 'app',
    Volumes: { '/data': {} },
    WorkingDir: '/app',
  };
  const take = (config: Partial<ContainerConfig>, oldImageConfig: ImageConfig | undefined = image, host = {}) =>
    recipeOf(inspected({ config: { ...image, ...config }, host }), {
      name: 'web',
      imageUnmoved: true,
      override: { image: 'web:2' },
      ...(oldImageConfig ? { oldImageConfig } : {}),
    }).create;

  test('brings all its own defaults to a container that had only those of the old one', () => {
    expect(JSON.parse(JSON.stringify(take({})))).toEqual({
      Image: 'web:2',
      Domainname: '',
      Env: [],
      ExposedPorts: {},
      Volumes: {},
      HostConfig: inspected().HostConfig,
    });
  });

  test('changes nothing that the container had of its own', () => {
    const own = {
      Cmd: ['other'],
      Entrypoint: ['/own'],
      Env: ['PATH=/own', 'MORE=1'],
      ExposedPorts: { '99/tcp': {} },
      Healthcheck: { Test: ['NONE'] },
      Labels: { version: '7', mine: '1' },
      StopSignal: 'SIGQUIT',
      User: 'root',
      Volumes: { '/own': {} },
      WorkingDir: '/own',
    };
    expect(take(own)).toMatchObject(own);
  });

  test('keeps the part of a health check that was its own', () => {
    expect(take({ Healthcheck: { Test: ['CMD', 'old'], Interval: 9 } }).Healthcheck).toEqual({ Interval: 9 });
  });

  test('keeps a port that was published although the old image named it as well', () => {
    const host = { PortBindings: { '80/tcp': [{ HostPort: '8080' }] } };
    expect(take({}, image, host).ExposedPorts).toEqual({ '80/tcp': {} });
  });

  test('a command that equals that of the image is its own beside an entrypoint of its own', () => {
    expect(take({ Entrypoint: ['/own'] }).Cmd).toEqual(['serve']);
    // An entrypoint that was only taken away lets the image's command in.
    expect(take({ Entrypoint: [] })).toMatchObject({ Entrypoint: [] });
    expect(take({ Entrypoint: [] })).not.toHaveProperty('Cmd');
  });

  test('keeps the data of a volume that only the old image wanted', () => {
    const inspect = inspected({
      config: { ...image },
      mounts: [{ Type: 'volume', Name: hash, Destination: '/data', RW: true }],
    });
    const { HostConfig } = recipeOf(inspect, { name: 'web', override: { image: 'b' }, oldImageConfig: image }).create;
    expect(HostConfig?.Mounts).toMatchObject([{ Source: hash, Target: '/data' }]);
  });

  test('keeps everything when nobody knows any more what the old image had', () => {
    expect(take({}, null as never)).toMatchObject({ ...image, Image: 'web:2' });
  });
});
