import type { Clock, Component, Logger } from '../contracts/index.ts';
import { guardError, isGuardError, messageOf } from '../contracts/index.ts';
import type { Ms } from '../model/index.ts';
import { withDeadline } from './deadline.ts';

export interface LifecycleOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Time each component has to start that does not say itself how long it may take. [30 s] */
  readonly startMs?: Ms;
}

/** Time that is kept back for every part that is still to stop. */
const reservedMs: Ms = 1_000;

interface Member {
  readonly name: string;
  readonly component: Component;
}

/**
 * Starts components in the order they were added and stops them in reverse. A component that fails to start stops
 * those already started; a component that fails to stop keeps nobody else from stopping. Both are idempotent, and
 * `stop` during `start` ends the start.
 */
export class Lifecycle {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #startMs: Ms;
  readonly #members: Member[] = [];
  readonly #up: Member[] = [];
  #starting: { readonly done: Promise<void>; readonly abort: AbortController } | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: LifecycleOptions) {
    this.#clock = options.clock;
    this.#log = options.log;
    this.#startMs = options.startMs ?? 30_000;
  }

  /** Adds a component; it is started after those added before it. */
  add(name: string, component: Component): this {
    this.#members.push({ name, component });
    return this;
  }

  /**
   * Resolves when all have started. Rejects with the error of the one that failed (an `AggregateError` when stopping
   * the others failed too), after the others were stopped within `stopMs`.
   */
  start(signal?: AbortSignal, stopMs: Ms = 10_000): Promise<void> {
    if (this.#starting) return this.#starting.done;
    const abort = new AbortController();
    const both = signal ? AbortSignal.any([signal, abort.signal]) : abort.signal;
    const before = this.#stopping ?? Promise.resolve();
    const done = before.catch(() => undefined).then(() => this.#startAll(both, stopMs));
    const starting = { done, abort };
    this.#starting = starting;
    done.catch(() => {
      if (this.#starting === starting) this.#starting = undefined;
    });
    return done;
  }

  /** Resolves when all have stopped or their time is over; rejects with an `AggregateError` of everything that failed. */
  stop(withinMs: Ms): Promise<void> {
    this.#stopping ??= this.#stopOnce(withinMs).finally(() => {
      this.#stopping = undefined;
    });
    return this.#stopping;
  }

  async #startAll(signal: AbortSignal, stopMs: Ms): Promise<void> {
    for (const member of this.#members) {
      try {
        signal.throwIfAborted();
        await this.#startOne(member, signal);
      } catch (error) {
        throw await this.#undo(error, stopMs);
      }
    }
  }

  async #startOne(member: Member, signal: AbortSignal): Promise<void> {
    // It counts as up while it starts: one that is given up half-way has to be stopped as well.
    this.#up.push(member);
    let failed = false;
    const work = async (inner: AbortSignal): Promise<void> => {
      try {
        await member.component.start?.(inner);
      } catch (error) {
        failed = true;
        throw error;
      }
    };
    try {
      const withinMs = member.component.startWithinMs ?? this.#startMs;
      await withDeadline(this.#clock, work, withinMs, { what: `Starting ${member.name}`, signal });
    } catch (error) {
      if (failed) this.#up.pop();
      // What a plugin throws says what is wrong, but not who says so.
      throw isGuardError(error) || signal.aborted
        ? error
        : guardError('GUARD_START_FAILED', { what: member.name, why: messageOf(error) }, { cause: error });
    }
  }

  async #undo(cause: unknown, stopMs: Ms): Promise<unknown> {
    const errors = await this.#stopAll(stopMs);
    return errors.length === 0 ? cause : new AggregateError([cause, ...errors], messageOf(cause), { cause });
  }

  async #stopOnce(withinMs: Ms): Promise<void> {
    const starting = this.#starting;
    if (starting) {
      starting.abort.abort();
      // A failed start was reported to whoever called start().
      await starting.done.catch(() => undefined);
      this.#starting = undefined;
    }
    const errors = await this.#stopAll(withinMs);
    if (errors.length > 0)
      throw new AggregateError(errors, `not everything stopped: ${errors.map(messageOf).join('; ')}`);
  }

  async #stopAll(withinMs: Ms): Promise<unknown[]> {
    const errors: unknown[] = [];
    const endMs = this.#clock.monotonic() + withinMs;
    for (let member = this.#up.at(-1); member; member = this.#up.at(-1)) {
      const leftMs = Math.max(0, endMs - this.#clock.monotonic());
      // Most parts stop at once, and one that ends other processes needs long: nobody's time is cut to an equal share.
      const shareMs = Math.max(leftMs / this.#up.length, leftMs - reservedMs * (this.#up.length - 1));
      try {
        await this.#stopMember(member, shareMs);
      } catch (error) {
        this.#log.error({ err: error, component: member.name }, `${member.name} did not stop: ${messageOf(error)}`);
        errors.push(error);
      }
      this.#up.pop();
    }
    return errors;
  }

  async #stopMember({ name, component }: Member, shareMs: Ms): Promise<void> {
    if (component.stop)
      await withDeadline(this.#clock, (signal) => component.stop?.(signal), shareMs, `Stopping ${name}`);
  }
}
