import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A process of the fleet as the system itself shows it, whatever the guard says of it. */
export interface FleetProcess {
  readonly pid: number;
  readonly startTime: string;
  /** Mark of ownership in its environment: one key is one start. */
  readonly key: string;
  readonly agentId: string;
  readonly instanceId: string;
  readonly generation: number;
}

/** Two processes of one agent that lived at the same moment. */
export interface Overlap {
  readonly agentId: string;
  readonly keys: readonly string[];
}

const sampleMs = 50;

/** What really happens: every process that carries a key of one state folder, looked at many times a second in `/proc`. */
export class World {
  readonly #folder: string;
  readonly #seen = new Map<string, FleetProcess>();
  readonly #overlaps = new Map<string, Overlap>();
  readonly #starts = new Map<string, number>();
  /** Keys by pid and start time: an environment never changes, so each is read once. */
  readonly #known = new Map<string, FleetProcess | undefined>();
  #timer: NodeJS.Timeout | undefined;

  /** `folder`: the state folder of the process orchestrator. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  watch(): void {
    this.#timer ??= setInterval(() => this.look(), sampleMs);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Every process seen so far. */
  get seen(): readonly FleetProcess[] {
    return [...this.#seen.values()];
  }

  get overlaps(): readonly Overlap[] {
    return [...this.#overlaps.values()];
  }

  /** How often each instance said in its log that it listens; a process that lived for less than a look is found there. */
  get starts(): ReadonlyMap<string, number> {
    return this.#starts;
  }

  /** The processes that live now. */
  look(): readonly FleetProcess[] {
    const alive = this.#alive();
    const byAgent = new Map<string, FleetProcess[]>();
    for (const one of alive) {
      this.#seen.set(identity(one), one);
      byAgent.set(one.agentId, [...(byAgent.get(one.agentId) ?? []), one]);
    }
    for (const [agentId, processes] of byAgent) {
      if (processes.length < 2) continue;
      const keys = processes.map(({ key }) => key).sort();
      this.#overlaps.set(keys.join(), { agentId, keys });
    }
    return alive;
  }

  /** Logs of former instances are pruned: to be read once a round. */
  readLogs(): void {
    const folder = join(this.#folder, 'logs');
    for (const name of list(folder)) {
      const count = (read(join(folder, name)) ?? '').split('\n').filter((line) => line.includes('"listening"')).length;
      const instanceId = decodeURIComponent(name.replace(/\.log$/, ''));
      this.#starts.set(instanceId, Math.max(count, this.#starts.get(instanceId) ?? 0));
    }
  }

  /** Ends what is left, process by process. */
  endAll(): number {
    const left = this.#alive();
    for (const { pid } of left) kill(pid);
    return left.length;
  }

  #alive(): readonly FleetProcess[] {
    const owner = read(join(this.#folder, 'owner'))?.trim();
    if (!owner) return [];
    const found: FleetProcess[] = [];
    for (const name of list('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      const startTime = startTimeOf(name);
      if (startTime === undefined) continue;
      const id = `${name}/${startTime}`;
      // A child between fork and exec still shows the environment of its parent, so only keys are remembered.
      const known = this.#known.get(id) ?? this.#identify(Number(name), startTime);
      if (!known) continue;
      this.#known.set(id, known);
      if (known.key.startsWith(`${owner}.`)) found.push(known);
    }
    return found;
  }

  #identify(pid: number, startTime: string): FleetProcess | undefined {
    const text = read(`/proc/${pid}/environ`);
    if (text?.includes('PRAETORIAN_KEY=') !== true) return undefined;
    const env = new Map(
      text.split('\0').map((line) => [line.split('=', 1)[0] ?? '', line.slice(line.indexOf('=') + 1)]),
    );
    return {
      pid,
      startTime,
      key: env.get('PRAETORIAN_KEY') ?? '',
      agentId: env.get('PRAETORIAN_AGENT_ID') ?? '',
      instanceId: env.get('PRAETORIAN_INSTANCE') ?? '',
      generation: Number(env.get('PRAETORIAN_GENERATION')),
    };
  }
}

/** One process and no later one with the same pid. */
export function identity({ pid, startTime }: { readonly pid: number; readonly startTime: string }): string {
  return `${pid}/${startTime}`;
}

/** Whether it still runs; a zombie does not. */
export function isAlive({ pid, startTime }: FleetProcess): boolean {
  return startTimeOf(String(pid)) === startTime;
}

export function kill(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It is gone already, which is what was wanted.
  }
}

/** proc(5): the name in parentheses may hold anything, so count from the last one; state is field 3, start time 22. */
function startTimeOf(pid: string): string | undefined {
  const text = read(`/proc/${pid}/stat`);
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields === undefined || /^[ZXx]$/.test(fields[0] ?? '') ? undefined : fields[19];
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    // The host has not made it yet.
    return [];
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // A process may end between two readings, and one of another user may not be read; it is not ours then.
    return undefined;
  }
}
