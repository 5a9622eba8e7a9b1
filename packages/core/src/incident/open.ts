import type { Attempt, Finding, Health, Incident, Plan, Reason } from '../model/index.ts';
import { doingOf, evidenceKinds, formatDuration, isFlapping, signatureOf, windowReason } from '../model/index.ts';
import { beginAttempt } from './attempt.ts';
import { askApproval, askedAtOnce } from './approval.ts';
import type { DecideFacts, Decided, IncidentEvent } from './event.ts';
import { contain, isSecurityIncident } from './containment.ts';
import { isDryRun, objectionBeside, wouldHave } from './dry-run.ts';
import { leftoversOf, waitForLeftovers } from './leftovers.ts';
import { move, unchanged } from './move.ts';
import { isStuck } from './stuck.ts';

type Open = Extract<Incident, { state: 'open' }>;

/** How often an incident that waits for something is looked at again when nothing else is known, in ms. */
const lookAgainMs = 60_000;

/** How often it is asked whether people have answered about others. */
const crowdMs = 10_000;

/** Waits during which nothing is done for long, and of which people learn. */
const told: ReadonlySet<string> = new Set([
  'silent-but-answering',
  'slo-alone',
  'prediction-off',
  'prediction-suggested',
]);

/** An open incident decides: hold, resolve, plan, ask, wait or hand over. */
export function decideOpen(incident: Open, event: IncidentEvent, facts: DecideFacts): Decided {
  if (event.type === 'findings') {
    const joined = withFindings(incident, event.findings, event.health);
    if (!joined) return unchanged(incident);
    // A changed picture is a reason to decide again at once, unless an attempt has just failed and its backoff runs.
    const decided = decideNow({ ...incident, ...joined }, facts);
    const first = isFlapping(event.findings) && !isFlapping(incident.findings);
    if (first && !decided.entry) return flaps(decided.incident as Open, facts, facts.now + lookAgainMs);
    // Without a line of its own, at most the moment of the next look has moved.
    return decided.entry ? decided : join(decided.incident, facts, joined, incident);
  }
  if (event.type === 'due') return decideNow(incident, facts);
  return unchanged(incident);
}

function decideNow(incident: Open, facts: DecideFacts): Decided {
  if (facts.hold) return hold(incident, facts);
  if (isSound(facts) && !incident.requested) return soundNow(incident, facts);
  const ordered = incident.requested;
  const { plan, reason } = planNow(incident, facts);
  if (plan && facts.verdict.verdict === 'refuse') return leave(incident, facts, facts.verdict.reason);
  const atOnce = plan && askedAtOnce(plan, facts);
  if (plan && atOnce) return askInTurn(incident, facts, plan, atOnce);
  if (facts.verdict.verdict === 'wait') return waitOrTell(incident, facts, plan, reason);
  if (!plan) return leave(incident, facts, reason);
  const approval = ordered ? moreThanOne(incident, ordered) : approvalNeeded(incident, plan);
  if (approval) return askInTurn(incident, facts, plan, approval);
  const of = { plan, reason, by: ordered?.by };
  return plan.contain ? contain(incident, facts, { ...of, steps: facts.steps }) : begin(incident, facts, of);
}

/** Asks people, unless they have enough to answer of the same mass failure; what one of them ordered does not wait for that. */
function askInTurn(incident: Open, facts: DecideFacts, plan: Plan, reason: Reason): Decided {
  if (!facts.crowd || incident.requested) return askApproval(incident, facts, plan, reason);
  return wait(incident, facts, facts.now + crowdMs, facts.crowd);
}

/** A person's own plan comes before the strategy's. */
function planNow({ requested }: Open, { proposal }: DecideFacts): { readonly plan?: Plan; readonly reason: Reason } {
  if (requested) return { plan: requested.plan, reason: orderReason(requested) };
  return { reason: proposal.reason, ...(proposal.act ? { plan: proposal.value } : {}) };
}

/** In mode dry-run nothing is done either, and it is told what would be. */
function waitOrTell(incident: Open, facts: DecideFacts, plan: Plan | undefined, reason: Reason): Decided {
  const { verdict } = facts;
  const until = verdict.verdict === 'wait' ? verdict.untilMs : facts.now;
  if (!plan || !isDryRun(facts)) return wait(incident, facts, until, verdict.reason);
  const other = objectionBeside(facts);
  if (other) return wait(incident, facts, other.until, other.reason);
  return wouldHave(incident, facts, { plan, reason, approval: approvalNeeded(incident, plan) });
}

