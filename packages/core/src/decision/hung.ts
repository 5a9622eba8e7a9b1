import type { IncidentFacts } from '../contracts/index.ts';
import type { Capability, Decision, EvidenceKind, Finding, Ms, Plan, Reason, Rung } from '../model/index.ts';
import { formatDuration, respawnMode } from '../model/index.ts';

/** As many independent kinds of evidence prove that an agent hangs. */
const leastKinds = 2;

/**
 * The kinds of evidence that prove an agent to hang, that is to be stopped or deadlocked: it sends no heartbeat though it
 * should, it takes questions and answers none, its orchestrator finds it unhealthy. None, unless there are two and
 * nothing speaks against them. Against them speak an end that was seen, an answer of whatever kind, a port that refuses
 * (so closes who is ending by itself), a heartbeat that is not overdue, and figures that arrive all the same. That its work
 * stands still is no kind of its own here: it says so itself, and so runs.
 */
export function hungBy(facts: Pick<IncidentFacts, 'now' | 'findings' | 'signs' | 'policy'>): readonly EvidenceKind[] {
  const { now, findings, signs, policy } = facts;
  if (!signs || findings.some(speaksAgainst)) return [];
  const heardAt = signs.heardAgoMs === undefined ? -Infinity : now - signs.heardAgoMs;
  const silent = findings.filter((finding) => isSilence(finding) && finding.since > heardAt);
  const kinds = new Set(silent.map(({ evidence }) => evidence));
  // In every way in which it is usually heard it has to have fallen silent.
  if (signs.beats && policy.heartbeat.expect !== 'off' && !kinds.has('heartbeat')) return [];
  if (signs.answers && !kinds.has('probe')) return [];
  return kinds.size >= leastKinds ? [...kinds].sort() : [];
}

/** Its end was seen, or it answers badly or refuses to: nobody hangs who does. */
function speaksAgainst({ kind, proven, data }: Finding): boolean {
  return proven === true || (kind === 'probe-failed' && data?.['silent'] !== true);
}

function isSilence({ kind, evidence }: Finding): boolean {
  // An agent may also say of itself, in a heartbeat, that it is unhealthy.
  return (
    kind === 'heartbeat-timeout' || kind === 'probe-failed' || (kind === 'unhealthy' && evidence === 'orchestrator')
  );
}

/** How long an instance gets to end by itself. */
export interface Grace {
  readonly graceMs: Ms;
  /** Why it is less than the rung gives. */
  readonly shortGrace?: Reason;
}

/**
 * What the rung gives, or for an agent that is proven to hang at most `ladder.hungGrace`: it cannot use the time, and its
 * recovery waits for it. Beside a new instance the old one keeps its time, because nobody waits then.
 */
export function graceOn(facts: IncidentFacts, rung: Exclude<Rung, 'escalate'>, can: readonly Capability[]): Grace {
  const { ladder } = facts.policy;
  const { graceMs } = ladder[rung];
  const { hungGraceMs = graceMs } = ladder;
  if (hungGraceMs >= graceMs) return { graceMs };
  if (rung === 'respawn' && respawnMode(can, ladder.respawn.mode) === 'beside') return { graceMs };
  const kinds = hungBy(facts);
  if (kinds.length === 0) return { graceMs };
  const when = hungGraceMs === 0 ? 'at once' : `after ${formatDuration(hungGraceMs)}`;
  const text = `${facts.agent.id} hangs (${kinds.join(', ')}) and cannot end by itself: it is killed ${when}, not after ${formatDuration(graceMs)}.`;
  return {
    graceMs: hungGraceMs,
    shortGrace: { code: 'hung', text, remedy: 'Raise ladder.hungGrace to give it more.' },
  };
}

/** That an instance is killed sooner than the rung says is told wherever it is told what is done. */
export function tellingGrace(proposal: Decision<Plan>): Decision<Plan> {
  if (!proposal.act || !proposal.value.shortGrace) return proposal;
  const text = `${proposal.reason.text} ${proposal.value.shortGrace.text}`;
  return { ...proposal, reason: { ...proposal.reason, text } };
}
