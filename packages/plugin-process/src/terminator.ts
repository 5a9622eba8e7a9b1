import { type Clock, type Ms } from '@praetorian-guard/core/plugin';
import type { ProcessIdentity, ProcessTable } from './process-table.ts';

const pollMs = 20;
/** After SIGKILL a process is gone as soon as the kernel gets to it; only one stuck in a driver takes longer. */
const killWaitMs = 5_000;

/** Ends processes, politely first. */
export class Terminator {
  readonly #clock: Clock;
  readonly #table: ProcessTable;

  constructor(clock: Clock, table: ProcessTable) {
    this.#clock = clock;
    this.#table = table;
  }

  /**
   * SIGTERM to the process and whatever it started in its group, SIGKILL after the grace or when `hurry` aborts.
   * A suspended process cannot hear SIGTERM: it gets SIGKILL at once, because to wake it would let it act on an old view.
   * @returns whether it is gone.
   */
  async end(identity: ProcessIdentity, graceMs: Ms, hurry?: AbortSignal): Promise<boolean> {
    if (!this.#table.isAlive(identity)) return true;
    if (graceMs > 0 && hurry?.aborted !== true && !this.#table.isStopped(identity.pid)) {
      signalGroup(identity.pid, 'SIGTERM');
      if (await this.#gone(identity, { withinMs: graceMs, hurry, unlessStopped: true })) return true;
    }
    // Looked at once more: the pid may belong to another process by now.
    if (this.#table.isAlive(identity)) signalGroup(identity.pid, 'SIGKILL');
    return this.#gone(identity, { withinMs: killWaitMs });
  }

  /** Ends what carries the key, for example children that a crashed process left behind. */
  sweep(key: string): void {
    for (const holder of this.#table.holders(key)) {
      if (holder.key === key && this.#table.isAlive(holder)) signal(holder.pid, 'SIGKILL');
    }
  }

  async #gone(identity: ProcessIdentity, wait: Wait): Promise<boolean> {
    const until = this.#clock.monotonic() + wait.withinMs;
    while (this.#table.isAlive(identity)) {
      if (this.#clock.monotonic() >= until || wait.hurry?.aborted === true) return false;
      // Also one that was suspended only now: it would keep us waiting for the whole grace.
      if (wait.unlessStopped === true && this.#table.isStopped(identity.pid)) return false;
      await this.#clock.sleep(pollMs);
    }
    return true;
  }
}

interface Wait {
  readonly withinMs: Ms;
  readonly hurry?: AbortSignal | undefined;
  readonly unlessStopped?: boolean;
}

/** To the group; to the process alone when it does not lead one. */
function signalGroup(pid: number, name: NodeJS.Signals): void {
  if (!signal(-pid, name)) signal(pid, name);
}

function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    // Gone in this moment (ESRCH) or not ours to signal (EPERM); the caller looks whether it is still there.
    return false;
  }
}
