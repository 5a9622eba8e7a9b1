import type { AgentSlot, Detector, Evaluation, FleetView, HeartbeatColumns, SignalBatch } from '../contracts/index.ts';
import type { Health, Ms, Reason, SignalKind, SloStatus } from '../model/index.ts';
import { capacityFor, grownUint32, grownUint8 } from '../runtime/slot-columns.ts';
import { TimerWheel } from '../runtime/timer-wheel.ts';

/** After a detector failed, the agents it was to judge come again after this. */
const retryMs = 1_000;

const unknownYet = 0;
const selected = 1;
const left = 2;

export interface HostedEvaluation {
  readonly evaluation: Evaluation;
  /** The agent was due by time, not (only) because something arrived. */
  readonly woken: boolean;
}

const noColumns: HeartbeatColumns = { length: 0, slots: new Uint32Array(0), atMs: new Float64Array(0) };

/**
 * One detector with what belongs to it: its wake times and which agents it watches. Gives it only what it consumes, of
 * the agents whose policy names it, and nothing at all when there is nothing.
 */
export class DetectorHost {
  readonly name: string;
  readonly #names: readonly string[];
  readonly #detector: Detector;
  readonly #fleet: FleetView;
  readonly #kinds: ReadonlySet<SignalKind>;
  readonly #wheel: TimerWheel;
  /** Deadlines that a changed policy brought forward; kept if the detector finds that nothing changed. */
  readonly #deferred = new Map<AgentSlot, Ms>();
  #selection = new Uint8Array(0);
  /** Round in which a slot was last put on the list of those to judge, so that it is on it once. */
  #stamps = new Uint32Array(0);
  #round = 0;

  /** @param names by which a policy may call it; the first is the one it goes by. */
  constructor(names: readonly [string, ...string[]], detector: Detector, fleet: FleetView, nowMs: Ms) {
    this.name = names[0];
    this.#names = names;
    this.#detector = detector;
    this.#fleet = fleet;
    this.#kinds = new Set(detector.consumes);
    this.#wheel = new TimerWheel(nowMs);
  }

