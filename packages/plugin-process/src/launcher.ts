import { spawn } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { basename, isAbsolute, resolve } from 'node:path';
import { type Clock, guardError, messageOf } from '@praetorian-guard/core/plugin';
import type { LogFiles } from './log-files.ts';
import type { AgentSpec } from './process-config.ts';
import { keyVariable, type ProcessIdentity, type ProcessTable } from './process-table.ts';
import type { ExitData, ProcessRecord } from './records.ts';

export interface LauncherOptions {
  readonly clock: Clock;
  readonly baseDir: string;
  readonly inheritEnv: readonly string[];
  readonly token?: string;
  readonly guardUrl: () => string | undefined;
}

export interface Launched {
  readonly identity: ProcessIdentity;
  readonly exited: Promise<ExitData>;
}

/** Starts processes: in a session of their own, so that they outlive the guard, with output to a file. */
export class Launcher {
  readonly #options: LauncherOptions;
  readonly #logs: LogFiles;
  readonly #table: ProcessTable;

  constructor(options: LauncherOptions, logs: LogFiles, table: ProcessTable) {
    this.#options = options;
    this.#logs = logs;
    this.#table = table;
  }

  /** Starts the process of a record; throws `GUARD_ORCHESTRATOR_FAILED` when the system refuses. */
  async launch(spec: AgentSpec, record: ProcessRecord, restore: boolean): Promise<Launched> {
    const cwd = resolve(this.#options.baseDir, spec.cwd ?? '.');
    const [program = '', ...args] = record.command;
    const fail = (why: string): Error =>
      guardError('GUARD_ORCHESTRATOR_FAILED', { orchestrator: 'process', verb: 'start', agentId: spec.agentId, why });
    if (statSync(cwd, { throwIfNoEntry: false })?.isDirectory() !== true)
      throw fail(`the working directory ${cwd} does not exist`);
    if (record.scratch !== undefined) mkdirSync(record.scratch, { recursive: true, mode: 0o700 });
    const output = this.#logs.open(record.instanceId);
    try {
      const child = spawn(this.programPath(program), args, {
        cwd,
        env: this.#environment(spec, record, restore),
        detached: true,
        stdio: ['ignore', output, output],
        windowsHide: true,
      });
      const { pid } = child;
      if (pid === undefined) throw fail(messageOf(await new Promise((done) => child.once('error', done))));
      const exited = new Promise<ExitData>((done) => {
        child.once('exit', (code, signal) => done(exitData(this.#options.clock.now(), code, signal)));
      });
      child.unref();
      return { identity: this.#identityOf(pid), exited };
    } finally {
      this.#logs.close(output);
    }
  }

  /** Of a process just started. One that cannot be told from a later one with its pid must not live on unwatched. */
  #identityOf(pid: number): ProcessIdentity {
    try {
      // A child that has already ended is a zombie until the event loop turns, and then its exit event tells.
      return { pid, startTime: this.#table.startTime(pid) ?? 'ended-at-once' };
    } catch (error) {
      process.kill(-pid, 'SIGKILL');
      throw error;
    }
  }

  /** What a command beside the process gets: its folder and its environment, and a key of its own. */
  surroundings(spec: AgentSpec, record: ProcessRecord, key: string): { cwd: string; env: Record<string, string> } {
    const cwd = resolve(this.#options.baseDir, spec.cwd ?? '.');
    return { cwd, env: { ...this.#environment(spec, record, false), [keyVariable]: key } };
  }

  /** Where a program of the config lies. */
  programPath(program: string): string {
    if (program === 'node') return process.execPath;
    return program.startsWith('.') && !isAbsolute(program) ? resolve(this.#options.baseDir, program) : program;
  }

  #environment(spec: AgentSpec, record: ProcessRecord, restore: boolean): Record<string, string> {
    const env: Record<string, string> = {};
    for (const name of this.#options.inheritEnv) {
      const value = process.env[name];
      if (value !== undefined) env[name] = value;
    }
    const url = this.#options.guardUrl();
    const { memoryLimit, cpuLimit, timeoutMs } = record.override ?? {};
    Object.assign(
      env,
      spec.env,
      memoryLimit === undefined ? {} : { PRAETORIAN_MEMORY_LIMIT: String(memoryLimit) },
      cpuLimit === undefined ? {} : { PRAETORIAN_CPU_LIMIT: String(cpuLimit) },
      timeoutMs === undefined ? {} : { PRAETORIAN_TIMEOUT_MS: String(timeoutMs) },
      record.override?.env,
      record.scratch === undefined ? {} : { PRAETORIAN_SCRATCH: record.scratch },
      url === undefined ? {} : { PRAETORIAN_URL: url },
      this.#options.token === undefined ? {} : { PRAETORIAN_TOKEN: this.#options.token },
    );
    return {
      ...env,
      PORT: String(record.port),
      PRAETORIAN_AGENT_ID: spec.agentId,
      PRAETORIAN_GROUP: spec.group,
      PRAETORIAN_INSTANCE: record.instanceId,
      PRAETORIAN_GENERATION: String(record.generation),
      PRAETORIAN_RESTORE: restore ? '1' : '0',
      [keyVariable]: record.key,
    };
  }
}

/** The command with an override applied: another command, and the heap limit for Node programs. */
export function commandFor(command: readonly string[], override: ProcessRecord['override']): readonly string[] {
  const [program = '', ...args] = override?.command ?? command;
  const limit = override?.memoryLimit;
  if (limit === undefined || !/^node(\.exe)?$/.test(basename(program))) return [program, ...args];
  return [program, `--max-old-space-size=${Math.max(1, Math.floor(limit / 1024 ** 2))}`, ...args];
}

/** `wanted` when it is free on the loopback address, another free one otherwise. */
export async function freePort(wanted?: number): Promise<number> {
  const taken = await tryListen(wanted ?? 0);
  return taken ?? (await tryListen(0)) ?? 0;
}

function exitData(at: number, code: number | null, signal: string | null): ExitData {
  return { at, ...(code === null ? {} : { code }), ...(signal === null ? {} : { signal }) };
}

async function tryListen(port: number): Promise<number | undefined> {
  const server = createServer();
  return new Promise((done) => {
    server.once('error', () => done(undefined));
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' && address ? address.port : undefined));
    });
  });
}
