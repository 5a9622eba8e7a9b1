import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const cli = resolve(import.meta.dirname, '../../../packages/cli/dist/bin.js');

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A start that is expected to fail, to its end; one that goes on after 30 s is killed, and its code is null. */
export async function startInVain(config: string): Promise<Ended> {
  return praetorian(['start', '--config', config], 30_000);
}

/** The built command, as a user types it, to its end. */
export async function praetorian(args: readonly string[], withinMs = 120_000): Promise<Ended> {
  const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (text: Buffer) => (stdout += String(text)));
  child.stderr.on('data', (text: Buffer) => (stderr += String(text)));
  const late = setTimeout(() => child.kill('SIGKILL'), withinMs);
  const code = await new Promise<number | null>((ended) => child.on('close', ended));
  clearTimeout(late);
  return { code, stdout, stderr };
}

/** Processes whose environment names this guard as theirs: the agents it started. */
export function agentsOf(url: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => environmentOf(pid).includes(`PRAETORIAN_URL=${url}`));
}

function environmentOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    // It has ended, or belongs to somebody else.
    return [];
  }
}
