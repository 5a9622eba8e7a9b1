import { type Clock, type Ms } from '@praetorian-guard/core/plugin';
import type { ProcessIdentity, ProcessTable } from './process-table.ts';

const pollMs = 20;
/** Less often: to find them every process has to be looked at. */
const followersPollMs = 100;
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
   * SIGTERM to the process and whatever it started in its group, SIGKILL after the grace or when `hurry` aborts, and to
   * whatever carries its key then. The grace is for all of them: a shell goes at once, its program may still drain.
   * A suspended process cannot hear SIGTERM: it gets SIGKILL at once, because to wake it would let it act on an old view.
   * @returns whether it is gone.
   */
  async end(target: Target, graceMs: Ms, hurry?: AbortSignal): Promise<boolean> {
    const isPolite = graceMs > 0 && hurry?.aborted !== true && !this.#table.isStopped(target.pid);
    if (isPolite && this.#table.isAlive(target)) {
      const until = this.#clock.monotonic() + graceMs;
      signalGroup(target.pid, 'SIGTERM');
      const gone = await this.#gone(target, { until, hurry, unlessStopped: true });
      if (gone && (await this.#followersGone(target, until, hurry))) return true;
    }
    // Looked at once more: the pid may belong to another process by now.
    if (this.#table.isAlive(target)) signalGroup(target.pid, 'SIGKILL');
    const gone = await this.#gone(target, { until: this.#clock.monotonic() + killWaitMs });
    this.sweep(target.key);
    return gone;
  }

  /** Ends what carries the key, for example children that a crashed process left behind. */
  sweep(key: string): void {
    for (const holder of this.#table.holders(key)) {
      if (holder.key === key && this.#table.isAlive(holder)) signal(holder.pid, 'SIGKILL');
    }
  }

  async #gone(identity: ProcessIdentity, wait: Wait): Promise<boolean> {
    while (this.#table.isAlive(identity)) {
      if (this.#clock.monotonic() >= wait.until || wait.hurry?.aborted === true) return false;
      // Also one that was suspended only now: it would keep us waiting for the whole grace.
      if (wait.unlessStopped === true && this.#table.isStopped(identity.pid)) return false;
      await this.#clock.sleep(pollMs);
    }
    return true;
  }

  async #followersGone(target: Target, until: Ms, hurry: AbortSignal | undefined): Promise<boolean> {
    while (this.#table.hasFollowers(target)) {
      if (this.#clock.monotonic() >= until || hurry?.aborted === true) return false;
      await this.#clock.sleep(followersPollMs);
    }
    return true;
  }
}

/** A process to be ended, with the mark that it and what it started carry. */
export interface Target extends ProcessIdentity {
  readonly key: string;
}

interface Wait {
  /** By the monotonic clock. */
  readonly until: Ms;
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
