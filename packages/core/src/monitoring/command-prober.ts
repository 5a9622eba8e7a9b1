import type { Clock, ExecResult, Logger, Orchestrator } from '../contracts/index.ts';
import { isGuardError, messageOf } from '../contracts/index.ts';
import { formatDuration, type Agent, type InstanceId, type Ms, type ProbeName } from '../model/index.ts';
import { withDeadline } from '../runtime/deadline.ts';
import { readPrinted } from './probe-answer.ts';
import type { ProbeAnswer } from './prober.ts';

/** Most characters looked at of what a command prints. */
const printedMax = 64 * 1024;
const detailMax = 200;

/** What a shell and a container runtime answer for a program that cannot be run (126) or is not there (127). */
const notRun = new Set([126, 127]);

export interface CommandQuestion {
  readonly agent: Agent;
  /** [the current one] */
  readonly instanceId: InstanceId | undefined;
  readonly probe: ProbeName;
  readonly command: readonly string[];
  readonly timeoutMs: Ms;
}

export interface CommandProberOptions {
  readonly clock: Clock;
  readonly log: Logger;
  orchestrator(name: string): Orchestrator | undefined;
}

/**
 * Asks by a program that the agent's orchestrator runs inside the instance: it ends with 0 for well, with anything else
 * for not well, and in time. That nobody can run it is the config's fault and not the agent's: it is said once, and the
 * answer is `unknown`.
 */
export class CommandProber {
  readonly #o: CommandProberOptions;
  readonly #told = new Set<string>();

  constructor(options: CommandProberOptions) {
    this.#o = options;
  }

  async probe(question: CommandQuestion, signal: AbortSignal): Promise<ProbeAnswer> {
    const { agent, timeoutMs, instanceId } = question;
    const { orchestrator: name, instance } = agent;
    const orchestrator = name === undefined ? undefined : this.#o.orchestrator(name);
    if (!orchestrator?.exec) return this.#cannot(agent);
    if (!instance || (instanceId !== undefined && instanceId !== instance.id))
      return unknown('the instance is not the current one');
    const { clock } = this.#o;
    const startMs = clock.monotonic();
    const call = { what: `The probe command of agent ${agent.id}`, signal };
    const run = async (stop: AbortSignal): Promise<ExecResult | undefined> =>
      orchestrator.exec?.(instance, question.command, { signal: stop, traceId: `probe/${agent.id}` });
    try {
      const result = await withDeadline(clock, run, timeoutMs, call);
      const latencyMs = clock.monotonic() - startMs;
      return result ? { ...this.#read(question, result), latencyMs } : this.#cannot(agent);
    } catch (thrown) {
      const latencyMs = clock.monotonic() - startMs;
      if (isGuardError(thrown, 'GUARD_DEADLINE'))
        return { outcome: 'down', latencyMs, detail: `the command did not end within ${formatDuration(timeoutMs)}` };
      return { ...unknown(signal.aborted ? 'the guard broke off' : messageOf(thrown)), latencyMs };
    }
  }

  #read({ agent, probe, command }: CommandQuestion, { exitCode, stdout, stderr }: ExecResult): Parts {
    if (notRun.has(exitCode)) {
      const detail = `the command ${shown(command[0] ?? '')} cannot be run in ${agent.id} (exit code ${exitCode})`;
      this.#tellOnce(`${agent.group}/${probe}/${exitCode}`, { agentId: agent.id, probe, exitCode }, detail);
      return { outcome: 'unknown', detail, unaskable: true };
    }
    const said = lastLine(stderr) || lastLine(stdout);
    const ended = exitCode === 0 ? undefined : `exit code ${exitCode}${said && `: ${said}`}`;
    return readPrinted(probe, ended, stdout.slice(0, printedMax));
  }

  #cannot({ id, orchestrator }: Agent): ProbeAnswer {
    const detail = orchestrator
      ? `orchestrator ${orchestrator} cannot run commands inside its instances`
      : 'no orchestrator runs the agent, so no command can be run inside it';
    this.#tellOnce(orchestrator ?? '', { agentId: id, orchestrator }, `a command probe cannot be asked: ${detail}`);
    return { ...unknown(detail), unaskable: true };
  }

  #tellOnce(key: string, fields: { readonly [name: string]: unknown }, text: string): void {
    // Groups come and go; more than this is not remembered, and said again instead.
    if (this.#told.size > 1_000) this.#told.clear();
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.#o.log.warn(fields, text);
  }
}

type Parts = Omit<ProbeAnswer, 'latencyMs'>;

function unknown(detail: string): ProbeAnswer {
  return { outcome: 'unknown', latencyMs: 0, detail };
}

function lastLine(text: string): string {
  return shown(text.slice(-printedMax).trimEnd().split('\n').at(-1) ?? '');
}

function shown(text: string): string {
  const line = text.trim();
  return line.length > detailMax ? `${line.slice(0, detailMax)}…` : line;
}
