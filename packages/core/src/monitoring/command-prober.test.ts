import { describe, expect, it } from 'vitest';
import type { ExecResult, Orchestrator } from '../contracts/index.ts';
import { guardError } from '../contracts/index.ts';
import { recordingLogger } from '../testing/rig.ts';
import { sampleAgent } from '../testing/sample-fleet.ts';
import { createVirtualClock } from '../testing/virtual-clock.ts';
import { type CommandQuestion, CommandProber } from './command-prober.ts';

type Exec = NonNullable<Orchestrator['exec']>;

function rig(exec?: Exec) {
  const clock = createVirtualClock();
  const log = recordingLogger();
  const orchestrator = (name: string): Orchestrator | undefined =>
    name === 'world' ? ({ supports: [], ...(exec ? { exec } : {}) } as unknown as Orchestrator) : undefined;
  const prober = new CommandProber({ clock, log, orchestrator });
  const stop = new AbortController();
  const ask = (given: Partial<CommandQuestion> = {}) =>
    prober.probe(
      {
        agent: sampleAgent({ orchestrator: 'world' }),
        instanceId: undefined,
        probe: 'liveness',
        command: ['check'],
        timeoutMs: 1_000,
        ...given,
      },
      stop.signal,
    );
  return { clock, log, ask, stop };
}

const ends =
  (result: Partial<ExecResult>): Exec =>
  async () => ({ exitCode: 0, stdout: '', stderr: '', ...result });

describe('a command probe', () => {
  it('is up when the command ends with 0, and down with anything else, naming what it said last', async () => {
    expect(await rig(ends({})).ask()).toMatchObject({ outcome: 'up' });
    const answer = await rig(ends({ exitCode: 3, stderr: 'trying\nno database\n' })).ask();
    expect(answer).toMatchObject({ outcome: 'down', detail: 'exit code 3: no database' });
  });

  it('reads the readiness and the figures a command prints, and lets the end decide', async () => {
    const notReady = JSON.stringify({ ready: false, checks: { database: false } });
    const { ask } = rig(ends({ stdout: notReady }));
    expect(await ask({ probe: 'readiness' })).toMatchObject({ outcome: 'down', detail: 'not ready: database' });
    expect(await ask({ probe: 'liveness' })).toMatchObject({ outcome: 'up' });
    const failed = rig(ends({ stdout: JSON.stringify({ ready: true }), exitCode: 1 }));
    expect(await failed.ask({ probe: 'readiness' })).toMatchObject({ outcome: 'down' });
    const figures = rig(ends({ stdout: '{"memory_usage_mb": 12, "cpu_usage": -1}' }));
    expect(await figures.ask({ probe: 'performance' })).toMatchObject({
      outcome: 'up',
      metrics: { memory_usage_mb: 12 },
    });
    const nothing = await rig(ends({ stdout: 'fine' })).ask({ probe: 'performance' });
    expect(nothing).toMatchObject({ outcome: 'up', detail: 'it did not print a JSON object' });
  });

  it('is down when it does not end in time, and the command is told to stop', async () => {
    let stopped = false;
    const { clock, ask } = rig((_instance, _argv, { signal }) => {
      signal.addEventListener('abort', () => (stopped = true));
      return new Promise(() => undefined);
    });
    const asked = ask();
    await clock.advance(1_000);
    expect(await asked).toMatchObject({ outcome: 'down', latencyMs: 1_000 });
    expect(stopped).toBe(true);
  });

  it('where nobody can run commands is unknown for good, and said once', async () => {
    const { ask, log } = rig();
    for (let at = 0; at < 5; at += 1) expect(await ask()).toMatchObject({ outcome: 'unknown', unaskable: true });
    expect(log.entries.map(({ level }) => level)).toEqual(['warn']);
    const { orchestrator: _, ...alone } = sampleAgent();
    expect(await ask({ agent: alone })).toMatchObject({ outcome: 'unknown', unaskable: true });
  });

  it.each([126, 127])(
    'of a program that cannot be run (%i) says nothing of the agent, and that once',
    async (exitCode) => {
      const { ask, log } = rig(ends({ exitCode }));
      for (let at = 0; at < 5; at += 1) expect(await ask()).toMatchObject({ outcome: 'unknown', unaskable: true });
      expect(log.entries).toHaveLength(1);
    },
  );

  it('is unknown when the orchestrator fails, when another instance is meant, and when the guard stops', async () => {
    const failing = rig(async () => {
      throw guardError('GUARD_ORCHESTRATOR_FAILED', { orchestrator: 'w', verb: 'x', agentId: 'a', why: 'away' });
    });
    expect(await failing.ask()).toMatchObject({ outcome: 'unknown' });
    expect(await rig(ends({})).ask({ instanceId: 'another' })).toMatchObject({ outcome: 'unknown' });
    const stopping = rig(() => new Promise(() => undefined));
    const asked = stopping.ask();
    stopping.stop.abort();
    expect(await asked).toMatchObject({ outcome: 'unknown', detail: 'the guard broke off' });
  });
});
