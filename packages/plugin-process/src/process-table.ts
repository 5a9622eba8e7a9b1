import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Ms } from '@praetorian-guard/core/plugin';

/** Environment variable that marks a process as ours. */
export const keyVariable = 'PRAETORIAN_KEY';

/** What tells one process from a later one with the same pid. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startTime: string;
}

export interface KeyHolder extends ProcessIdentity {
  readonly key: string;
  /** Process group: equal to `pid` for a process we started, another for what it started itself. */
  readonly group: number;
}

/** The system's view of processes. Zombies count as gone: they hold a pid but nothing runs. */
export interface ProcessTable {
  /** Whether processes can be found by their key. Without it a crash between spawn and record stays ambiguous. */
  readonly findsByKey: boolean;
  /** How often it is worth looking after processes that are not our children. */
  readonly pollMs: Ms;
  /** Changes when all pids lose their meaning: reboot, or a new pid namespace. */
  readonly boot: string;
  /** When the process started, in a form that only serves comparison; `undefined` when there is none. */
  startTime(pid: number): string | undefined;
  isAlive(identity: ProcessIdentity): boolean;
  /** Suspended by SIGSTOP or a debugger. */
  isStopped(pid: number): boolean;
  /** Processes whose key begins with `prefix`. */
  holders(prefix: string): KeyHolder[];
  /** Whether what a process has started lives on after it. */
  hasFollowers(gone: { readonly pid: number; readonly key: string }): boolean;
  /** Whatever the system tells of a process, for people. */
  describe(pid: number): string | undefined;
}

/** The table of this system: `/proc` where there is one, `ps` elsewhere. */
export function openProcessTable(): ProcessTable {
  return readText('/proc/self/stat') === undefined ? new PsProcessTable() : new LinuxProcessTable();
}

/** `/proc` of Linux. Its files are made up in memory, so that reading them at once is cheap. */
export class LinuxProcessTable implements ProcessTable {
  readonly findsByKey = true;
  readonly pollMs = 250;
  readonly boot: string;

  constructor() {
    const namespace = unless(isNotOurs, () => readlinkSync('/proc/self/ns/pid')) ?? '';
    this.boot = `${readText('/proc/sys/kernel/random/boot_id')?.trim() ?? ''}/${namespace}`;
  }

  startTime(pid: number): string | undefined {
    return this.#stat(pid)?.startTime;
  }

  isAlive({ pid, startTime }: ProcessIdentity): boolean {
    return this.#stat(pid)?.startTime === startTime;
  }

  isStopped(pid: number): boolean {
    return /^[Tt]$/.test(this.#stat(pid)?.state ?? '');
  }

  holders(prefix: string): KeyHolder[] {
    const found: KeyHolder[] = [];
    for (const name of readdirSync('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      const key = this.#key(name);
      if (key?.startsWith(prefix) !== true) continue;
      const stat = this.#stat(Number(name));
      if (stat) found.push({ pid: Number(name), startTime: stat.startTime, key, group: stat.group });
    }
    return found;
  }

  hasFollowers({ key }: { readonly key: string }): boolean {
    return this.holders(key).some((holder) => holder.key === key);
  }

  describe(pid: number): string | undefined {
    return readText(`/proc/${pid}/status`);
  }

  #key(pid: string): string | undefined {
    // Unreadable for processes of other users, which are not ours anyway.
    const environ = readText(`/proc/${pid}/environ`);
    const entry = environ?.split('\0').find((line) => line.startsWith(`${keyVariable}=`));
    return entry?.slice(keyVariable.length + 1);
  }

  #stat(pid: number): { state: string; group: number; startTime: string } | undefined {
    const text = readText(`/proc/${pid}/stat`);
    if (text === undefined) return undefined;
    // proc(5): the name in parentheses may hold anything, so count from the last one; the state is field 3,
    // the process group field 5 and the start time (clock ticks since boot) field 22.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const state = fields[0] ?? '';
    if (/^[ZXx]$/.test(state)) return undefined;
    return { state, group: Number(fields[2]), startTime: fields[19] ?? '' };
  }
}

/** `ps` of other Unix systems: identity by pid and start time, which it knows to the second; no keys. */
export class PsProcessTable implements ProcessTable {
  readonly findsByKey = false;
  /** Each look is a process of its own. */
  readonly pollMs = 2_000;
  readonly boot = 'ps';

  startTime(pid: number): string | undefined {
    return this.#ask(pid, 'lstart=');
  }

  isAlive({ pid, startTime }: ProcessIdentity): boolean {
    return this.startTime(pid) === startTime;
  }

  isStopped(pid: number): boolean {
    return this.#ask(pid, 'stat=')?.startsWith('T') === true;
  }

  holders(): KeyHolder[] {
    return [];
  }

  /** By the group it led: its number is not given to anybody else while there is one in it. */
  hasFollowers({ pid }: { readonly pid: number }): boolean {
    try {
      return process.kill(-pid, 0);
    } catch {
      return false;
    }
  }

  describe(pid: number): string | undefined {
    return this.#ask(pid, 'pid,ppid,stat,lstart,time,rss,comm');
  }

  #ask(pid: number, columns: string): string | undefined {
    const state = ps(pid, 'stat=');
    return state === undefined || state.startsWith('Z') ? undefined : ps(pid, columns) || undefined;
  }
}

function ps(pid: number, columns: string): string | undefined {
  const args = ['-o', columns, '-p', String(pid)];
  const noneSuch = (error: PsError): boolean => typeof error.status === 'number';
  const read = (): string => execFileSync('ps', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return unless(noneSuch, read)?.trim();
}

/** What a program that ran and failed is told apart by: it has ended with a status. */
interface PsError extends NodeJS.ErrnoException {
  readonly status?: number | null;
}

function readText(path: string): string | undefined {
  return unless(isNotOurs, () => readFileSync(path, 'utf8'));
}

/** It vanished between two readings, or belongs to another user. */
function isNotOurs({ code }: NodeJS.ErrnoException): boolean {
  return code !== undefined && ['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(code);
}

/** `undefined` for what is not there. Throws all else: that the guard has no descriptors left says nothing of a process. */
function unless<T>(isMissing: (error: PsError) => boolean, read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isMissing(error as PsError)) return undefined;
    throw error;
  }
}
