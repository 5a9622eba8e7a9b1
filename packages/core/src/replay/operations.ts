import type { GuardApi } from '../contracts/index.ts';
import { messageOf } from '../contracts/index.ts';
import type { Json } from '../model/index.ts';
import type { RecordData } from './record-data.ts';
import type { OperationLine } from './record-format.ts';
import { standIn } from './stand-in.ts';

/**
 * What people and agents asked of the guard, asked again. Ids that came from the guard are others when it decided at
 * another moment: incidents are found by their agent, holds by the operation that placed them.
 */
export class Operations {
  /** What was refused this time, with why. */
  readonly refused: string[] = [];
  readonly #guard: GuardApi;
  readonly #answered: RecordData['answeredOperations'];
  readonly #ended = new Map<number, Promise<void>>();
  /** By the id in the record: the id now. */
  readonly #ids = new Map<string, string>();

  constructor(guard: GuardApi, answered: RecordData['answeredOperations']) {
    this.#guard = guard;
    this.#answered = answered;
  }

  do(line: OperationLine): void {
    const ended = this.#ask(line).then(
      (result) => this.#note(line, result),
      (thrown: unknown) => {
        // What was refused then, too, tells nothing.
        const then = this.#answered.get(line.n);
        if (then && then.refused !== 1)
          this.refused.push(`${[line.m, line.agent].filter(Boolean).join(' ')}: ${messageOf(thrown)}`);
      },
    );
    this.#ended.set(line.n, ended);
  }

  /** Resolves when the operation of that number was answered. */
  async ended(n: number): Promise<void> {
    await this.#ended.get(n);
    this.#ended.delete(n);
  }

  #note({ n }: OperationLine, result: unknown): void {
    const then = this.#answered.get(n)?.id;
    const now = (result as { readonly id?: unknown } | undefined)?.id;
    if (then !== undefined && typeof now === 'string') this.#ids.set(then, now);
  }

  async #ask(line: OperationLine): Promise<unknown> {
    const guard = this.#guard;
    const [first, second, third] = line.args as readonly never[];
    switch (line.m) {
      case 'agents.register':
        return guard.agents.register(first as never);
      case 'agents.deregister':
        return guard.agents.deregister(first as never, second);
      case 'checkpoints.save':
        return guard.checkpoints.save(first as never, standIn(second as never), third as never);
      case 'hold':
        return guard.hold(first as never);
      case 'release':
        return guard.release(this.#ids.get(first as never) ?? (first as never), second as never);
      case 'respawn':
        return guard.respawn(first as never, second as never);
      case 'approve':
      case 'reject':
        // An answer that did not count then does not count now: the record has no token that could be refused again.
        return this.#answered.get(line.n)?.refused === 1 ? undefined : this.#onIncident(line, line.m);
      case 'acknowledge':
      case 'resolve':
        return this.#onIncident(line, line.m);
      default:
        return undefined;
    }
  }

  async #onIncident({ args, agent }: OperationLine, verb: 'acknowledge' | 'approve' | 'reject' | 'resolve') {
    const [id, given] = args as readonly [string, { readonly [name: string]: Json } & { readonly by: string }];
    const known = await this.#guard.incidents.get(id).catch(() => undefined);
    if (known || agent === undefined) return this.#guard[verb](id, given);
    const open = await this.#guard.incidents.list({ agentId: agent, state: 'unresolved', limit: 1 });
    // The hash binds a plan to its incident, which has another id now.
    const { planHash: _hash, ...rest } = given;
    return this.#guard[verb](open.items[0]?.id ?? id, rest);
  }
}
