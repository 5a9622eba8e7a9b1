import type { Clock, Doubt, DoubtSettings, DoubtStatus, Metrics } from '../contracts/index.ts';
import { isGuardError, messageOf } from '../contracts/index.ts';
import type { AgentId, Ms } from '../model/index.ts';
import { formatDuration } from '../model/index.ts';
import { Canaries } from './canaries.ts';
import type { ProbeAnswer } from './prober.ts';

/** Lifeguard's bound: timeouts are at most nine times as long. */
export const multiplierMax = 8;

/** So many different agents have to leave the guard without an answer before it suspects itself. */
const unansweredMin = 3;

/** Who has not answered for this long is dead or gone, and no sign of what the guard itself can do now. */
const newlySilentMs: Ms = 600_000;

/** An agent that does not answer. */
interface Silent {
  readonly sinceMs: Ms;
  askedMs: Ms;
}

export interface SelfDoubtOptions {
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly settings: DoubtSettings;
  /** Asks a canary; never rejects. */
  readonly ask: (url: string, timeoutMs: Ms, signal: AbortSignal) => Promise<ProbeAnswer>;
  /** Reads something small from the store. */
  readonly readStore: () => Promise<unknown>;
  /** A part of the guard does not work now; `undefined`: it works again. */
  readonly degraded: (what: string, why: string | undefined) => void;
}

/**
 * The guard's doubt about itself. Signs are gathered as they come and weighed once a round: each kind of bad sign raises
 * the multiplier by one, a round without any lowers it by one. Rounds that were slept through count as bad ones, so that
 * a guard that comes back from a long pause does not believe at once what it missed.
 */
export class SelfDoubt implements Doubt {
  readonly #o: SelfDoubtOptions;
  readonly #canaries: Canaries;
  #multiplier = 0;
  #roundMs: Ms;
  #lagMs: Ms = 0;
  #storeMs: Ms = 0;
  #storeError: string | undefined;
  /** Since when the store has owed an answer. */
  #askedStoreMs: Ms | undefined;
  /** Agents asked in this round, and whether one of the questions was left without an answer. */
  readonly #asked = new Map<AgentId, boolean>();
  readonly #silent = new Map<AgentId, Silent>();
  /** How many did not answer when that last spoke against the guard; 0 when it does not stand any more. */
  #unanswered = 0;
  #reasons: readonly string[] = [];
  readonly #stopped = new AbortController();

  constructor(options: SelfDoubtOptions) {
    this.#o = options;
    this.#roundMs = options.clock.monotonic();
    const { canaries, canaryTimeoutMs } = options.settings;
    this.#canaries = new Canaries(
      canaries.map(({ url }) => url),
      (url) => options.ask(url, canaryTimeoutMs, this.#stopped.signal),
    );
  }

  get multiplier(): number {
    return this.#multiplier;
  }

  get canaryFailed(): string | undefined {
    return this.#canaries.failed;
  }

  stretch(): number {
    return this.#multiplier + 1;
  }

