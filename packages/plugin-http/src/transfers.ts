import { guardError } from '@praetorian-guard/core/plugin';
import type { FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify';
import { whenOver } from './connection.ts';

/** States of full size that may be in memory at once; half of them of one caller. */
const fullStates = 4;

/**
 * Bounds the memory that checkpoints under way take: a body is held whole until its last byte is there, and a state that
 * goes out until its reader has taken it. Without a bound one agent that sends many and ends none could use up the
 * memory of the guard. Small states, which are the rule, never meet it.
 */
export class Transfers {
  readonly #maxState: number;
  readonly #bytesOf = new Map<string, number>();
  #bytes = 0;

  constructor(maxState: number) {
    this.#maxState = maxState;
  }

  /** Reserves room for a body before it is read; what does not say its length may be as long as is allowed. */
  readonly admitBody: onRequestHookHandler = (request, reply, done) => {
    const length = request.headers['content-length'];
    const bytes = length === undefined ? this.#maxState : Math.min(Number(length) || 0, this.#maxState);
    try {
      this.reserve(request, reply, bytes);
    } catch (error) {
      done(error as Error);
      return;
    }
    done();
  };

  /**
   * Reserves room until the answer is out or the connection is gone.
   * @throws GUARD_OVERLOADED when there is none; the sender may try again.
   */
  reserve({ caller, raw }: FastifyRequest, reply: FastifyReply, bytes: number): void {
    const max = fullStates * this.#maxState;
    const own = this.#bytesOf.get(caller.name) ?? 0;
    if (this.#bytes + bytes > max || own + bytes > max / 2) {
      throw guardError('GUARD_OVERLOADED', { what: 'The transfer of checkpoints', max: `${this.#bytes} bytes` });
    }
    this.#count(caller.name, bytes);
    whenOver(raw, reply.raw, () => this.#count(caller.name, -bytes));
  }

  #count(name: string, bytes: number): void {
    const own = (this.#bytesOf.get(name) ?? 0) + bytes;
    this.#bytes += bytes;
    if (own > 0) this.#bytesOf.set(name, own);
    else this.#bytesOf.delete(name);
  }
}
