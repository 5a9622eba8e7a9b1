import { afterEach, beforeEach, expect, test } from 'vitest';
import { Harness, isRunning, pidOf, program, until } from './harness.ts';

let harness: Harness;
beforeEach(() => {
  harness = new Harness();
});
afterEach(() => harness.dispose());

async function started() {
  const orchestrator = await harness.start({ agents: { web: { ...program, env: { COLOUR: 'red' } } } });
  const instance = (await harness.follow(orchestrator).synced()).instance('web');
  return { orchestrator, instance };
}

test('runs a command with the environment of the agent, without a shell, and tells how it ended', async () => {
  const { orchestrator, instance } = await started();
  const script = 'console.log(process.env.COLOUR, process.env.PRAETORIAN_INSTANCE, process.argv[1]); process.exit(4)';
  const result = await orchestrator.exec(instance, ['node', '-e', script, '$COLOUR'], harness.call());
  expect(result).toMatchObject({ exitCode: 4, stdout: 'red web~1 $COLOUR\n' });
});

test('answers 127 for a program that is not there', async () => {
  const { orchestrator, instance } = await started();
  expect(await orchestrator.exec(instance, ['no-such-program-here'], harness.call())).toMatchObject({ exitCode: 127 });
});

test('keeps no more than 64 KiB of what is printed, and lets the command end', async () => {
  const { orchestrator, instance } = await started();
  const script = 'process.stdout.write("x".repeat(1_000_000))';
  const { exitCode, stdout } = await orchestrator.exec(instance, ['node', '-e', script], harness.call());
  expect([exitCode, stdout.length]).toEqual([0, 65_536]);
});

test('kills the command and what it started when the call aborts', async () => {
  const { orchestrator, instance } = await started();
  const stop = new AbortController();
  const child = 'require("node:child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]).pid';
  const script = `require("node:fs").writeFileSync("pids", process.pid + " " + ${child}); setInterval(() => {}, 1000)`;
  const { readFileSync, existsSync } = await import('node:fs');
  const running = orchestrator.exec(instance, ['node', '-e', script], { signal: stop.signal, traceId: 't' });
  const file = `${harness.dir}/pids`;
  await until(() => existsSync(file) && readFileSync(file, 'utf8').includes(' '));
  const pids = readFileSync(file, 'utf8').split(' ').map(Number);
  stop.abort();
  await expect(running).rejects.toThrow('aborted');
  await until(() => pids.every((pid) => !isRunning(pid)));
  expect(isRunning(pidOf(instance))).toBe(true);
});

test('refuses for a process that has ended', async () => {
  const { orchestrator, instance } = await started();
  process.kill(pidOf(instance), 'SIGKILL');
  await until(() => !isRunning(pidOf(instance)));
  const asked = orchestrator.exec(instance, ['node', '-e', '0'], harness.call());
  await expect(asked).rejects.toMatchObject({ code: 'GUARD_ORCHESTRATOR_FAILED' });
});