  status(): DoubtStatus {
    return { multiplier: this.#multiplier, reasons: this.#reasons, canaries: this.#canaries.list() };
  }

  /** Breaks off what is being asked. */
  stop(): void {
    this.#stopped.abort(new DOMException('the guard stops', 'AbortError'));
  }

  /** Once a tick: how late it came, and how long the one before took. */
  ticked(lateMs: Ms, tookMs: Ms): void {
    this.#lagMs = Math.max(this.#lagMs, lateMs, tookMs);
    const nowMs = this.#o.clock.monotonic();
    const { everyMs } = this.#o.settings;
    if (nowMs - this.#roundMs < everyMs && this.#lagMs < everyMs) return;
    const missed = Math.floor(this.#lagMs / everyMs);
    this.#weigh(nowMs, missed);
    this.#roundMs = nowMs;
    this.#askStore(nowMs);
    void this.#askCanaries();
  }

  /** A commit of the store ended, well or not. */
  stored(tookMs: Ms, thrown?: unknown): void {
    this.#storeMs = Math.max(this.#storeMs, tookMs);
    // A conflict or a lost lease is an answer; that there is none is trouble.
    if (isGuardError(thrown, 'GUARD_STATE_UNAVAILABLE')) this.#storeError = messageOf(thrown);
  }

  /** An agent was asked. A refusal is an answer: the guard reached the machine. */
  probed(agentId: AgentId, answer: ProbeAnswer, timeoutMs: Ms): void {
    if (answer.denied === true || answer.unaskable === true) return;
    const silent = answer.outcome === 'down' && answer.statusCode === undefined && answer.latencyMs >= 0.9 * timeoutMs;
    const owed = silent || (answer.outcome === 'unknown' && answer.statusCode === undefined);
    if (this.#longSilent(agentId, owed)) return;
    this.#asked.set(agentId, owed || this.#asked.get(agentId) === true);
  }

  /** Agents that stay dead would keep every timeout of the living stretched for ever. */
  #longSilent(agentId: AgentId, owed: boolean): boolean {
    if (!owed) {
      this.#silent.delete(agentId);
      return false;
    }
    const nowMs = this.#o.clock.monotonic();
    const silent = this.#silent.get(agentId) ?? { sinceMs: nowMs, askedMs: nowMs };
    silent.askedMs = nowMs;
    this.#silent.set(agentId, silent);
    return nowMs - silent.sinceMs >= newlySilentMs;
  }

  #weigh(nowMs: Ms, missed: number): void {
    const signs = [this.#lagSign(), this.#storeSign(nowMs), this.#probeSign(), this.#canaries.failed];
    const reasons = signs.filter((sign) => sign !== undefined);
    const before = this.#multiplier;
    const rest = this.#stillUnanswered(nowMs) ? 0 : -1;
    const by = reasons.length === 0 ? rest : reasons.length + Math.max(0, missed - 1);
    this.#multiplier = Math.min(multiplierMax, Math.max(0, before + by));
    if (by !== 0) this.#reasons = reasons;
    this.#lagMs = 0;
    this.#storeMs = 0;
    this.#storeError = undefined;
    this.#asked.clear();
    if (this.#multiplier === before) return;
    this.#o.metrics.gauge('praetorian_doubt_multiplier', this.#multiplier);
    this.#tell(before);
  }

  /** Said once when it begins and once when it is over, not at every step. */
  #tell(before: number): void {
    const { tellFrom } = this.#o.settings;
    if (before < tellFrom && this.#multiplier >= tellFrom) {
      const why = this.#reasons.join('; ');
      this.#o.degraded('self-doubt', `timeouts are ${this.stretch()} times as long: ${why}`);
    }
    if (before > 0 && this.#multiplier === 0) this.#o.degraded('self-doubt', undefined);
  }

  #lagSign(): string | undefined {
    const { lagMs } = this.#o.settings;
    if (this.#lagMs < lagMs) return undefined;
    return `a tick came ${formatDuration(this.#lagMs)} late (at most ${formatDuration(lagMs)})`;
  }

  #storeSign(nowMs: Ms): string | undefined {
    const { storeMs } = this.#o.settings;
    if (this.#storeError !== undefined) return `the store failed: ${this.#storeError}`;
    const owedMs = this.#askedStoreMs === undefined ? 0 : nowMs - this.#askedStoreMs;
    const tookMs = Math.max(this.#storeMs, owedMs);
    if (tookMs < storeMs) return undefined;
    return `the store took ${formatDuration(tookMs)} (at most ${formatDuration(storeMs)})`;
  }

  /** Many agents that do not answer at once are more likely the guard's own trouble, unless its canaries answer. */
  #probeSign(): string | undefined {
    let owed = 0;
    for (const unanswered of this.#asked.values()) if (unanswered) owed += 1;
    if (owed < unansweredMin || owed < this.#o.settings.unanswered * this.#asked.size) return undefined;
    if (this.#canaries.allReached) return undefined;
    this.#unanswered = owed;
    return `${owed} of ${this.#asked.size} agents asked did not answer`;
  }

  /**
   * Whether those who did not answer are silent still. Asked with stretched timeouts they are heard of in fewer rounds;
   * without this, doubt would go and come again with each of them.
   */
  #stillUnanswered(nowMs: Ms): boolean {
    let newly = 0;
    for (const [agentId, { sinceMs, askedMs }] of this.#silent) {
      // Who is asked no more has left.
      if (nowMs - askedMs >= newlySilentMs) this.#silent.delete(agentId);
      else if (nowMs - sinceMs < newlySilentMs) newly += 1;
    }
    if (newly < Math.max(unansweredMin, this.#unanswered / 2) || this.#canaries.allReached) this.#unanswered = 0;
    return this.#unanswered > 0;
  }

  #askStore(nowMs: Ms): void {
    if (this.#askedStoreMs !== undefined) return;
    this.#askedStoreMs = nowMs;
    const { clock, readStore } = this.#o;
    readStore().then(
      () => this.#storeAnswered(clock.monotonic() - nowMs),
      (thrown: unknown) => this.#storeAnswered(clock.monotonic() - nowMs, thrown),
    );
  }

  #storeAnswered(tookMs: Ms, thrown?: unknown): void {
    this.#askedStoreMs = undefined;
    this.stored(tookMs, thrown);
  }

  async #askCanaries(): Promise<void> {
    const before = this.#canaries.failed;
    await this.#canaries.round();
    if (this.#stopped.signal.aborted) return;
    const after = this.#canaries.failed;
    if (before !== after) this.#o.degraded('canary', after);
  }
}