  /**
   * Lets the detector work on a batch and on who is due; `undefined` when there was nothing to do. Throws what the
   * detector throws; nobody is forgotten by that.
   */
  run(batch: SignalBatch, nowMs: Ms): readonly HostedEvaluation[] | undefined {
    this.#round += 1;
    const due: AgentSlot[] = [];
    this.#wheel.due(nowMs, due);
    const woken = new Set(due);
    const own = this.#ownBatch(batch);
    for (const slot of due) this.#stamp(slot);
    for (let row = 0; row < own.heartbeats.length; row += 1) this.#add(own.heartbeats.slots[row] as number, due);
    for (const { slot } of own.signals) this.#add(slot, due);
    if (due.length === 0) return undefined;
    try {
      if (own.heartbeats.length > 0 || own.signals.length > 0) this.#detector.observe(own);
      const evaluations = this.#detector.evaluate(due, nowMs);
      const taken = evaluations.map((evaluation) => this.#taken(evaluation, woken));
      for (const [slot, atMs] of this.#deferred) this.#wheel.schedule(slot, atMs);
      this.#deferred.clear();
      return taken;
    } catch (error) {
      for (const slot of due) this.#wheel.schedule(slot, nowMs + retryMs);
      throw error;
    }
  }

  /** The guard stood still, and what it missed has yet to arrive: who is due is put off. */
  paused(lostMs: Ms, nowMs: Ms, untilMs: Ms): void {
    this.#detector.paused?.(lostMs, nowMs);
    const due: AgentSlot[] = [];
    this.#wheel.due(nowMs, due);
    for (const slot of due) this.#wheel.schedule(slot, untilMs);
  }

  /** A new agent or instance in the slot: forgets the old one and judges the new one at the next tick. */
  reset(slot: AgentSlot, nowMs: Ms): void {
    this.#forget(slot);
    if (this.watches(slot)) this.#wheel.schedule(slot, nowMs);
  }

  remove(slot: AgentSlot): void {
    this.#forget(slot);
    this.#detector.troubled?.(slot, false);
  }

  troubled(slot: AgentSlot, on: boolean): void {
    this.#detector.troubled?.(slot, on);
  }

  /** The watch after a recovery began or ended: the agent is judged anew at the next tick. */
  watched(slot: AgentSlot, on: boolean, nowMs: Ms): void {
    if (!this.#detector.watched || !this.watches(slot)) return;
    this.#detector.watched(slot, on, nowMs);
    this.#soon(slot, nowMs);
  }

  /** The engine's opinion of the agent's health changed. */
  judged(slot: AgentSlot, health: Health, nowMs: Ms): void {
    if (this.watches(slot)) this.#detector.judged?.(slot, health, nowMs);
  }

  serviceLevels(slot: AgentSlot, nowMs: Ms): SloStatus | undefined {
    return this.#detector.serviceLevels?.(slot, nowMs);
  }

  remarks(slot: AgentSlot, nowMs: Ms): readonly Reason[] {
    return this.#detector.remarks?.(slot, nowMs) ?? [];
  }

  unsaved(): readonly AgentSlot[] {
    return this.#detector.unsaved?.() ?? [];
  }

  save(slot: AgentSlot, nowMs: Ms): Uint8Array | undefined {
    return this.#detector.save?.(slot, nowMs);
  }

  load(slot: AgentSlot, bytes: Uint8Array, savedMs: Ms): void {
    if (this.watches(slot)) this.#detector.load?.(slot, bytes, savedMs);
  }

  /** The agent's policy changed; returns whether the detector still watches it. */
  reselect(slot: AgentSlot, nowMs: Ms): boolean {
    const before = this.#selection[slot] === selected;
    if (slot < this.#selection.length) this.#selection[slot] = unknownYet;
    const now = this.watches(slot);
    if (before && !now) this.#forget(slot);
    // A changed policy may mean another deadline.
    if (now) this.#soon(slot, nowMs);
    return now;
  }

  /** At the next tick; the deadline it had stands if nothing comes of that. */
  #soon(slot: AgentSlot, nowMs: Ms): void {
    const deadlineMs = this.#wheel.deadline(slot);
    if (deadlineMs !== undefined && !this.#deferred.has(slot)) this.#deferred.set(slot, deadlineMs);
    this.#wheel.schedule(slot, nowMs);
  }

  /** Whether the agent's policy names the detector. */
  watches(slot: AgentSlot): boolean {
    if (slot >= this.#selection.length) this.#grow(slot);
    if (this.#selection[slot] === unknownYet) {
      const chosen = this.#fleet.agent(slot)?.policy.detectors;
      const named = chosen?.some((name) => this.#names.includes(name)) ?? false;
      this.#selection[slot] = named ? selected : left;
    }
    return this.#selection[slot] === selected;
  }

  #taken(evaluation: Evaluation, woken: ReadonlySet<AgentSlot>): HostedEvaluation {
    const { slot, wakeAtMs } = evaluation;
    this.#deferred.delete(slot);
    if (wakeAtMs === undefined) this.#wheel.cancel(slot);
    else this.#wheel.schedule(slot, wakeAtMs);
    return { evaluation, woken: woken.has(slot) };
  }

  #forget(slot: AgentSlot): void {
    this.#wheel.cancel(slot);
    this.#deferred.delete(slot);
    if (slot < this.#selection.length) this.#selection[slot] = unknownYet;
    this.#detector.reset(slot);
  }

  #ownBatch(batch: SignalBatch): SignalBatch {
    return {
      nowMs: batch.nowMs,
      heartbeats: this.#kinds.has('heartbeat') ? this.#ownBeats(batch.heartbeats) : noColumns,
      signals: batch.signals.filter(({ slot, signal }) => this.#kinds.has(signal.kind) && this.watches(slot)),
    };
  }

  /** The columns themselves when all rows are of watched agents, as is usual; else a copy of those that are. */
  #ownBeats(beats: HeartbeatColumns): HeartbeatColumns {
    let strangers = 0;
    for (let row = 0; row < beats.length; row += 1) if (!this.watches(beats.slots[row] as number)) strangers += 1;
    if (strangers === 0) return beats;
    const length = beats.length - strangers;
    const own = { length, slots: new Uint32Array(length), atMs: new Float64Array(length) };
    let at = 0;
    for (let row = 0; row < beats.length; row += 1) {
      const slot = beats.slots[row] as number;
      if (!this.watches(slot)) continue;
      own.slots[at] = slot;
      own.atMs[at] = beats.atMs[row] as number;
      at += 1;
    }
    return own;
  }

  #add(slot: AgentSlot, due: AgentSlot[]): void {
    if (slot < this.#stamps.length && this.#stamps[slot] === this.#round) return;
    this.#stamp(slot);
    due.push(slot);
  }

  #stamp(slot: AgentSlot): void {
    if (slot >= this.#stamps.length) this.#grow(slot);
    this.#stamps[slot] = this.#round;
  }

  #grow(slot: AgentSlot): void {
    const capacity = capacityFor(slot, this.#selection.length);
    this.#selection = grownUint8(this.#selection, capacity);
    this.#stamps = grownUint32(this.#stamps, capacity);
  }
}
