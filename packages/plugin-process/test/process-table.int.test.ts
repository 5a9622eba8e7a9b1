import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { afterEach, describe, expect, test } from 'vitest';
import {
  keyVariable,
  LinuxProcessTable,
  openProcessTable,
  type ProcessTable,
  PsProcessTable,
} from '../src/process-table.ts';
import { until } from './harness.ts';

const children: ChildProcess[] = [];

function idle(env: Record<string, string> = {}): { child: ChildProcess; pid: number } {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { env, stdio: 'ignore' });
  children.push(child);
  return { child, pid: child.pid ?? 0 };
}

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

const hasProc = openProcessTable().findsByKey;
const hasPs = spawnSync('ps', ['-o', 'pid=', '-p', String(process.pid)]).status === 0;

/** Each needs its own part of the system: `/proc`, or a `ps`. */
const tables: [string, boolean, () => ProcessTable][] = [
  ['/proc', hasProc, () => new LinuxProcessTable()],
  ['ps', hasPs, () => new PsProcessTable()],
];

describe.each(tables)('by %s', (_name, there, make) => {
  test.skipIf(!there)('knows a process by pid and start time', async () => {
    const table = make();
    const { child, pid } = idle();
    const startTime = table.startTime(pid) ?? '';
    expect(startTime).not.toBe('');
    expect(table.isAlive({ pid, startTime })).toBe(true);
    expect(table.isAlive({ pid, startTime: `${startTime}0` })).toBe(false);
    expect(table.describe(pid)).toContain(String(pid));
    // A secret may stand in its command line.
    expect(table.describe(pid)).not.toContain('setInterval');
    child.kill('SIGKILL');
    await until(() => !table.isAlive({ pid, startTime }));
    expect(table.startTime(pid)).toBeUndefined();
  });

  test.skipIf(!there)('sees that a process is suspended', async () => {
    const table = make();
    const { pid } = idle();
    expect(table.isStopped(pid)).toBe(false);
    process.kill(pid, 'SIGSTOP');
    await until(() => table.isStopped(pid));
    process.kill(pid, 'SIGCONT');
    await until(() => !table.isStopped(pid));
  });

  test.skipIf(!there)('sees that a process is gone and what it started is not', async () => {
    const table = make();
    const key = `followers-${process.pid}`;
    const shell = spawn('sh', ['-c', 'sleep 600 & echo $!'], {
      env: { [keyVariable]: key, PATH: process.env['PATH'] },
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const follower = new Promise<number>((told) => shell.stdout.once('data', (text) => told(Number(text))));
    const gone = { pid: shell.pid ?? 0, key };
    await until(() => table.startTime(gone.pid) === undefined);
    expect(table.hasFollowers(gone)).toBe(true);
    process.kill(await follower, 'SIGKILL');
    await until(() => !table.hasFollowers(gone));
  });
});

test.skipIf(!hasProc)('finds processes by the beginning of their key, and no others', () => {
  const table = new LinuxProcessTable();
  const prefix = `table-test-${process.pid}.`;
  const ours = idle({ [keyVariable]: `${prefix}one` });
  idle({ [keyVariable]: `other-${prefix}two` });
  idle({ OTHER: `${keyVariable}=${prefix}three` });
  expect(table.holders(prefix)).toMatchObject([{ pid: ours.pid, key: `${prefix}one` }]);
});
