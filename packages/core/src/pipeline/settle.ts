import type { Clock } from '../contracts/index.ts';
import type { AgentId, EpochMs, Ms } from '../model/index.ts';

export interface SettleOptions {
  readonly clock: Clock;
  /** Grace after the start: the longest `gate.settle` of any group. */
  readonly graceMs: () => Ms;
  /** Agents of which nothing fresh was seen yet although they could have been heard or asked. */
  readonly unseen: () => readonly AgentId[];
}

/**
 * Nothing is done before the guard knows the fleet again (R05): the grace is over, every inventory was listed once,
 * and each known agent gave a sign or was asked. Once settled it stays settled until `unsettle`.
 */
export class Settle {
  readonly #options: SettleOptions;
  readonly #waitingFor = new Set<string>();
  #sinceMs: Ms;
  #settled = false;

  constructor(options: SettleOptions) {
    this.#options = options;
    this.#sinceMs = options.clock.monotonic();
  }

  /** An inventory has to be listed before anything is done. */
  expect(source: string): void {
    this.#waitingFor.add(source);
  }

  synced(source: string): void {
    this.#waitingFor.delete(source);
  }

  /** Whether every inventory was listed once. */
  get listed(): boolean {
    return this.#waitingFor.size === 0;
  }

  /** Begins anew: after a change of leader, a reload, or a store that came back. */
  unsettle(): void {
    this.#settled = false;
    this.#sinceMs = this.#options.clock.monotonic();
  }

  /** `at`: when it is worth asking again. */
  state(): { readonly settled: boolean; readonly at: EpochMs } {
    if (this.#settled) return { settled: true, at: 0 };
    const { clock, graceMs, unseen } = this.#options;
    const leftMs = graceMs() - (clock.monotonic() - this.#sinceMs);
    if (leftMs <= 0 && this.listed && unseen().length === 0) {
      this.#settled = true;
      return { settled: true, at: 0 };
    }
    return { settled: false, at: clock.now() + Math.max(250, leftMs) };
  }
}
