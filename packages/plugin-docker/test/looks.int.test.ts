import type { Instance, SignalDraft } from '@praetorian-guard/core/plugin';
import { recordingLogger } from '@praetorian-guard/core/testing';
import type Docker from 'dockerode';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { evidenceOf } from '../src/containers/evidence.ts';
import { Logs } from '../src/containers/logs.ts';
import { StatsRound } from '../src/containers/stats.ts';
import { cleanUp, testEngine } from './engine-kit.ts';
import { Insides, waiting } from './insides.ts';

const reached = await testEngine();

describe.runIf(reached)('what is known of a container', () => {
  const insides = new Insides(reached as Docker);
  const { engine, clock, containers, call } = insides;
  const log = recordingLogger();
  const logs = new Logs({ engine, containers });

  beforeAll(() => insides.prepare());
  afterEach(() => insides.forget());
  afterAll(async () => {
    engine.close();
    await cleanUp(insides.docker);
  });

  describe('the log', () => {
    test.each([
      ['with a terminal', true],
      ['without a terminal', false],
    ])('is given from place to place, each line once, long ones whole: %s', async (_, Tty) => {
      const long = 'for at in $(seq 1 50000); do printf x; done; echo end';
      const script = `echo first; read a; echo out; echo err >&2; ${long}; read b; echo last; read c`;
      const instance = await insides.start(script, { Tty, OpenStdin: true });
      const input = await insides.container(instance).attach({ stream: true, stdin: true, hijack: true });
      const begin = await vi.waitFor(async () => {
        const at = await logs.page(instance, undefined, call);
        expect(at.next).toMatch(/^1@/);
        return at;
      }, waiting);
      expect(begin.lines).toEqual([]);

      input.write('\n');
      const lines: string[] = [];
      let { next } = begin;
      const readUntil = async (line: string): Promise<void> => {
        await vi.waitFor(async () => {
          const page = await new Logs({ engine, containers }).page(instance, next, call);
          lines.push(...page.lines);
          next = page.next;
          expect(lines.at(-1)).toBe(line);
        }, waiting);
      };
      await vi.waitFor(async () => {
        const page = await logs.page(instance, next, call);
        expect(page.lines.some((line) => line.endsWith('xend'))).toBe(true);
      }, waiting);
      input.write('\n');
      await readUntil('last');
      input.end();
      // A terminal echoes what is typed.
      const written = lines.filter((line) => line !== '');
      // The engine takes each stream by itself, so that a line of the other may come at any place.
      expect(written.filter((line) => line === 'err')).toHaveLength(1);
      expect(written.filter((line) => line !== 'err')).toEqual(['out', `${'x'.repeat(50_000)}end`, 'last']);
      expect((await logs.page(instance, next, call)).lines).toEqual([]);
    });

    test('is at most a page of it, and what is older is counted', async () => {
      const line = 'x'.repeat(99);
      const instance = await insides.start(`echo begin; read a; yes ${line} | head -n 30000; echo end; read b`, {
        OpenStdin: true,
      });
      const input = await insides.container(instance).attach({ stream: true, stdin: true, hijack: true });
      const { next } = await vi.waitFor(async () => {
        const at = await logs.page(instance, undefined, call);
        expect(at.next).toMatch(/^1@/);
        return at;
      }, waiting);
      input.write('\n');
      const page = await vi.waitFor(async () => {
        const read = await logs.page(instance, next, call);
        expect(read.lines.at(-1)).toBe('end');
        return read;
      }, waiting);
      input.end();
      const bytes = page.lines.reduce((sum, one) => sum + one.length + 1, 0);
      expect(bytes).toBeGreaterThan(1024 ** 2 - 200);
      expect(bytes).toBeLessThanOrEqual(1024 ** 2);
      expect((page.skippedBytes ?? 0) + bytes).toBe(30_000 * 100 + 4);
    });

    test('of a driver that gives nothing back, and of a container that is gone, is empty', async () => {
      const instance = await insides.start('exec sleep 1000000', {
        HostConfig: { LogConfig: { Type: 'none', Config: {} } },
      });
      expect(await logs.page(instance, undefined, call)).toEqual({ lines: [], next: '' });
      await insides.container(instance).remove({ force: true });
      expect(await logs.page(instance, '0@', call)).toEqual({ lines: [], next: '0@' });
    });
  });

  describe('evidence', () => {
    const parts = { engine, clock, logLines: 5 };
    const textOf = async (id: string): Promise<{ readonly [label: string]: string }> =>
      Object.fromEntries((await evidenceOf(parts, id, call)).map(({ label, text }) => [label, text]));

    test('tells how a container ended, what it wrote last and what it was, and no value of its environment', async () => {
      const instance = await insides.start('for at in $(seq 1 9); do echo line $at; done; exit 3', {
        Env: ['TOKEN=hush', 'EMPTY=', 'PLAIN'],
        HostConfig: { NetworkMode: 'none', Memory: 64 * 1024 ** 2, RestartPolicy: { Name: 'no' } },
      });
      const container = insides.container(instance);
      await container.wait();
      const items = await textOf(container.id);
      expect(Object.keys(items)).toEqual(['log', 'state', 'container']);
      expect(items['log']).toBe('line 5\nline 6\nline 7\nline 8\nline 9');
      expect(JSON.parse(items['state'] ?? '')).toMatchObject({ status: 'exited', exitCode: 3, outOfMemory: false });
      expect(JSON.parse(items['container'] ?? '')).toMatchObject({
        image: insides.image,
        restartPolicy: { Name: 'no' },
        limits: { Memory: 64 * 1024 ** 2 },
        networks: { none: '' },
      });
      expect(items['container']).toContain('TOKEN EMPTY PLAIN');
      expect(JSON.stringify(items)).not.toContain('hush');
    });

    test('has what the health check said last', async () => {
      const second = 1_000_000_000;
      const instance = await insides.start('exec sleep 1000000', {
        Healthcheck: { Test: ['CMD-SHELL', 'echo not today; exit 1'], Interval: second, Timeout: second, Retries: 1 },
      });
      await vi.waitFor(async () => {
        const { state = '{}', 'health check': check } = await textOf(insides.container(instance).id);
        expect(JSON.parse(state)).toMatchObject({ health: { status: 'unhealthy' } });
        expect(check).toMatch(/ exit code 1\nnot today$/);
      }, waiting);
    });

    test('is nothing of a container that is gone or never was', async () => {
      const instance = await insides.start('exit 0');
      const container = insides.container(instance);
      await container.remove({ force: true });
      expect(await evidenceOf(parts, container.id, call)).toEqual([]);
      expect(await evidenceOf(parts, 'no-such-container', call)).toEqual([]);
    });

    test('leaves out what is late', async () => {
      const instance = await insides.start('echo written; exec sleep 1000000');
      const hanging = {
        logs: () => new Promise<void>(() => undefined),
        container: engine.container.bind(engine),
      };
      const before = clock.monotonic();
      const items = await evidenceOf({ ...parts, engine: hanging }, insides.container(instance).id, call);
      expect(items.map(({ label }) => label)).toEqual(['state', 'container']);
      expect(clock.monotonic() - before).toBeLessThan(4_000);
    });
  });

  test('statistics tell of the memory and the processor of what runs, and nothing of what has ended', async () => {
    const busy = await insides.start('exec yes >/dev/null');
    const idle = await insides.start('exec sleep 1000000');
    const ended = await insides.start('exec sleep 1000000');
    await insides.container(ended).stop({ t: 0 });
    const given: SignalDraft[] = [];
    const ingest = (signal: SignalDraft): number => given.push(signal);
    const round = new StatsRound({ engine, clock, log, containers, ingest, everyMs: 2_500, concurrency: 2 });
    round.start();
    const shares = (instance: Instance): (number | undefined)[] =>
      given.flatMap((signal) =>
        signal.kind === 'metrics' && signal.instanceId === instance.id ? [signal.metrics.cpu_usage] : [],
      );
    await vi.waitFor(() => {
      expect(shares(busy).length).toBeGreaterThanOrEqual(2);
      expect(shares(idle).length).toBeGreaterThanOrEqual(2);
    }, waiting);
    await round.stop();
    expect(shares(busy)[0]).toBeUndefined();
    expect(shares(busy)[1]).toBeGreaterThan(0.1);
    expect(shares(busy)[1]).toBeLessThan(1.5);
    expect(shares(idle)[1]).toBeLessThan(0.05);
    expect(shares(ended)).toEqual([]);
    const memory = given.flatMap((signal) => (signal.kind === 'metrics' ? [signal.metrics.memory_usage_mb] : []));
    for (const one of memory) expect(one).toBeGreaterThan(0.05);
  });
});
