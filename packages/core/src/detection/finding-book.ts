import type { AgentSlot, AgentView, Evaluation, Suspicion } from '../contracts/index.ts';
import type { EpochMs, Finding } from '../model/index.ts';

export interface Cleared {
  readonly agentId: string;
  readonly findingId: string;
}

/** What one evaluation changed. */
export interface BookChange {
  /** New, or worse or surer than before. */
  readonly raised: readonly Finding[];
  readonly cleared: readonly Cleared[];
}

const none: readonly Finding[] = [];
const nothing: BookChange = { raised: [], cleared: [] };

/** The findings that stand against each agent. Only agents under suspicion are in it. */
export class FindingBook {
  readonly #bySlot = new Map<AgentSlot, readonly Finding[]>();

  of(slot: AgentSlot): readonly Finding[] {
    return this.#bySlot.get(slot) ?? none;
  }

  /** A detector's whole opinion of an agent takes the place of its last one. */
  update(detector: string, { slot, suspicions }: Evaluation, view: AgentView, now: EpochMs): BookChange {
    const standing = this.of(slot);
    if (suspicions.length === 0 && standing.length === 0) return nothing;
    const before = standing.filter((finding) => finding.detector === detector);
    const after = suspicions.map((suspicion) => findingOf(detector, suspicion, view, { before, now }));
    const kept = new Set(after.map(({ id }) => id));
    this.#set(slot, [...standing.filter((finding) => finding.detector !== detector), ...after]);
    return {
      raised: after.filter((finding) => saysMore(finding, before)),
      cleared: before.filter(({ id }) => !kept.has(id)).map(({ id, agentId }) => ({ agentId, findingId: id })),
    };
  }

  /** Forgets what stands against the agent, or only what one detector said; returns what that clears. */
  clear(slot: AgentSlot, detector?: string): readonly Cleared[] {
    const standing = this.of(slot);
    const gone = detector === undefined ? standing : standing.filter((finding) => finding.detector === detector);
    this.#set(slot, detector === undefined ? none : standing.filter((finding) => finding.detector !== detector));
    return gone.map(({ id, agentId }) => ({ agentId, findingId: id }));
  }

  #set(slot: AgentSlot, findings: readonly Finding[]): void {
    if (findings.length === 0) this.#bySlot.delete(slot);
    else this.#bySlot.set(slot, findings);
  }
}

function findingOf(
  detector: string,
  { kind, evidence, implies, strength, text, signature, proven, lasting, data }: Suspicion,
  view: AgentView,
  { before, now }: { readonly before: readonly Finding[]; readonly now: EpochMs },
): Finding {
  // One kind may be suspected on two kinds of evidence, and the gate counts evidence.
  const id = `${detector}:${kind}:${evidence}`;
  const { agent } = view;
  return {
    id,
    agentId: agent.id,
    detector,
    kind,
    evidence,
    implies,
    strength,
    text,
    signature,
    ...(proven === undefined ? {} : { proven }),
    ...(lasting === undefined ? {} : { lasting }),
    ...(data === undefined ? {} : { data }),
    since: before.find((finding) => finding.id === id)?.since ?? now,
    ...(agent.instance ? { instanceId: agent.instance.id } : {}),
  };
}

/** Figures in its text change all the time; what decides is whether it means more than it did. */
function saysMore(finding: Finding, before: readonly Finding[]): boolean {
  const last = before.find(({ id }) => id === finding.id);
  if (!last) return true;
  return (
    last.implies !== finding.implies ||
    last.strength !== finding.strength ||
    last.proven !== finding.proven ||
    last.signature !== finding.signature ||
    // A rule may ask for a pattern, so that one more means something else.
    last.data?.['patterns'] !== finding.data?.['patterns']
  );
}
