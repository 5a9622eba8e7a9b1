import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { type Call, type ExecResult, guardError, type Instance, messageOf } from '@praetorian-guard/core/plugin';
import type { Launcher } from './launcher.ts';
import type { ProcessTable } from './process-table.ts';
import type { ProcessRecord, RecordBook } from './records.ts';
import type { Roster } from './roster.ts';

/** Most bytes kept of each output; the rest is read and thrown away, so that the command is not held up. */
const outputMax = 64 * 1024;

/** What a shell answers for a program that cannot be run, and for one that is not there. */
const cannotRun = 126;
const notThere = 127;

export interface InsideParts {
  readonly records: RecordBook;
  readonly roster: Roster;
  readonly table: ProcessTable;
  readonly launcher: Launcher;
  /** Marks the process as the guard's, so that one it leaves behind in a crash is ended at the next start. */
  newKey(): string;
}

/**
 * Runs commands beside a process, in its folder and with its environment: the nearest to "inside" that a process without
 * a container has.
 */
export class Inside {
  readonly #parts: InsideParts;

  constructor(parts: InsideParts) {
    this.#parts = parts;
  }

  /** Throws `GUARD_ORCHESTRATOR_FAILED` when the instance does not run; rejects with the call's reason when that aborts. */
  async run(instance: Instance, argv: readonly string[], call: Call): Promise<ExecResult> {
    const { launcher } = this.#parts;
    const found = this.#running(instance.id);
    const spec = found && this.#parts.roster.spec(found.agentId);
    const failure = (why: string): Error => {
      const agentId = found?.agentId ?? instance.id;
      const verb = 'run a command in';
      return guardError('GUARD_ORCHESTRATOR_FAILED', { orchestrator: 'process', verb, agentId, why });
    };
    if (!found || !spec) throw failure('it does not run');
    const [program = '', ...args] = argv;
    const surroundings = launcher.surroundings(spec, found.record, this.#parts.newKey());
    return runCommand({ ...surroundings, program: launcher.programPath(program), args, signal: call.signal, failure });
  }

  #running(instanceId: string): { readonly agentId: string; readonly record: ProcessRecord } | undefined {
    const { records, table } = this.#parts;
    for (const { agentId, instances } of records.entries()) {
      const record = instances.find((one) => one.instanceId === instanceId);
      if (record) {
        const alive = record.phase === 'running' && record.identity !== undefined && table.isAlive(record.identity);
        return alive ? { agentId, record } : undefined;
      }
    }
    return undefined;
  }
}

interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: { readonly [name: string]: string };
  readonly signal: AbortSignal;
  readonly failure: (why: string) => Error;
}

/** Runs a program to its end. When the signal aborts it is killed, with whatever it started. */
function runCommand({ program, args, cwd, env, signal, failure }: Command): Promise<ExecResult> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason as Error);
      return;
    }
    // A group of its own, so that its children can be killed with it.
    const child: ChildProcess = spawn(program, args, {
      cwd,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
    });
    const onAbort = (): void => {
      if (child.pid !== undefined) killGroup(child.pid);
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    child.once('error', (error: NodeJS.ErrnoException) => {
      signal.removeEventListener('abort', onAbort);
      const exitCode = error.code === 'ENOENT' ? notThere : cannotRun;
      if (child.stdout) resolve({ exitCode, stdout: '', stderr: messageOf(error) });
      else reject(failure(messageOf(error)));
    });
    // Without descriptors for its outputs nothing was started, which the event above tells; it says nothing of the program.
    if (!child.stdout || !child.stderr) return;
    const stdout = bounded(child.stdout);
    const stderr = bounded(child.stderr);
    child.once('close', (code, ended) => {
      signal.removeEventListener('abort', onAbort);
      resolve({ exitCode: code ?? signalCode(ended), stdout: stdout(), stderr: stderr() });
    });
  });
}

function bounded(stream: NodeJS.ReadableStream): () => string {
  const parts: Buffer[] = [];
  let length = 0;
  stream.on('data', (part: Buffer) => {
    const room = outputMax - length;
    if (room <= 0) return;
    parts.push(part.subarray(0, room));
    length += Math.min(part.length, room);
  });
  return () => Buffer.concat(parts).toString('utf8');
}

/** As a shell counts them. */
function signalCode(name: NodeJS.Signals | null): number {
  return 128 + (name === null ? 0 : constants.signals[name]);
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended in this very moment.
  }
}
