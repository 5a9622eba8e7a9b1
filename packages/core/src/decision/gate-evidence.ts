import type { EpochMs, Finding, Ms } from '../model/index.ts';
import { evidenceKinds, formatDuration, nothingHappened, onlyFlaps, wayOf } from '../model/index.ts';
import { forecast } from './gate-forecast.ts';
import type { GateFacts, Objection } from './gate-facts.ts';
import { askAgainMs } from './gate-facts.ts';
import { failedOnlyCheck } from './only-check.ts';
import { isProven } from './proof.ts';

/** Whether the answer has come is looked at this often. */
const lookAgainMs: Ms = 500;

/** In place of a kind of evidence. */
const none = 'none';

/**
 * Two independent kinds of evidence before anything destructive (R06). A proven exit suffices alone. After an attempt
 * that did not heal its failure is the second kind: the incident was proven when it began. One kind alone suffices only
 * for a restart, and only after it has lasted for `heartbeat.silentFor`, or twice what raised it where the agent offers no
 * other kind; where there is no restart a person decides then.
 */
export function evidence(facts: GateFacts): Objection | undefined {
  const { findings } = facts;
  // A failover has no place in the budget that says it was asked when it began: it is asked before the primary is touched.
  const isAsked = facts.begun && (facts.promotion === undefined || facts.acted === true);
  if (facts.ordered || isAsked) return undefined;
  if (onlyFlaps(findings)) return flaps(facts);
  if (nothingHappened(findings)) return forecast(facts);
  if (isProven(findings, facts.failedAttempts)) return confirming(facts);
  if (onlyBurns(findings)) return burns(facts);
  return oneKind(facts);
}

/**
 * One that fell silent was asked at once (R06 c). Before it is ended for that and something else, its answer is waited for:
 * one that answers nothing is proven to hang, and gets no time to end by itself.
 */
function confirming({
  agent,
  findings,
  now,
  rung,
  policy,
  asked,
  answeredAgoMs,
  stretch,
}: GateFacts): Objection | undefined {
  const silence = findings.find(({ kind }) => kind === 'heartbeat-timeout');
  const isKnown = findings.some(({ kind, proven }) => proven === true || kind === 'probe-failed');
  if (!silence || isKnown || !asked || answeredAgoMs === undefined || answeredAgoMs <= now - silence.since)
    return undefined;
  // A loaded guard gives it more time, and where it has no `/health` it is asked twice.
  const answeredBy = silence.since + 2 * (wayOf(policy.probes, 'health')?.timeoutMs ?? 0) * stretch + 1_000;
  if (now >= answeredBy) return undefined;
  return {
    until: Math.min(answeredBy, now + lookAgainMs),
    code: 'confirming',
    text: `${agent.id} is silent and was asked whether it is alive; a ${rung} waits for the answer.`,
    remedy: 'Wait for the answer; it takes twice the timeout of the health probe at most.',
  };
}

function oneKind(facts: GateFacts): Objection | undefined {
  const { findings, now, rung, policy } = facts;
  // How long something is unusual or foreseen does not lengthen how long something has been wrong.
  const since = Math.min(...findings.filter(isOfNow).map((finding) => finding.since), now);
  const allowedAt = since + policy.heartbeat.silentForMs;
  const [only = none] = evidenceKinds(findings);
  const check = failedOnlyCheck(facts);
  const lasts = check !== undefined && findings.some((one) => one.lasting === true && one.evidence === check);
  if ((lasts || now >= allowedAt) && findings.length > 0) return rung === 'restart' ? undefined : stands(facts, only);
  // Whether its check goes on failing shows with the next.
  const until = check ? Math.min(allowedAt, now + policy.probes.liveness.everyMs) : allowedAt;
  const remedy = check
    ? 'It offers no other kind: a restart is allowed when its checks have failed twice as long as makes them count.'
    : 'A second kind of evidence, or more time for a restart.';
  return only === 'heartbeat' ? silent(facts, { since, until, remedy }) : single(facts, { only, until, remedy });
}

/** Whether it answers is known only once it was asked, and the question is under way. */
function silent(
  facts: GateFacts,
  of: { readonly since: EpochMs; readonly until: EpochMs; readonly remedy: string },
): Objection {
  const { now, policy, answeredAgoMs, agent } = facts;
  const { since, until, remedy } = of;
  const answered = answeredAgoMs !== undefined && answeredAgoMs <= now - since;
  if (!answered) {
    const askedBy = now + policy.probes.health.timeoutMs + 1_000;
    return single(facts, { only: 'heartbeat', until: Math.min(until, askedBy), remedy });
  }
  const allowed = formatDuration(policy.heartbeat.silentForMs);
  return {
    until,
    code: 'silent-but-answering',
    text: `${agent.id} sends no heartbeat but answers when asked; a restart is allowed after ${allowed}.`,
    remedy,
  };
}

/** It works now: nothing is done to it because of what was, and it is not believed to be well either. */
function flaps({ agent, findings, now, policy }: GateFacts): Objection {
  const says = findings.find(({ kind }) => kind === 'flapping')?.text ?? '';
  const { low, windowMs } = policy.flapping;
  return {
    until: now + askAgainMs,
    code: 'flapping',
    text: `${agent.id} flaps: ${says}; it works now, and is left alone.`,
    remedy: `At most ${low} changes in ${formatDuration(windowMs)}; look for what comes and goes.`,
  };
}

/** It works, and worse than was promised: what is too small or too slow by nature is not mended by starting it again. */
function burns({ agent, findings, now }: GateFacts): Objection {
  const says = findings.find(({ kind }) => kind === 'slo-burn')?.text ?? '';
  return {
    until: now + askAgainMs,
    code: 'slo-alone',
    text: `${agent.id} misses its objective and nothing else speaks against it: ${says}.`,
    remedy: 'A second kind of evidence; or give it more resources, or objectives it can meet.',
  };
}

function onlyBurns(findings: readonly Finding[]): boolean {
  const ofNow = findings.filter((finding) => isOfNow(finding) && finding.kind !== 'not-ready');
  return ofNow.length > 0 && ofNow.every(({ kind }) => kind === 'slo-burn');
}

/** It has lasted, and only more than a restart is to be had: never by the guard alone, and not waited for in silence. */
function stands({ agent, rung, policy, now }: GateFacts, only: string): Objection {
  const text = `One kind of evidence alone (${only}) has stood against ${agent.id} long enough for a restart; a ${rung} needs a second, or a person.`;
  const acts = policy.mode === 'auto' || policy.mode === 'approve';
  return {
    ...(acts ? {} : { until: now + askAgainMs }),
    code: 'single-evidence',
    text,
    remedy: 'Look at the agent; order a respawn, or mend it by hand.',
  };
}

function isOfNow({ kind }: Finding): boolean {
  return kind !== 'anomaly' && kind !== 'exhaustion' && kind !== 'flapping';
}

function single(
  { agent, rung }: GateFacts,
  of: { readonly only: string; readonly until: number; readonly remedy: string },
): Objection {
  const text =
    of.only === none
      ? `Nothing stands against ${agent.id} now, and it is not known to be well; a ${rung} needs two kinds of evidence.`
      : `One kind of evidence alone (${of.only}) stands against ${agent.id}; a second is needed for a ${rung}.`;
  return { until: of.until, code: 'single-evidence', text, remedy: of.remedy };
}
