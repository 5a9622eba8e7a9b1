import type {
  AgentSlot,
  Clock,
  Heartbeat,
  HeartbeatAck,
  Metrics,
  SignalBatch,
  SignalDraft,
  SlottedSignal,
} from '../contracts/index.ts';
import { guardError } from '../contracts/index.ts';
import { isId, type AgentMetrics, type HeartbeatSignal, type Ms, type Progress } from '../model/index.ts';
import { capacityFor, grownFloat64, grownUint8 } from '../runtime/slot-columns.ts';
import { BeatColumns } from './beat-columns.ts';
import {
  knownDetails,
  knownMetrics,
  knownProgress,
  remembered,
  saysAnything,
  nothingSaid,
  saysNews,
  type LastBeat,
} from './beat-details.ts';
import { draftProblem } from './draft-check.ts';
import { heartbeatProblem } from './heartbeat-check.ts';
import type { MonitoredFleet } from './ports.ts';
import { SignalQueue } from './signal-queue.ts';

/** A sender's clock that is off by more than this is flagged; its heartbeats count all the same. */
const skewMaxMs = 60_000;

/** What an agent is told in answer to its heartbeat. */
export type Instruction = 'none' | 'drain' | 'isolated' | 'epoch';

const acks: readonly HeartbeatAck[] = ['accepted', 'drain', 'isolated', 'epoch'];
const instructions: readonly Instruction[] = ['none', 'drain', 'isolated', 'epoch'];

export interface CollectorOptions {
  readonly fleet: MonitoredFleet;
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** Whether the agent, which is saying this, has to be told who leads its group. [never] */
  readonly isToBeTold?: (slot: AgentSlot, said: Pick<Heartbeat, 'role' | 'epoch'>) => boolean;
  /** Signals kept between two ticks; beyond it the oldest are dropped and counted. [100 000] */
  readonly queueMax?: number;
}

/** Instance id whose signals were found to count; `null` = not looked up since the slot was reset. */
type Verified = string | undefined | null;

/**
 * Takes in everything that is observed and hands it over once a tick. A heartbeat that changes nothing costs one lookup
 * by id and a few writes into typed arrays: no object is made for it. Its time of receipt is that of the tick that takes
 * it, so it counts as at most one tick too young, never too old.
 */
export class Collector {
  readonly #fleet: MonitoredFleet;
  readonly #clock: Clock;
  readonly #metrics: Metrics;
  readonly #isToBeTold: NonNullable<CollectorOptions['isToBeTold']>;
  readonly #queue: SignalQueue;
  #filling = new BeatColumns();
  #handed = new BeatColumns();
  /** Number of the tick being filled, from 1. */
  #round = 1;
  /**
   * Two numbers a slot, side by side so that a heartbeat touches one cache line: its last `seq` (-1 = none), and the
   * round in which it was last put into the columns. The round is negative (-1 - round) while something about the slot
   * needs a closer look: an instruction, a clock that is off.
   */
  #rows = new Float64Array(0);
  /** A slot was reset in this round: a row of the columns may be void. */
  #voided = false;
  #instructions = new Uint8Array(0);
  #skewed = new Uint8Array(0);
  readonly #verified: Verified[] = [];
  readonly #lastBeats: (LastBeat | undefined)[] = [];
  readonly #lastMetrics: (AgentMetrics | undefined)[] = [];
  readonly #lastProgress: (Progress | undefined)[] = [];
  /** Wall-clock time as of the last tick: near enough to judge a skew of a minute. */
  #wallMs: number;
  #accepted = 0;
  #stale = 0;

  constructor({ fleet, clock, metrics, isToBeTold = () => false, queueMax = 100_000 }: CollectorOptions) {
    this.#fleet = fleet;
    this.#clock = clock;
    this.#metrics = metrics;
    this.#isToBeTold = isToBeTold;
    this.#queue = new SignalQueue(queueMax);
    this.#wallMs = clock.now();
  }

