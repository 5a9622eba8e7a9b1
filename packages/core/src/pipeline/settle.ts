import type { Clock } from '../contracts/index.ts';
import type { EpochMs, Ms } from '../model/index.ts';

export interface SettleOptions {
  readonly clock: Clock;
  /** Grace after the start: the longest `gate.settle` of any group. */
  readonly graceMs: () => Ms;
  /** Whether of some agent of an orchestrator (`undefined`: of none) nothing fresh was seen since then that could have been. */
  readonly someUnseen: (orchestrator: string | undefined, sinceMs: Ms) => boolean;
}

/** Looking through the fleet is dear, and what it finds changes slowly. */
const lookAgainMs: Ms = 250;

/**
 * Nothing is done before the guard knows the fleet again (R05): the grace is over, the inventory was listed once, and
 * each known agent gave a sign or was asked. This is so for the agents of each orchestrator by themselves: one that
 * cannot be reached keeps nobody else from being healed. Once settled it stays settled until `unsettle`, except while
 * an inventory is broken off: then nobody knows what its agents are by now.
 */
export class Settle {
  readonly #options: SettleOptions;
  readonly #orchestrators = new Set<string>();
  readonly #waitingFor = new Set<string>();
  /** Inventories that broke off and were not listed anew. */
  readonly #broken = new Set<string>();
  readonly #settled = new Set<string | undefined>();
  /** When agents were last looked through. */
  readonly #lookedMs = new Map<string | undefined, Ms>();
  #sinceMs: Ms;
  #grace = { atMs: -Infinity, ms: 0 };

  constructor(options: SettleOptions) {
    this.#options = options;
    this.#sinceMs = options.clock.monotonic();
  }

  /** An inventory has to be listed before anything is done to its agents. */
  expect(orchestrator: string): void {
    this.#orchestrators.add(orchestrator);
    this.#waitingFor.add(orchestrator);
  }

  synced(orchestrator: string): void {
    this.#waitingFor.delete(orchestrator);
    this.#broken.delete(orchestrator);
  }

  /** Its inventory broke off and is being listed anew. */
  broken(orchestrator: string): void {
    this.#broken.add(orchestrator);
  }

  /** Whether what the orchestrator's inventory says is of now. */
  isFollowed(orchestrator: string): boolean {
    return this.isListed(orchestrator) && !this.#broken.has(orchestrator);
  }

  /** Number of inventories that were not listed yet. */
  get unlisted(): number {
    return this.#waitingFor.size;
  }

  /** Whether the orchestrator's inventory was listed once; there is none to list of agents without orchestrator. */
  isListed(orchestrator: string | undefined): boolean {
    return orchestrator === undefined || !this.#waitingFor.has(orchestrator);
  }

  /** Begins anew: after a change of leader, a reload, or a store that came back. */
  unsettle(): void {
    this.#settled.clear();
    this.#lookedMs.clear();
    this.#sinceMs = this.#options.clock.monotonic();
  }

  /** Whether the guard knows all of its fleet. */
  get whole(): boolean {
    return [undefined, ...this.#orchestrators].every((orchestrator) => this.of(orchestrator).settled);
  }

  /** For the agents of an orchestrator, or (`undefined`) of none. `at`: when it is worth asking again. */
  of(orchestrator: string | undefined): { readonly settled: boolean; readonly at: EpochMs } {
    const { clock } = this.#options;
    if (orchestrator !== undefined && this.#broken.has(orchestrator))
      return { settled: false, at: clock.now() + 1_000 };
    if (this.#settled.has(orchestrator)) return { settled: true, at: 0 };
    const nowMs = clock.monotonic();
    const leftMs = this.#graceMs(nowMs) - (nowMs - this.#sinceMs);
    if (leftMs <= 0 && this.isListed(orchestrator) && this.#allSeen(orchestrator, nowMs)) {
      this.#settled.add(orchestrator);
      return { settled: true, at: 0 };
    }
    return { settled: false, at: clock.now() + Math.max(lookAgainMs, leftMs) };
  }

  #graceMs(nowMs: Ms): Ms {
    if (nowMs - this.#grace.atMs >= lookAgainMs) this.#grace = { atMs: nowMs, ms: this.#options.graceMs() };
    return this.#grace.ms;
  }

  #allSeen(orchestrator: string | undefined, nowMs: Ms): boolean {
    if (nowMs - (this.#lookedMs.get(orchestrator) ?? -Infinity) < lookAgainMs) return false;
    this.#lookedMs.set(orchestrator, nowMs);
    return !this.#options.someUnseen(orchestrator, this.#sinceMs);
  }
}
