import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

/** The built command, as users run it. */
const bin = join(import.meta.dirname, '../bin/praetorian.js');

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  /** Everything on standard output so far. */
  readonly stdout: () => string;
  readonly ended: Promise<Ended>;
  /** Resolves when standard output holds a match; rejects when the process ends before. */
  seen(pattern: RegExp): Promise<RegExpMatchArray>;
}

/** Starts `praetorian` with nothing of the caller's environment that could change what it does. */
export function startPraetorian(
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Record<string, string> } = {},
): Running {
  const child = spawn(process.execPath, [bin, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  let [stdout, stderr] = ['', ''];
  const waiting = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    for (const look of waiting) look();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<Ended>((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })));
  return { child, stdout: () => stdout, ended, seen };

  async function seen(pattern: RegExp): Promise<RegExpMatchArray> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(stdout);
        if (!match) return;
        waiting.delete(look);
        resolve(match);
      };
      waiting.add(look);
      child.once('close', (code) => {
        look();
        reject(new Error(`it ended with ${code} and never said ${pattern}:\n${stdout}\n${stderr}`));
      });
      look();
    });
  }
}

/** Runs `praetorian` to its end. */
export async function praetorian(
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Record<string, string> } = {},
): Promise<Ended> {
  return startPraetorian(args, options).ended;
}