/** Nothing more can be tried: the agent is left in its declared safe state, and a person is told. */
function leave(incident: Open, facts: DecideFacts, reason: Reason): Decided {
  const { safeState } = facts;
  return safeState
    ? contain(incident, facts, { ...safeState, reason: { ...reason, code: 'safe-state' } })
    : escalate(incident, facts, reason);
}

/** An agent that is isolated looks sound because nothing reaches it: it is brought back first, or a person decides. */
function soundNow(incident: Open, facts: DecideFacts): Decided {
  const { comeBack } = facts;
  if (isSecurityIncident(incident)) {
    const text = `${incident.agentId} shows nothing any more, which does not prove that it is clean.`;
    const remedy = 'Resolve the incident to bring the agent back, or order a respawn.';
    return escalate(incident, facts, { code: 'security-incident', text, remedy });
  }
  if (!comeBack) return settleSound(incident, facts);
  const { verdict } = comeBack;
  if (verdict.verdict === 'wait') return wait(incident, facts, verdict.untilMs, verdict.reason);
  if (verdict.verdict === 'refuse') return escalate(incident, facts, verdict.reason);
  const { plan } = comeBack;
  if (plan.rung !== 'escalate' && incident.policy.mode === 'approve') {
    const text = `${incident.agentId} shows nothing any more and is still isolated; to bring it back it has to be ended.`;
    const remedy = 'Resolve the incident to have it recreated, or order a respawn.';
    return escalate(incident, facts, { code: 'mode-approve', text, remedy });
  }
  const text = `${incident.agentId} is sound again; it is brought back from isolation.`;
  return contain(incident, facts, { plan: comeBack.plan, steps: comeBack.steps, reason: { code: 'returning', text } });
}

/** Nothing stands against the agent; whether it shows life is another question. */
function isSound({ findings, health }: DecideFacts): boolean {
  return findings.length === 0 && health !== 'failed' && health !== 'degraded';
}

function orderReason(ordered: NonNullable<Incident['requested']>): Reason {
  return { code: 'operator-respawn', text: `${ordered.by} ordered a ${doingOf(ordered.plan)}.` };
}

function approvalNeeded(incident: Open, plan: Plan): Reason | undefined {
  if (plan.needsApproval) return plan.needsApproval;
  if (incident.policy.mode !== 'approve') return undefined;
  return {
    code: 'mode-approve',
    text: `Group ${incident.group} is in mode approve: a person has to agree to the ${doingOf(plan)}.`,
  };
}

/** Where several persons have to agree, an order is one vote and no way around the others. */
function moreThanOne({ policy }: Open, { by, plan }: NonNullable<Incident['requested']>): Reason | undefined {
  const { quorum } = policy.approvals;
  if (quorum <= 1) return undefined;
  return {
    code: 'approval-required',
    text: `${by} ordered a ${doingOf(plan)}; ${quorum} persons have to agree to it.`,
  };
}

/** Starts an attempt; its place in the budget is reserved in the same commit. */
export function begin(
  incident: Incident,
  facts: DecideFacts,
  of: {
    readonly plan: Plan;
    readonly reason: Reason;
    readonly by?: string | undefined;
    readonly approval?: Attempt['approval'];
  },
): Decided {
  const { plan, reason, by, approval } = of;
  const attempt = beginAttempt({
    number: incident.attempts.length + 1,
    plan,
    severity: facts.assessment.severity,
    steps: facts.steps,
    now: facts.now,
    instance: facts.instance,
    orderedBy: by,
    approval,
    proven: isProven(incident, facts),
    signature: facts.assessment.signature,
    canary: by === undefined ? facts.canary : undefined,
  });
  return move(incident, facts, {
    to: { state: 'acting', attempt },
    set: { assessment: facts.assessment, ...pictureOf(facts) },
    drop: ['requested'],
    type: 'attempt-started',
    reason,
    data: {
      attempt: attempt.number,
      rung: plan.rung,
      severity: facts.assessment.severity,
      factors: facts.assessment.factors.map((factor) => ({ ...factor })),
      ...(by === undefined ? {} : { by }),
      ...(approval ? { planHash: approval.planHash } : {}),
    },
    begins: true,
  });
}