  /** The hot path: counts a heartbeat. Never throws, whatever it is given. */
  heartbeat(beat: Heartbeat): HeartbeatAck {
    const slot = slotOf(this.#fleet, beat);
    if (slot === undefined) return isId((beat as Heartbeat | null)?.agentId) ? 'unknown' : 'invalid';
    const row = 2 * slot;
    if (row >= this.#rows.length) this.#grow(slot);
    const rows = this.#rows;
    const counted = rows[row + 1] as number;
    if (counted < 0 || beat.instance !== this.#verified[slot] || this.#needsCare(slot, beat)) {
      return this.#fullBeat(slot, beat);
    }
    const { seq } = beat;
    if (seq !== undefined) {
      if (typeof seq !== 'number' || !Number.isSafeInteger(seq) || seq < 0) return 'invalid';
      if (seq <= (rows[row] as number)) return 'duplicate';
      rows[row] = seq;
    }
    this.#accepted += 1;
    if (counted !== this.#round) {
      rows[row + 1] = this.#round;
      this.#filling.add(slot);
    }
    return 'accepted';
  }

  /** Which field of a heartbeat is not valid, and why; `undefined` when all are. */
  heartbeatProblem(beat: unknown): string | undefined {
    return heartbeatProblem(beat);
  }

  /** Which field of a signal is not valid, and why; `undefined` when all are. */
  signalProblem(draft: unknown): string | undefined {
    return draftProblem(draft);
  }

  /**
   * Takes in any signal. Throws `GUARD_SIGNAL_INVALID` naming the field, or `GUARD_AGENT_UNKNOWN`.
   * @returns `stale` when it was dropped: of an instance that does not count, or a heartbeat that came before.
   */
  ingest(draft: SignalDraft): 'accepted' | 'stale' {
    const why = draftProblem(draft);
    if (why !== undefined) throw guardError('GUARD_SIGNAL_INVALID', { why });
    const slot = this.#fleet.slotOf(draft.agentId);
    if (slot === undefined) throw guardError('GUARD_AGENT_UNKNOWN', { agentId: draft.agentId });
    if (draft.kind === 'heartbeat') return this.#ingestBeat(draft);
    if (draft.instanceId !== undefined && this.#fleet.standing(slot, draft.instanceId) !== 'current') {
      this.#stale += 1;
      return 'stale';
    }
    const signal = { ...draft, receivedMs: this.#clock.monotonic() };
    if (signal.kind === 'metrics' || signal.kind === 'probe') this.#keepMetrics(slot, signal.metrics);
    this.#enqueue({ slot, signal });
    return 'accepted';
  }

  /** Everything since the last call. Valid until the next call. */
  drain(nowMs: Ms): SignalBatch {
    const beats = this.#filling;
    this.#filling = this.#handed;
    this.#handed = beats;
    this.#filling.clear();
    if (this.#voided) beats.keep((slot) => this.#countedIn(slot) === this.#round);
    beats.stamp(nowMs);
    this.#voided = false;
    this.#round += 1;
    this.#wallMs = this.#clock.now();
    const { signals, dropped } = this.#queue.take();
    const current = signals.filter((waited) => this.#stillCounts(waited));
    this.#report(dropped);
    return { nowMs, heartbeats: beats, signals: current };
  }

  /** An agent may have left, and another taken its slot, or another instance its place, while its signal waited. */
  #stillCounts({ slot, signal }: SlottedSignal): boolean {
    if (this.#fleet.slotOf(signal.agentId) !== slot) return false;
    return signal.instanceId === undefined || this.#fleet.standing(slot, signal.instanceId) === 'current';
  }

  /** What the agent is told from now on in answer to its heartbeats. */
  instruct(slot: AgentSlot, instruction: Instruction): void {
    if (2 * slot >= this.#rows.length) this.#grow(slot);
    this.#instructions[slot] = instructions.indexOf(instruction);
    this.#mark(slot, this.#countedIn(slot));
  }

  /** The slot has a new agent or instance: what belonged to the old one is forgotten, an instruction too. */
  reset(slot: AgentSlot): void {
    if (2 * slot >= this.#rows.length) return;
    this.#rows[2 * slot] = -1;
    this.#rows[2 * slot + 1] = 0;
    this.#voided = true;
    this.#instructions[slot] = 0;
    this.#skewed[slot] = 0;
    this.#verified[slot] = null;
    this.#lastBeats[slot] = undefined;
    this.#lastMetrics[slot] = undefined;
    this.#lastProgress[slot] = undefined;
  }

  /** The agent registered itself: a process that was started anew under the same name counts its heartbeats from the start. */
  countAnew(slot: AgentSlot): void {
    if (2 * slot < this.#rows.length) this.#rows[2 * slot] = -1;
  }

  /** Last known figures of the agent, of whichever source told each last. */
  metricsOf(slot: AgentSlot): AgentMetrics {
    return this.#lastMetrics[slot] ?? {};
  }

  /** What the current instance said of itself last; what it never said is absent. */
  lastBeatOf(slot: AgentSlot): LastBeat {
    return this.#lastBeats[slot] ?? nothingSaid;
  }

  progressOf(slot: AgentSlot): Progress | undefined {
    return this.#lastProgress[slot];
  }

  /** Whether the agent's clock was off by more than a minute at its last heartbeat that told a time. */
  skewed(slot: AgentSlot): boolean {
    return this.#skewed[slot] === 1;
  }

  #needsCare(slot: AgentSlot, beat: Heartbeat): boolean {
    if (saysAnything(beat) && saysNews(beat, this.#lastBeats[slot])) return true;
    return beat.at !== undefined && !(Math.abs(beat.at - this.#wallMs) <= skewMaxMs);
  }

  /** Puts the slot into the columns, once a round, and answers it. */
  #count(slot: AgentSlot): HeartbeatAck {
    this.#accepted += 1;
    this.#intoColumns(slot);
    return this.#ackOf(slot);
  }

  #ackOf(slot: AgentSlot): HeartbeatAck {
    return acks[this.#instructions[slot] as number] as HeartbeatAck;
  }

  #intoColumns(slot: AgentSlot): void {
    if (this.#countedIn(slot) === this.#round) return;
    this.#mark(slot, this.#round);
    this.#filling.add(slot);
  }

  #countedIn(slot: AgentSlot): number {
    const counted = this.#rows[2 * slot + 1] as number;
    return counted < 0 ? -1 - counted : counted;
  }

  #mark(slot: AgentSlot, round: number): void {
    const special = this.#instructions[slot] !== 0 || this.#skewed[slot] !== 0;
    this.#rows[2 * slot + 1] = special ? -1 - round : round;
  }

  /** A heartbeat that says something new, is of another instance, or is not valid. */
  #fullBeat(slot: AgentSlot, beat: Heartbeat): HeartbeatAck {
    if (heartbeatProblem(beat) !== undefined) return 'invalid';
    if (beat.instance !== undefined) {
      const standing = this.#fleet.standing(slot, beat.instance);
      // One that nobody registered is not told to stop: it may be the replacement, a moment early.
      if (standing !== 'current') return standing;
      // The process behind the agent is another: its numbers begin anew.
      if (typeof this.#verified[slot] === 'string' && this.#verified[slot] !== beat.instance) this.#rows[2 * slot] = -1;
    }
    this.#verified[slot] = beat.instance;
    const last = this.#lastBeats[slot];
    this.#heedRole(slot, beat, last);
    if (beat.seq !== undefined) {
      if (beat.seq <= (this.#rows[2 * slot] as number)) return this.#ackOf(slot) === 'epoch' ? 'epoch' : 'duplicate';
      this.#rows[2 * slot] = beat.seq;
    }
    this.#noteSkew(slot, beat.at);
    if (!saysNews(beat, last)) return this.#count(slot);
    this.#lastBeats[slot] = remembered(beat, last);
    this.#enqueue({ slot, signal: this.#signalOf(slot, beat) });
    this.#accepted += 1;
    return this.#ackOf(slot);
  }

  /** Answered with this heartbeat and not with the next: what it takes itself for decides whether it takes work (R13). */
  #heedRole(slot: AgentSlot, { role, epoch }: Heartbeat, last: LastBeat | undefined): void {
    if (role === undefined || (role === last?.role && epoch === last.epoch)) return;
    if (this.#isToBeTold(slot, { role, ...(epoch === undefined ? {} : { epoch }) })) this.instruct(slot, 'epoch');
  }

  #signalOf(slot: AgentSlot, beat: Heartbeat): HeartbeatSignal {
    const { agentId, instance, metrics, progress, ...rest } = beat;
    const known = metrics && knownMetrics(metrics);
    if (known) this.#keepMetrics(slot, known);
    if (progress) this.#lastProgress[slot] = knownProgress(progress);
    return {
      kind: 'heartbeat',
      agentId,
      receivedMs: this.#clock.monotonic(),
      ...(instance === undefined ? {} : { instanceId: instance }),
      ...knownDetails(rest),
      ...(known ? { metrics: known } : {}),
      ...(progress ? { progress: knownProgress(progress) } : {}),
    };
  }

  #ingestBeat({ instanceId, ...draft }: Extract<SignalDraft, { kind: 'heartbeat' }>): 'accepted' | 'stale' {
    const ack = this.heartbeat({ ...draft, ...(instanceId === undefined ? {} : { instance: instanceId }) });
    if (acks.includes(ack)) return 'accepted';
    this.#stale += 1;
    return 'stale';
  }

  /** A heartbeat that had to give way still counts as one. */
  #enqueue(signal: SlottedSignal): void {
    const victim = this.#queue.push(signal);
    if (victim?.signal.kind === 'heartbeat') this.#intoColumns(victim.slot);
  }

  #keepMetrics(slot: AgentSlot, metrics: AgentMetrics | undefined): void {
    if (metrics) this.#lastMetrics[slot] = { ...this.#lastMetrics[slot], ...metrics };
  }

  #noteSkew(slot: AgentSlot, at: number | undefined): void {
    if (at === undefined) return;
    // The time of the last tick may be old when ticks are late: ask the clock before saying so.
    const skewed = Math.abs(at - this.#clock.now()) > skewMaxMs;
    if (skewed && this.#skewed[slot] === 0) this.#metrics.count('praetorian_clock_skew_total');
    this.#skewed[slot] = skewed ? 1 : 0;
    this.#mark(slot, this.#countedIn(slot));
  }

  #report(dropped: number): void {
    if (this.#accepted > 0) this.#metrics.count('praetorian_heartbeats_total', this.#accepted);
    if (this.#stale > 0) this.#metrics.count('praetorian_signals_stale_total', this.#stale);
    if (dropped > 0) this.#metrics.count('praetorian_signals_dropped_total', dropped);
    this.#accepted = 0;
    this.#stale = 0;
  }

  #grow(slot: AgentSlot): void {
    const old = this.#instructions.length;
    const capacity = capacityFor(slot, old);
    this.#rows = grownFloat64(this.#rows, 2 * capacity, 0);
    // No number has been seen, and none is below it.
    for (let at = old; at < capacity; at += 1) this.#rows[2 * at] = -1;
    this.#instructions = grownUint8(this.#instructions, capacity);
    this.#skewed = grownUint8(this.#skewed, capacity);
    for (let at = old; at < capacity; at += 1) {
      this.#verified.push(null);
      this.#lastBeats.push(undefined);
      this.#lastMetrics.push(undefined);
      this.#lastProgress.push(undefined);
    }
  }
}

function slotOf(fleet: MonitoredFleet, beat: Heartbeat | null): AgentSlot | undefined {
  if (typeof beat !== 'object' || beat === null) return undefined;
  return fleet.slotOf(beat.agentId);
}
