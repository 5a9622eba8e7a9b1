import type { AgentSlot, Clock, Doubt } from '../../contracts/index.ts';
import type { SilenceFacts } from '../../decision/together-facts.ts';
import type { AgentId, GroupId, Ms, Policy } from '../../model/index.ts';

/** Fewer than this are no partition (R04). */
const leastQuiet = 3;
/** So many agents of the fleet are looked at at most. */
const sampleMax = 256;

/** What is known of one agent. */
export interface Heard {
  /** When it was heard last, or answered a probe well. */
  readonly heardMs: Ms;
  readonly policy: Policy;
  readonly group: GroupId;
}

export interface QuietPeersOptions {
  readonly clock: Clock;
  readonly doubt: Doubt;
  slotOf(agentId: AgentId): AgentSlot | undefined;
  /** The slots of the group, or of the whole fleet. */
  slots(group?: GroupId): Iterable<AgentSlot>;
  size(): number;
  /** `undefined`: there is nobody, it does not run, or it was never heard of. */
  heard(slot: AgentSlot): Heard | undefined;
}

/**
 * Whether others went quiet when an agent did, of which nothing is suspected yet (R04). The first of many whose silence
 * is noticed looks as if it were alone, and is acted on before the second is noticed: so before anything is done for
 * silence alone, one looks whether anybody else was heard meanwhile.
 */
export class QuietPeers {
  readonly #o: QuietPeersOptions;

  constructor(options: QuietPeersOptions) {
    this.#o = options;
  }

  /** Costs the size of the group; asked only of an agent against which nothing but silence stands. */
  with(agentId: AgentId): SilenceFacts | undefined {
    const slot = this.#o.slotOf(agentId);
    const own = slot === undefined ? undefined : this.#o.heard(slot);
    if (!own) return undefined;
    const { group } = own;
    const ofGroup = this.#count(this.#o.slots(group), own);
    if (ofGroup) return { ...told(ofGroup, `group ${group}`), soon: true };
    const step = Math.ceil(this.#o.size() / sampleMax);
    const ofFleet = this.#count(every(step, this.#o.slots()), own);
    return ofFleet && { ...told(ofFleet, 'the fleet'), soon: true };
  }

  #count(slots: Iterable<AgentSlot>, own: Heard): Count | undefined {
    const count = { quiet: 0, size: 0 };
    for (const slot of slots) {
      const other = this.#o.heard(slot);
      if (!other) continue;
      count.size += 1;
      if (this.#isQuietWith(other, own)) count.quiet += 1;
    }
    const { quiet, size } = count;
    return quiet >= leastQuiet && quiet >= own.policy.gate.breaker.threshold * size ? count : undefined;
  }

  /**
   * It was to be heard again after the other went quiet, and was not. A guard that doubts itself takes more for the same
   * moment, and never needs more silence to see that it is one of many.
   */
  #isQuietWith({ heardMs, policy }: Heard, own: Heard): boolean {
    const everyMs = usualMs(policy);
    const together = heardMs <= own.heardMs + everyMs * this.#o.doubt.stretch();
    return together && this.#o.clock.monotonic() - heardMs > everyMs;
  }
}

interface Count {
  readonly quiet: number;
  readonly size: number;
}

/** Signs of life come at least this often. */
function usualMs({ heartbeat, probes }: Policy): Ms {
  return Math.min(heartbeat.everyMs, probes.liveness.everyMs) * 1.5;
}

function told({ quiet, size }: Count, whose: string): SilenceFacts {
  const text = `${quiet} of ${size} agents of ${whose} were not heard since it fell silent, and nothing else speaks against it.`;
  return { code: 'silence-of-many', text };
}

function* every(step: number, slots: Iterable<AgentSlot>): Iterable<AgentSlot> {
  let at = 0;
  for (const slot of slots) {
    if (at % step === 0) yield slot;
    at += 1;
  }
}
