import type { Role } from './settings.ts';

/** What is told of it in a heartbeat. */
export interface Told {
  readonly role: Role;
  readonly epoch: number;
  readonly lag?: number;
}

export interface PartOptions {
  /** As it begins; absent = its group has no primary. */
  readonly declared: Role | undefined;
  readonly lagMs: number;
  /** It has a guard that knows who leads; its first answer is waited for. */
  readonly asks: boolean;
  /** So often the guard may fail to answer before it is given up. */
  readonly unansweredMax: number;
}

/**
 * The part of an agent in a group with a primary. Two primaries must never take work at once: one that was started anew
 * does not know whether another took its place meanwhile, and takes no work before the guard has answered it, or has failed
 * to a few times.
 */
export class Part {
  readonly #options: PartOptions;
  #role: Role;
  #epoch = 0;
  #fence = 0;
  #knows: boolean;
  #unanswered = 0;

  constructor(options: PartOptions) {
    this.#options = options;
    this.#role = options.declared ?? 'replica';
    this.#knows = !options.asks || options.declared !== 'primary';
  }

  /** Why it takes no work; `undefined`: it does. */
  get declines(): string | undefined {
    if (this.#options.declared === undefined) return undefined;
    if (this.#role === 'replica') return 'The agent is a replica; the primary takes the work.';
    return this.#knows ? undefined : 'The agent does not know yet whether it still leads its group.';
  }

  /** `undefined` where its group has no primary. */
  get told(): Told | undefined {
    if (this.#options.declared === undefined && this.#epoch === 0) return undefined;
    const lag = this.#role === 'replica' ? { lag: this.#options.lagMs } : {};
    return { role: this.#role, epoch: this.#epoch, ...lag };
  }

  /** The guard answered a heartbeat: what it knew of the group it has said. */
  answered(): void {
    this.#knows = true;
  }

  /** The guard did not answer. A guard that is down must not keep the group without a primary for ever. */
  unanswered(): void {
    this.#unanswered += 1;
    if (this.#unanswered >= this.#options.unansweredMax) this.#knows = true;
  }

  /** An order to lead. @returns why it is too old. */
  promote(epoch: number, fence: number): string | undefined {
    if (fence < this.#fence || epoch < this.#epoch)
      return `Epoch ${epoch} with fence ${fence} is older than epoch ${this.#epoch} with fence ${this.#fence}.`;
    this.#role = 'primary';
    this.#epoch = epoch;
    this.#fence = fence;
    this.answered();
    return undefined;
  }

  /** The guard says who leads. @returns whether that changed anything. */
  follow(epoch: number, leads: boolean): boolean {
    const role = leads ? 'primary' : 'replica';
    if (epoch < this.#epoch || (role === this.#role && epoch === this.#epoch)) return false;
    this.#role = role;
    this.#epoch = epoch;
    return true;
  }
}
