import { recordingLogger } from '@praetorian-guard/core/testing';
import type Docker from 'dockerode';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { Inside } from '../src/containers/inside.ts';
import { Logs } from '../src/containers/logs.ts';
import { cleanUp, testEngine, unique } from './engine-kit.ts';
import { Insides, waiting } from './insides.ts';

const enough = new Error('enough');
const timeout = { code: 'GUARD_DEADLINE' };
const noShell = 'rm /bin/sh /bin/ash; exec sleep 1000000';
const reached = await testEngine();

describe.runIf(reached)('a command inside a container', () => {
  const insides = new Insides(reached as Docker);
  const { engine, clock, containers, call } = insides;
  const log = recordingLogger();
  const newKey = (): string => unique('key');
  const inside = new Inside({ engine, clock, log, containers, newKey });

  beforeAll(() => insides.prepare());
  afterEach(() => insides.forget());
  afterAll(async () => {
    engine.close();
    await cleanUp(insides.docker);
  });

  test('gives its outputs and its end, and is run without a shell', async () => {
    const instance = await insides.start('exec sleep 1000000');
    expect(await inside.run(instance, ['sh', '-c', 'echo out; echo err >&2; exit 3'], call)).toEqual({
      exitCode: 3,
      stdout: 'out\n',
      stderr: 'err\n',
    });
    const { stdout } = await inside.run(instance, ['echo', '$HOME', ';', 'a b'], call);
    expect(stdout).toBe('$HOME ; a b\n');
    expect((await inside.run(instance, ['sh', '-c', 'kill -9 $$'], call)).exitCode).toBe(137);
  });

  test('may print without end: 64 KiB are kept of each output', async () => {
    const instance = await insides.start('exec sleep 1000000');
    const script = 'yes out | head -c 3000000; yes err | head -c 3000000 >&2';
    const result = await inside.run(instance, ['sh', '-c', script], call);
    expect([result.exitCode, result.stdout.length, result.stderr.length]).toEqual([0, 65_536, 65_536]);
  });

  test('that is not there ends with 127, one that cannot be run with 126', async () => {
    const ends = async (...argv: string[]): Promise<readonly [number, string]> => {
      const { exitCode, stdout } = await inside.run(instance, argv, call);
      return [exitCode, stdout];
    };
    const files =
      'echo text >/tmp/text; echo x >/tmp/odd; echo "#!/bin/none" >/tmp/script; chmod +x /tmp/odd /tmp/script';
    const instance = await insides.start(`${files}; touch /tmp/ready; exec sleep 1000000`);
    await vi.waitFor(async () => expect(await ends('ls', '/tmp/ready')).toEqual([0, '/tmp/ready\n']), waiting);
    expect(await ends('no-such-program')).toEqual([127, '']);
    expect(await ends('/bin/no-such-program')).toEqual([127, '']);
    expect(await ends('/tmp/text')).toEqual([126, '']);
    expect(await ends('/tmp')).toEqual([126, '']);
    expect(await ends('/tmp/odd')).toEqual([126, '']);
    expect(await ends('/tmp/script')).toEqual([127, '']);
    expect((await inside.run(instance, ['no-such-program'], call)).stderr).toContain('no-such-program');
    // What a program ends with by itself is passed on as it is.
    expect(await ends('sh', '-c', 'echo permission denied; exit 126')).toEqual([126, 'permission denied\n']);
  });

  test('that closes its outputs is waited for', async () => {
    const instance = await insides.start('exec sleep 1000000');
    const result = await inside.run(instance, ['sh', '-c', 'exec >&- 2>&-; sleep 0.3; exit 5'], call);
    expect(result).toEqual({ exitCode: 5, stdout: '', stderr: '' });
  });

  test('is refused in a container that does not run, is paused, or is not there', async () => {
    const instance = await insides.start('exec sleep 1000000');
    const failure = { code: 'GUARD_ORCHESTRATOR_FAILED' };
    await insides.container(instance).pause();
    await expect(inside.run(instance, ['true'], call)).rejects.toMatchObject(failure);
    await insides.container(instance).unpause();
    await insides.container(instance).stop({ t: 0 });
    await expect(inside.run(instance, ['true'], call)).rejects.toThrow(/not running/);
    const nobody = { id: 'nobody', generation: 1, ref: {} };
    await expect(inside.run(nobody, ['true'], call)).rejects.toMatchObject(failure);
  });

  test('is refused when its container ends meanwhile', async () => {
    const instance = await insides.start('exec sleep 1000000');
    const run = inside.run(instance, ['sleep', '1000001'], call);
    await vi.waitFor(async () => expect(await insides.runs(instance, '1000001')).toBe(true), waiting);
    const ended = run.then(
      ({ exitCode }) => exitCode,
      (error: unknown) => (error as { code: string }).code,
    );
    await insides.container(instance).stop({ t: 0 });
    expect([137, 'GUARD_ORCHESTRATOR_FAILED']).toContain(await ended);
  });

  test('does not begin when the call is aborted from the start', async () => {
    const instance = await insides.start('exec sleep 1000000');
    const run = inside.run(instance, ['touch', '/tmp/begun'], { ...call, signal: AbortSignal.abort(enough) });
    await expect(run).rejects.toBe(enough);
    expect((await inside.run(instance, ['ls', '/tmp'], call)).stdout).toBe('');
  });

  test('is ended with all that it started when the call aborts, and nothing else is', async () => {
    const instance = await insides.start('sleep 1000002 & exec sleep 1000000');
    const abort = new AbortController();
    const argv = ['sh', '-c', 'trap "" TERM INT HUP; sleep 1000003 & echo on; yes'];
    const run = inside.run(instance, argv, { ...call, signal: abort.signal });
    await vi.waitFor(async () => expect(await insides.runs(instance, 'sleep 1000003')).toBe(true), waiting);
    abort.abort(enough);
    await expect(run).rejects.toBe(enough);
    await inside.settled();
    expect(await insides.runs(instance, '1000003')).toBe(false);
    expect(await insides.runs(instance, 'yes')).toBe(false);
    expect(await insides.runs(instance, 'sleep 1000002')).toBe(true);
    expect(await insides.runs(instance, 'sleep 1000000')).toBe(true);
  });

  test('is ended also when the call aborts just as it begins', async () => {
    const instance = await insides.start('exec sleep 1000000');
    for (const afterMs of [0, 2, 5, 10, 20, 40]) {
      const run = inside.run(instance, ['sleep', '1000004'], { ...call, signal: clock.timeout(afterMs) });
      await expect(run).rejects.toMatchObject(timeout);
    }
    await inside.settled();
    expect(await insides.runs(instance, '1000004')).toBe(false);
  });

  test('runs on in a container without a shell, and that is said', async () => {
    const instance = await insides.start(noShell);
    await vi.waitFor(
      async () => expect((await inside.run(instance, ['ls', '/bin/sh'], call)).exitCode).toBe(1),
      waiting,
    );
    const abort = new AbortController();
    const run = inside.run(instance, ['sleep', '1000005'], { ...call, signal: abort.signal });
    await vi.waitFor(async () => expect(await insides.runs(instance, '1000005')).toBe(true), waiting);
    abort.abort(enough);
    await expect(run).rejects.toBe(enough);
    await inside.settled();
    expect(await insides.runs(instance, '1000005')).toBe(true);
    expect(log.entries.at(-1)?.message).toMatch(/runs on/);
  });

  test.each([
    ['with a shell', 'exec sleep 1000000'],
    ['without a shell', noShell],
  ])('leaves no connection behind, however it ends: %s', async (_, script) => {
    const instance = await insides.start(script);
    const own = insides.anotherEngine();
    await own.connect();
    const before = sockets();
    const one = new Inside({ engine: own, clock, log, containers, newKey });
    await one.run(instance, ['true'], call);
    await one.run(instance, ['no-such-program'], call);
    const broken = one.run(instance, ['sleep', '1000006'], { ...call, signal: clock.timeout(100) });
    await expect(broken).rejects.toMatchObject(timeout);
    await one.settled();
    await new Logs({ engine: own, containers }).page(instance, undefined, call);
    own.close();
    await vi.waitFor(() => expect(sockets()).toBeLessThanOrEqual(before), waiting);
  });
});

/** Connections this process has open. */
function sockets(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'PipeWrap' || kind === 'TCPSocketWrap').length;
}