/** Two kinds of evidence, a proven exit, or an earlier attempt that began on them. */
function isProven({ attempts }: Incident, { findings }: DecideFacts): boolean {
  if (findings.some((finding) => finding.proven) || evidenceKinds(findings).size >= 2) return true;
  return attempts.some((attempt) => attempt.proven);
}

function pictureOf(facts: DecideFacts): { readonly health: Health; readonly findings: DecideFacts['findings'] } {
  return { health: facts.health, findings: facts.findings };
}

function hold(incident: Open, facts: DecideFacts): Decided {
  const by = facts.hold as NonNullable<DecideFacts['hold']>;
  const held: Reason = {
    code: 'held',
    text: `${by.by} holds it for ${formatDuration(by.until - facts.now)}: ${by.reason}.`,
    remedy: `Release hold ${by.id}.`,
  };
  return move(incident, facts, {
    to: { state: 'held', holdId: by.id, until: by.until },
    type: 'held',
    reason: by.kind === 'window' ? windowReason(by, facts.now) : held,
  });
}

/** Nothing is wrong any more: proven for one watch interval, it is resolved without anything having been done. */
function settleSound(incident: Open, facts: DecideFacts): Decided {
  const neededMs = incident.policy.watch.everyMs;
  const left = waitForLeftovers(incident, facts);
  if (left) return left.entry ? left : later(incident, facts, facts.now + neededMs);
  return (
    selfRecovered(incident, facts) ??
    unseen(incident, facts) ??
    later(incident, facts, facts.now + (facts.unsettled ? neededMs : Math.max(neededMs - facts.soundForMs, 50)))
  );
}

/**
 * Proven sound for one watch interval: the incident is over. Not while the guard gets to know the fleet again: what it held
 * against the agent before its end it has not had the time to see anew.
 */
export function selfRecovered(incident: Incident, facts: DecideFacts): Decided | undefined {
  if (facts.unsettled || !isSound(facts) || facts.soundForMs < incident.policy.watch.everyMs) return undefined;
  if (leftoversOf(incident).length > 0) return undefined;
  const text = `${incident.agentId} has been sound for ${formatDuration(facts.soundForMs)} by itself.`;
  return move(incident, facts, {
    to: { state: 'resolved', outcome: 'self-recovered', resolvedAt: facts.now },
    set: { health: facts.health, findings: [] },
    type: 'resolved',
    reason: { code: 'self-recovered', text },
    notices: ['resolved'],
  });
}

/** Nothing is held against it and nothing is heard of it: after `silentFor` that does not end in silence. */
function unseen(incident: Open, facts: DecideFacts): Decided | undefined {
  const quietMs = facts.now - incident.changedAt;
  if (facts.health !== 'unknown' || facts.unsettled || quietMs < incident.policy.heartbeat.silentForMs)
    return undefined;
  const text = `Nothing has been heard of ${incident.agentId} for ${formatDuration(quietMs)}, and there is nothing to ask.`;
  return escalate(incident, facts, { code: 'unseen', text, remedy: 'Look whether the agent still runs.' });
}

/** Stays open until a moment; a line in the timeline only when the reason is another than before. */
function wait(incident: Open, facts: DecideFacts, until: number, reason: Reason): Decided {
  const nextAt = Math.max(until, facts.now + 50);
  if (!isKnownFlapping(incident, facts.findings) && isFlapping(facts.findings)) return flaps(incident, facts, nextAt);
  if (isKnownFlapping(incident, facts.findings)) return later({ ...incident, ...pictureOf(facts) }, facts, nextAt);
  const stuck = isStuck(incident, facts, reason);
  if (!stuck && incident.because.code === reason.code && sameSuspicions(incident.findings, facts.findings))
    return later(incident, facts, nextAt);
  return move(incident, facts, {
    to: { state: 'open', nextAt },
    set: { assessment: facts.assessment, ...pictureOf(facts), ...(stuck ? { stuckTold: true as const } : {}) },
    type: 'waiting',
    reason,
    // It stays degraded for long without anything being done: people learn of it.
    notices: stuck || facts.untold ? ['blocked'] : told.has(reason.code) ? ['degraded'] : [],
  });
}

