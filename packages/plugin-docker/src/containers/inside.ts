import type { Readable } from 'node:stream';
import { unlessAborted, withDeadline } from '@praetorian-guard/core/kit';
import {
  type AgentId,
  type Call,
  type Clock,
  type ExecResult,
  guardError,
  type Instance,
  type Logger,
  messageOf,
  type Ms,
} from '@praetorian-guard/core/plugin';
import { EngineError } from '../engine/engine-error.ts';
import type { CommandState, Engine } from '../engine/engine.ts';
import { Frames, streams } from './log-lines.ts';
import { type Containers, containerOf } from './logs.ts';

/** Most bytes kept of each output; the rest is read and thrown away, so that the command is not held up. */
const outputMax = 64 * 1024;

/** What a shell answers for a program that cannot be run, and for one that is not there. */
const cannotRun = 126;
const notThere = 127;

/** In the environment of each command, by which it and what it started are found again to be ended. */
const mark = 'PRAETORIAN_COMMAND';
/** Ends whatever bears the mark. Of a shell it needs no more than what is built into it. */
const ending = [
  'for one in /proc/[0-9]*; do',
  '  while IFS= read -r line || [ -n "$line" ]; do',
  '    case $line in *"$1"*) kill -9 "${one#/proc/}"; break;; esac',
  '  done <"$one/environ"',
  'done 2>/dev/null',
].join('\n');
const endings = 3;
const endingLimitMs: Ms = 5_000;
const betweenMs: Ms = 200;

/** How often it is asked whether a command has ended that has closed its outputs: at once, then ever less. */
const asking: { readonly firstMs: Ms; readonly mostMs: Ms } = { firstMs: 10, mostMs: 1_000 };

export interface InsideParts {
  readonly engine: Pick<Engine, 'exec' | 'execEnd'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly containers: Containers;
  /** Tells one command from another. */
  newKey(): string;
}

/** What runc writes, and nothing else, of a program in another format or a script without its interpreter. */
const lateReason = /^(?:\S+ )?exec (?:user process caused|\S+): (?:exec format error|no such file or directory)\s*$/;

type Printed = Pick<ExecResult, 'stdout' | 'stderr'>;

type Begun = Awaited<ReturnType<Engine['exec']>>;

interface Command {
  readonly container: string;
  readonly agentId: AgentId;
  readonly key: string;
}

/**
 * Runs commands inside containers. The engine cannot end a command once it runs. One that is broken off is ended by a second
 * one, which needs a shell (`sh`) and a mounted `/proc` in the container and the rights of the first; where these are
 * missing it runs on until it ends by itself.
 */
export class Inside {
  readonly #parts: InsideParts;
  readonly #endings = new Set<Promise<void>>();

  constructor(parts: InsideParts) {
    this.#parts = parts;
  }

