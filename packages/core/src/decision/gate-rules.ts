import type { ReasonCode, RuleResult } from '../model/index.ts';
import { evidenceKinds, formatDuration } from '../model/index.ts';
import type { GateFacts, GateRule } from './gate-facts.ts';

/** How long a standing no lasts before it is asked again; an event asks sooner. */
const askAgainMs = 30_000;

/** The rules of the gate, in the order in which a person would ask them. */
export const gateRules: readonly GateRule[] = [
  {
    name: 'owner',
    says: 'This guard owns the group.',
    check: (facts) =>
      facts.owned
        ? undefined
        : wait(
            'owner',
            facts,
            facts.now + askAgainMs,
            'lease-lost',
            'This guard does not own the group now.',
            'Another guard will act.',
          ),
  },
  {
    name: 'mode',
    says: 'The mode of the group allows acting.',
    check: ({ ordered, policy: { mode }, rung, now, agent, ...rest }) => {
      if (ordered || mode === 'auto' || mode === 'approve') return undefined;
      const code = mode === 'observe' ? 'mode-observe' : 'mode-dry-run';
      const text = `Group ${agent.group} is in mode ${mode}; the guard would ${rung} ${agent.id}.`;
      return wait(
        'mode',
        { now, ...rest },
        now + askAgainMs,
        code,
        text,
        `Set groups.${agent.group}.mode to auto or approve.`,
      );
    },
  },
  {
    name: 'hold',
    says: 'No hold covers the agent.',
    check: (facts) => {
      const { hold } = facts;
      if (!hold) return undefined;
      const left = formatDuration(hold.until - facts.now);
      return wait(
        'hold',
        facts,
        hold.until,
        'hold',
        `${hold.by} holds it for another ${left}: ${hold.reason}.`,
        `Release hold ${hold.id}.`,
      );
    },
  },
  {
    name: 'settled',
    says: 'The guard has seen the whole fleet since its start.',
    check: (facts) =>
      facts.settled
        ? undefined
        : wait(
            'settled',
            facts,
            Math.max(facts.settledAt, facts.now + 250),
            'settling',
            'The guard has just started and is still getting to know the fleet.',
            'Nothing to do; it settles by itself.',
          ),
  },
  {
    name: 'one-recovery',
    says: 'No other recovery touches the same agents.',
    check: (facts) =>
      facts.inRecovery.length === 0
        ? undefined
        : wait(
            'one-recovery',
            facts,
            facts.now + 1_000,
            'recovery-in-progress',
            `Under recovery already: ${facts.inRecovery.join(', ')}.`,
            'It is asked again when that is over.',
          ),
  },
  {
    name: 'selected',
    says: 'The action touches selected agents only.',
    check: (facts) =>
      facts.unselected.length === 0
        ? undefined
        : refuse(
            'selected',
            'affects-unselected',
            `The action would touch agents that are not selected: ${facts.unselected.join(', ')}.`,
            'Select them too, or allow only actions on one instance.',
          ),
  },
  {
    name: 'scope',
    says: 'The action stays within the allowed scope.',
    check: (facts) =>
      facts.affects.length <= 1 || facts.policy.ladder.restartScope === 'workload'
        ? undefined
        : refuse(
            'scope',
            'affects-unselected',
            `The action would touch ${facts.affects.length} agents: ${facts.affects.join(', ')}.`,
            'Set ladder.restartScope to workload to allow it.',
          ),
  },
  { name: 'operator', says: 'Nobody stopped the instance by hand.', check: byHand },
  { name: 'evidence', says: 'Two kinds of evidence, or a proven exit, stand against it.', check: evidence },
  { name: 'progress', says: 'It reports no progress that would speak for it.', check: progress },
  {
    name: 'backoff',
    says: 'The last attempt is long enough ago.',
    check: (facts) =>
      facts.begun || facts.now >= facts.notBefore
        ? undefined
        : wait(
            'backoff',
            facts,
            facts.notBefore,
            'backoff',
            `The next attempt waits another ${formatDuration(facts.notBefore - facts.now)}.`,
            'Nothing to do; the wait is drawn with jitter.',
          ),
  },
  { name: 'attempts', says: 'The agent has attempts left.', check: attempts },
  {
    name: 'in-flight',
    says: 'Few enough recoveries of the group are under way.',
    check: (facts) => {
      const max = Math.max(1, Math.floor(facts.groupSize * facts.policy.gate.inFlight));
      if (facts.begun || facts.groupInFlight < max) return undefined;
      const text = `${facts.groupInFlight} of at most ${max} recoveries of group ${facts.agent.group} are under way.`;
      return wait(
        'in-flight',
        facts,
        facts.now + 1_000,
        'group-in-flight',
        text,
        'Raise gate.inFlight to allow more at once.',
      );
    },
  },
];

