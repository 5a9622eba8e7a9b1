import type { Clock, ControlPlane, Logger } from '../../contracts/index.ts';
import { messageOf } from '../../contracts/index.ts';
import type { Fleet } from '../../fleet/index.ts';
import type { AgentId, ControlCommand, EpochMs, GroupId, Ms } from '../../model/index.ts';
import { withDeadline } from '../../runtime/index.ts';
import type { Ownership } from '../ownership.ts';

/** What is so of an agent now, and needs no telling of what was so before. */
type Fact = Extract<ControlCommand, { readonly kind: 'status' | 'route' }>;

export interface ControlPlaneVoiceOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly fleet: Pick<Fleet, 'slotOf' | 'agent'>;
  readonly controlPlane: Pick<ControlPlane, 'apply'>;
  readonly ownership: Pick<Ownership, 'fence' | 'owns'>;
}

/** One kind of fact of one agent. */
interface Lane {
  /** Absent: the agent left while it was being told of. */
  wanted: Fact | undefined;
  isUnderWay: boolean;
  /** How often in a row this was told in vain, and when it is told again. */
  failures: number;
  againMs: Ms;
}

const kinds: readonly Fact['kind'][] = ['status', 'route'];
/** Most time the control plane has to answer. */
const answerMs: Ms = 5_000;
/** Pause before something is told again; it doubles each time, up to the longest. */
const pauseMs: Ms = 2_000;
const longestPauseMs: Ms = 60_000;
/** How often it is looked what is to be told again, and how much of it is told at once. */
const lookMs: Ms = 1_000;
const atOnceMax = 100;

/**
 * Tells the control plane what is so of each agent until it has taken it. One thing follows another, so that an older
 * state never comes after a newer one; what was overtaken before it was told is not told at all.
 */
export class ControlPlaneVoice {
  readonly #o: ControlPlaneVoiceOptions;
  readonly #lanes = new Map<string, Lane>();
  /** In every key: a control plane may still remember the keys of an earlier guard. */
  readonly #startedAt: EpochMs;
  #told = 0;
  #isLooking = false;

  constructor(options: ControlPlaneVoiceOptions) {
    this.#o = options;
    this.#startedAt = options.clock.now();
  }

  /** Tells it at once, or right after what is being told of the same now. */
  tell(fact: Fact): void {
    const name = nameOf(fact.kind, fact.agentId);
    const lane: Lane = this.#lanes.get(name) ?? { wanted: fact, isUnderWay: false, failures: 0, againMs: 0 };
    lane.wanted = fact;
    lane.failures = 0;
    this.#lanes.set(name, lane);
    if (!lane.isUnderWay) void this.#carry(name, lane);
  }

  /** The agent left: nothing more is told of it. */
  forget(agentId: AgentId): void {
    for (const kind of kinds) {
      const name = nameOf(kind, agentId);
      const lane = this.#lanes.get(name);
      if (!lane) continue;
      lane.wanted = undefined;
      // Whatever is told of it when it comes back has to wait for what is still on its way.
      if (!lane.isUnderWay) this.#lanes.delete(name);
    }
  }

  async #carry(name: string, lane: Lane): Promise<void> {
    lane.isUnderWay = true;
    let fact = lane.wanted;
    let why: string | undefined;
    while (fact) {
      why = await this.#refusal(fact);
      if (lane.wanted === fact) break;
      fact = lane.wanted;
    }
    lane.isUnderWay = false;
    this.#lanes.delete(name);
    if (!fact || why === undefined) return;
    lane.failures += 1;
    lane.againMs = this.#o.clock.monotonic() + Math.min(longestPauseMs, pauseMs * 2 ** (lane.failures - 1));
    // To the end: the others come first.
    this.#lanes.set(name, lane);
    const { agentId } = fact;
    if (lane.failures === 1)
      this.#o.log.warn({ agentId, err: why }, 'the control plane was not told; it is told again');
    this.#lookLater();
  }

  /** Why the control plane did not take it; `undefined`: it did, or knows something newer. */
  async #refusal(fact: Fact): Promise<string | undefined> {
    const { controlPlane, ownership, clock } = this.#o;
    const { kind, agentId } = fact;
    const fence = ownership.fence(this.#groupOf(agentId));
    this.#told += 1;
    // A key of its own each time: one that was refused would be answered with the same refusal for ever.
    const key = `reflect/${this.#startedAt}/${fence}/${agentId}/${this.#told}`;
    try {
      const receipt = await withDeadline(
        clock,
        (signal) => controlPlane.apply(fact, { key, fence }, { signal, traceId: nameOf(kind, agentId) }),
        answerMs,
        `Telling the control plane of ${agentId}`,
      );
      if (receipt.result === 'succeeded' || receipt.result === 'superseded') return undefined;
      return `${receipt.result}: ${receipt.text}`;
    } catch (thrown) {
      return messageOf(thrown);
    }
  }

  #lookLater(): void {
    if (this.#isLooking || this.#lanes.size === 0) return;
    this.#isLooking = true;
    // A timer that keeps no process alive: what is left to be told is no reason for that.
    const look = (): void => {
      this.#isLooking = false;
      this.#look();
    };
    this.#o.clock.timeout(lookMs).addEventListener('abort', look, { once: true });
  }

  /** Tells again what is due. */
  #look(): void {
    const { clock, ownership } = this.#o;
    const nowMs = clock.monotonic();
    let left = atOnceMax;
    for (const [name, lane] of this.#lanes) {
      const { wanted, isUnderWay, againMs } = lane;
      if (isUnderWay || !wanted) continue;
      const group = this.#groupOf(wanted.agentId);
      if (this.#isOver(wanted.agentId, group)) this.#lanes.delete(name);
      else if (left > 0 && againMs <= nowMs && ownership.owns(group)) {
        left -= 1;
        void this.#carry(name, lane);
      }
    }
    this.#lookLater();
  }

  /** It is no longer watched, or the guard has given its lease back and stops. */
  #isOver(agentId: AgentId, group: GroupId): boolean {
    const { fleet, ownership } = this.#o;
    return fleet.slotOf(agentId) === undefined || ownership.fence(group) === 0;
  }

  #groupOf(agentId: AgentId): GroupId {
    const { fleet } = this.#o;
    const slot = fleet.slotOf(agentId);
    return slot === undefined ? '' : (fleet.agent(slot)?.agent.group ?? '');
  }
}

function nameOf(kind: Fact['kind'], agentId: AgentId): string {
  return `${kind}/${agentId}`;
}
