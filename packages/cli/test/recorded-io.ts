import type { Io } from '../src/command.ts';
import { plain } from '../src/style.ts';

/** Keeps what a command wrote. */
export function recordedIo(env: Io['env'] = {}): Io & { readonly stdout: string[]; readonly stderr: string[] } {
  const stdout: string[] = [];
  const stderr: string[] = [];
  return { stdout, stderr, env, style: plain, out: (line) => stdout.push(line), err: (line) => stderr.push(line) };
}