function byHand(facts: GateFacts): RuleResult | undefined {
  const state = facts.agent.instance?.state;
  if (facts.ordered || (state !== 'stopped' && state !== 'paused')) return undefined;
  return wait(
    'operator',
    facts,
    facts.now + askAgainMs,
    'stopped-by-operator',
    `Somebody ${state} ${facts.agent.id} by hand; it is left alone.`,
    'Start it again, or order a respawn.',
  );
}

/**
 * Two independent kinds of evidence before anything destructive (R06). A proven exit suffices alone. After an attempt
 * that did not heal its failure is the second kind: the incident was proven when it began. One kind alone suffices only
 * for a restart, and only after it has lasted for `heartbeat.silentFor`.
 */
function evidence(facts: GateFacts): RuleResult | undefined {
  if (facts.ordered || facts.begun || facts.findings.some((finding) => finding.proven)) return undefined;
  const kinds = evidenceKinds(facts.findings);
  if (kinds.size >= 2 || (kinds.size === 1 && facts.failedAttempts > 0)) return undefined;
  const only = [...kinds][0] ?? 'none';
  const since = Math.min(...facts.findings.map((finding) => finding.since), facts.now);
  const until = since + facts.policy.heartbeat.silentForMs;
  // It answered after it fell silent: that is known only once it was asked.
  const answering =
    only === 'heartbeat' && facts.answeredAgoMs !== undefined && facts.answeredAgoMs <= facts.now - since;
  if (facts.now >= until && facts.rung === 'restart' && facts.findings.length > 0) return undefined;
  const code: ReasonCode = answering ? 'silent-but-answering' : 'single-evidence';
  const text = answering
    ? `${facts.agent.id} sends no heartbeat but answers when asked; a restart is allowed after ${formatDuration(facts.policy.heartbeat.silentForMs)}.`
    : `Only ${only} stands against ${facts.agent.id}; a second kind of evidence is needed for a ${facts.rung}.`;
  // Silent and not yet asked: the answer is under way, and a second kind of evidence with it.
  const askedBy = facts.now + facts.policy.probes.health.timeoutMs + 1_000;
  const again =
    facts.now >= until ? facts.now + askAgainMs : only === 'heartbeat' && !answering ? Math.min(until, askedBy) : until;
  return wait('evidence', facts, again, code, text, 'A second kind of evidence, or more time for a restart.');
}

/** Busy is not dead (R07): slowness alone is no reason while work advances. */
function progress(facts: GateFacts): RuleResult | undefined {
  if (facts.ordered || facts.begun || facts.health === 'failed') return undefined;
  if (
    !facts.findings.some((finding) => finding.kind === 'slow') ||
    facts.findings.some((finding) => finding.kind !== 'slow' && finding.kind !== 'not-ready')
  )
    return undefined;
  if (facts.progressAgoMs === undefined || facts.progressAgoMs > facts.policy.gate.progressWindowMs) return undefined;
  const text = `${facts.agent.id} is slow, but its work advanced ${formatDuration(facts.progressAgoMs)} ago.`;
  return wait(
    'progress',
    facts,
    facts.now + Math.max(1_000, facts.policy.gate.progressWindowMs - facts.progressAgoMs),
    'progress-veto',
    text,
    'Progress that stands still, or further evidence.',
  );
}

/** The durable budget (R09). An exhausted budget is not waited for in silence: a person is told. */
function attempts(facts: GateFacts): RuleResult | undefined {
  if (facts.begun || facts.budget.allowed) return undefined;
  const limit = facts.budget.limit;
  const spent = limit ? `${limit.max} attempts in ${formatDuration(limit.perMs)}` : 'its attempts';
  const text = `${facts.agent.id} has used up ${spent}; the next would be allowed in ${formatDuration(facts.budget.at - facts.now)}.`;
  return refuse('attempts', 'attempt-budget-exhausted', text, 'Heal it by hand, or raise gate.attempts.');
}

function wait(
  rule: string,
  facts: { readonly now: number },
  until: number,
  code: ReasonCode,
  text: string,
  remedy: string,
): RuleResult {
  return { rule, verdict: 'wait', untilMs: Math.max(until, facts.now), reason: { code, text, remedy } };
}

function refuse(rule: string, code: ReasonCode, text: string, remedy: string): RuleResult {
  return { rule, verdict: 'refuse', reason: { code, text, remedy } };
}