/** It turned out to flap: people are told once, whatever else is being waited for. */
function flaps(incident: Open, facts: DecideFacts, nextAt: number): Decided {
  const finding = facts.findings.find(({ kind }) => kind === 'flapping');
  return move(incident, facts, {
    to: { state: 'open', nextAt },
    set: { assessment: facts.assessment, ...pictureOf(facts) },
    type: 'waiting',
    reason: {
      code: 'flapping',
      text: `${incident.agentId} flaps: ${finding?.text ?? ''}; you are told again when it is stable, or when something is done.`,
      remedy: 'Look for what comes and goes: load, a dependency, the network.',
    },
    notices: ['degraded'],
  });
}

/** The same suspicions, in whatever order, and by the same name: one that has another is another failure. */
function sameSuspicions(before: DecideFacts['findings'], now: DecideFacts['findings']): boolean {
  return before.length === now.length && before.every((one) => now.some((other) => isSame(one, other)));
}

function isSame(one: Finding, other: Finding): boolean {
  return one.id === other.id && one.signature === other.signature && patternsOf(one) === patternsOf(other);
}

/** A rule may ask for a pattern that is not the most frequent one. */
function patternsOf({ data }: Finding): unknown {
  return data?.['patterns'];
}

/** Looks again later without a line: only the alarm moves, so the stored incident may stay as it is. */
function later(incident: Open, facts: DecideFacts, nextAt: number): Decided {
  const at = Math.min(nextAt, facts.now + lookAgainMs);
  return { ...unchanged(incident), incident: { ...incident, nextAt: at } };
}

/** Hands over to a person. Nothing more is done by itself; recovery of the agent is still noticed. */
export function escalate(
  incident: Incident,
  facts: DecideFacts,
  reason: Reason,
  how: { readonly by?: string; readonly quiet?: boolean } = {},
): Decided {
  const { by, quiet = false } = how;
  return move(incident, facts, {
    to: { state: 'escalated', reason, escalatedAt: facts.now, ...(quiet ? { quiet } : {}) },
    set: { assessment: facts.assessment, ...pictureOf(facts), told: false },
    drop: ['requested'],
    type: 'escalated',
    reason,
    ...(by === undefined ? {} : { data: { by } }),
    notices: ['escalated'],
  });
}

interface Picture {
  readonly findings: DecideFacts['findings'];
  readonly health: Health;
  readonly signature: string;
}

/** The picture of the agent as members of the incident, or `undefined` when it is the same as before. */
export function withFindings(
  incident: Incident,
  findings: DecideFacts['findings'],
  health: Health,
): Picture | undefined {
  if (incident.health === health && sameSuspicions(incident.findings, findings)) return undefined;
  // The name of the failure stays when the suspicions go: the ledger needs it.
  return { findings, health, signature: findings.length > 0 ? signatureOf(findings) : incident.signature };
}

/** The picture changed and nothing follows from it: a line, while what was decided last stands (`because`). */
export function join(incident: Incident, facts: DecideFacts, picture: Picture, before: Incident = incident): Decided {
  if (isKnownFlapping(before, picture.findings))
    return { ...unchanged(incident), incident: { ...incident, ...picture } };
  return move(incident, facts, {
    set: { ...picture, because: incident.because },
    type: 'findings',
    reason: pictureReason(before, picture),
  });
}

/**
 * It is known that the agent flaps: that it does so once more is no line of the timeline and no message. The incident in
 * memory shows the present picture.
 */
function isKnownFlapping({ findings }: Incident, now: DecideFacts['findings']): boolean {
  return isFlapping(findings) && isFlapping(now);
}

/** What is new in the picture: a suspicion that joined, else one that went, else the health alone. */
function pictureReason(before: Incident, { findings, health }: Picture): Reason {
  const isOf = (those: DecideFacts['findings'], one: Finding): boolean => those.some((other) => isSame(one, other));
  const joined = findings.filter((finding) => !isOf(before.findings, finding)).at(-1);
  if (joined) return { code: 'finding-joined', text: joined.text };
  const gone = before.findings.filter((finding) => !isOf(findings, finding)).map(({ kind }) => kind);
  if (gone.length === 0) return { code: 'health-changed', text: `${before.agentId} is ${health} now.` };
  const left = [...new Set(findings.map(({ kind }) => kind))].join(', ');
  const rest = left === '' ? 'No suspicion stands against the agent any more.' : `Left: ${left}.`;
  return { code: 'finding-cleared', text: `No longer: ${[...new Set(gone)].join(', ')}. ${rest}` };
}