  /** Throws `GUARD_ORCHESTRATOR_FAILED` when the instance does not run; rejects with the call's reason when that aborts. */
  async run(instance: Instance, argv: readonly string[], { signal }: Call): Promise<ExecResult> {
    signal.throwIfAborted();
    const { engine, containers } = this.#parts;
    const member = containerOf(containers, instance);
    if (!member) throw failed(instance.id, 'there is no such container');
    const command = { container: member.facts.Id, agentId: member.agentId, key: this.#parts.newKey() };
    const begun = engine.exec(command.container, { argv, env: [`${mark}=${command.key}`] }, { signal });
    const work = begun.then(async (one) => ({ result: await this.#result(one, signal) }));
    try {
      const done = await unlessAborted(work, signal, () => undefined);
      if (done) return done.result;
    } catch (error) {
      if (!signal.aborted) throw failed(command.agentId, messageOf(error));
    }
    this.#endLater(command, begun);
    throw signal.reason;
  }

  /** Resolves when no command is being ended any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#endings);
  }

  async #result({ id, output }: Begun, signal: AbortSignal): Promise<ExecResult> {
    const printed = await readOutput(output);
    const { exitCode, pid } = await this.#end(id, signal);
    if (exitCode === undefined) throw new EngineError('the engine does not know how the command ended', { lost: true });
    return unrun(exitCode, pid, printed) ?? { exitCode, ...printed };
  }

  /** The outputs may be closed before the command has ended: for a moment always, for long if it closes them itself. */
  async #end(id: string, signal: AbortSignal): Promise<CommandState> {
    const { engine, clock } = this.#parts;
    for (let waitMs = asking.firstMs; ; waitMs = Math.min(waitMs * 2, asking.mostMs)) {
      const state = await engine.execEnd(id, { signal });
      if (!state.running) return state;
      await clock.sleep(waitMs, signal);
    }
  }

  #endLater(command: Command, begun: Promise<Begun>): void {
    const ending = this.#endOf(command, begun).finally(() => this.#endings.delete(ending));
    this.#endings.add(ending);
  }

  async #endOf(command: Command, begun: Promise<Begun>): Promise<void> {
    const { log } = this.#parts;
    const { agentId } = command;
    try {
      const ended = await this.#endAll(command, begun);
      if (!ended) log.debug({ agentId }, 'a command that was broken off could not be ended and runs on');
    } catch (error) {
      const fields = { agentId, err: messageOf(error) };
      log.debug(fields, 'whether a command that was broken off has ended is not known');
    }
  }

  /** Whether the command has ended, if it ever began. */
  async #endAll({ container, key }: Command, begun: Promise<Begun>): Promise<boolean> {
    const one = await begun.catch(() => undefined);
    if (!one) return true;
    one.output.destroy();
    const { engine, clock } = this.#parts;
    const limit = { limitMs: endingLimitMs };
    // The engine may have answered before there is a process to be found.
    for (let round = 0; round < endings; round += 1) {
      if (!(await engine.execEnd(one.id, limit)).running) return true;
      const argv = ['sh', '-c', ending, 'sh', `${mark}=${key}`];
      const { output } = await engine.exec(container, { argv }, limit);
      await withDeadline(clock, readOutput(output), endingLimitMs, 'Ending a command').finally(() => output.destroy());
      await clock.sleep(betweenMs);
    }
    return !(await engine.execEnd(one.id, limit)).running;
  }
}

/** Reads to the end what a command prints. The stream is closed then, however it ended. */
async function readOutput(output: Readable): Promise<Printed> {
  const stdout = new Kept();
  const stderr = new Kept();
  const frames = new Frames((stream, payload) => {
    if (stream === streams.stdout) stdout.take(payload);
    else stderr.take(payload);
  });
  try {
    for await (const piece of output) frames.push(piece as Buffer);
  } finally {
    output.destroy();
  }
  return { stdout: stdout.text(), stderr: stderr.text() };
}

/** The beginning of an output. */
class Kept {
  readonly #parts: Buffer[] = [];
  #room = outputMax;

  take(part: Buffer): void {
    if (this.#room === 0) return;
    const kept = part.subarray(0, this.#room);
    this.#parts.push(kept);
    this.#room -= kept.length;
  }

  text(): string {
    return Buffer.concat(this.#parts).toString('utf8');
  }
}

/**
 * The result of a command that never ran, where the engine or the runtime below it wrote why in place of its outputs.
 * `undefined` for one that did. Throws when the reason does not lie in the program: it may pass, then.
 */
function unrun(exitCode: number, pid: number, { stdout, stderr }: Printed): ExecResult | undefined {
  // Of these the engine knows nothing: they became apparent when the process was there already.
  const late = exitCode === 1 && stdout === '' && lateReason.test(stderr);
  const early = pid === 0 && (exitCode === cannotRun || exitCode === notThere);
  if (!late && !early) return undefined;
  const why = (late ? stderr : stdout).trim();
  const result = (code: number): ExecResult => ({ exitCode: code, stdout: '', stderr: why });
  // Engines of API 1.41 answer 126 for either. The folder that it is to run in is a setting of the container.
  if (/chdir|permission denied|exec format error|is a directory|not a directory/i.test(why)) return result(cannotRun);
  if (exitCode === notThere || /executable file .*not found|no such file or directory/i.test(why))
    return result(notThere);
  throw new EngineError(why || 'the engine could not begin it', { lost: false });
}

function failed(agentId: AgentId, why: string): Error {
  return guardError('GUARD_ORCHESTRATOR_FAILED', { orchestrator: 'docker', verb: 'run a command in', agentId, why });
}
