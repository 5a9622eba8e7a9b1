import {
  type ApprovalsPolicy,
  type BreakerPolicy,
  type BurnPolicy,
  type ConfigOverride,
  type FailoverPolicy,
  type FlappingPolicy,
  type LadderPolicy,
  type Policy,
  type ProbePolicy,
  type ProbesPolicy,
  type ProbeWay,
  type RecurrencePolicy,
  type RungPolicy,
  type SharedLimit,
  strictestMode,
} from '../model/index.ts';
import {
  type AgentSection,
  type ConfigDocument,
  type GroupSection,
  type PartialSections,
  sectionNames,
  type Sections,
} from './document.ts';
import { fitLabels } from './fit-labels.ts';
import type { PolicyOf } from './guard-config.ts';
import { type Labels, modeOfLabels, policyLabels, sectionsOfLabels } from './labels.ts';
import { toPrediction, toTrends } from './policy-trends.ts';
import { deepFreeze, overlay } from './plain.ts';

/** Distinct policies kept: labels come from outside, and a fleet with a path per agent must not fill the memory. */
const mostCached = 10_000;

/**
 * The policy of every agent: defaults, then group, then labels, then agent in config. Agents with the same group, the
 * same relevant labels and nothing of their own in the config share one frozen object.
 */
export function policyOf(document: ConfigDocument, defaultGroup: GroupSection): PolicyOf {
  const cache = new Map<string, Policy>();
  return (agent) => {
    const own = Object.hasOwn(document.agents, agent.id) ? document.agents[agent.id] : undefined;
    const key = cacheKey(agent, own !== undefined);
    const known = cache.get(key);
    if (known) return known;
    const policy = deepFreeze(
      policyFor(document, groupOf(document, agent.group, defaultGroup), { labels: agent.labels, own }),
    );
    if (cache.size >= mostCached) cache.clear();
    cache.set(key, policy);
    return policy;
  };
}

function groupOf(document: ConfigDocument, name: string, defaultGroup: GroupSection): GroupSection {
  return Object.hasOwn(document.groups, name) ? (document.groups[name] as GroupSection) : defaultGroup;
}

function cacheKey(agent: Parameters<PolicyOf>[0], hasOwn: boolean): string {
  let key = agent.group;
  for (const name of policyLabels) {
    const value = agent.labels[name];
    if (value !== undefined) key += `\n${name}=${value.length}:${value}`;
  }
  return hasOwn ? `${key}\n\n${agent.id}` : key;
}

function policyFor(
  document: ConfigDocument,
  group: GroupSection,
  agent: { readonly labels: Labels; readonly own: AgentSection | undefined },
): Policy {
  const sections = mergeSections(document, [group, sectionsOfLabels(agent.labels), agent.own ?? {}]);
  const labelled = modeOfLabels(agent.labels, group.mode);
  return toPolicy(fitLabels(sections, agent.labels, agent.own), {
    ...group,
    mode: agent.own?.mode ? strictestMode(labelled, agent.own.mode) : labelled,
  });
}

/** Sections of the top with those of the levels below laid over them, last one wins; lists are replaced whole. */
export function mergeSections(document: Sections, levels: readonly PartialSections[]): Sections {
  const merged = sectionNames.map((name) => [
    name,
    levels.reduce<unknown>((held, level) => overlay(held, level[name]), document[name]),
  ]);
  return Object.fromEntries(merged) as Sections;
}

/** From the keys people write to those of the model: the one place where the two meet. */
function toPolicy(sections: Sections, group: GroupSection): Policy {
  const { heartbeat, slo, gate, watch, checkpoints, errors, severity } = sections;
  return {
    mode: group.mode,
    heartbeat: {
      expect: heartbeat.expect,
      everyMs: heartbeat.every,
      timeoutMs: heartbeat.timeout,
      detector: heartbeat.detector,
      pauseMs: heartbeat.pause,
      stalledForMs: heartbeat.stalledFor,
      silentForMs: heartbeat.silentFor,
    },
    probes: toProbes(sections.probes),
    slo: {
      availability: slo.availability,
      latencyP95Ms: slo.latencyP95,
      latencyP99Ms: slo.latencyP99,
      errorRate: slo.errorRate,
      successRate: slo.successRate,
      forMs: slo.for,
      clearBelow: slo.clearBelow,
      errorRateFactor: slo.errorRateFactor,
      latencyFactor: slo.latencyFactor,
      burn: toBurn(slo.burn),
    },
    trends: toTrends(sections.trends),
    prediction: toPrediction(sections.prediction),
    errors: {
      windowMs: errors.window,
      min: errors.min,
      novelMin: errors.novelMin,
      burst: errors.burst,
      logsEveryMs: errors.logs.every,
    },
    severity: { escalateFailures: severity.escalateFailures, rules: severity.rules },
    ladder: toLadder(sections.ladder),
    gate: {
      attempts: gate.attempts.map(({ max, per }) => ({ max, perMs: per })),
      budgets: { group: toBudget(gate.budgets.group), global: toBudget(gate.budgets.global) },
      backoff: { baseMs: gate.backoff.base, capMs: gate.backoff.cap, resetAfterMs: gate.backoff.resetAfter },
      settleMs: gate.settle,
      inFlight: gate.inFlight,
      progressWindowMs: gate.progressWindow,
      approvalTtlMs: gate.approvalTtl,
      breaker: toBreaker(gate.breaker),
    },
    failover: toFailover(sections.failover),
    approvals: toApprovals(sections.approvals),
    watch: { everyMs: watch.every, forMs: watch.for },
    checkpoints: { keep: checkpoints.keep, maxAgeMs: checkpoints.maxAge, everyMs: checkpoints.every },
    learning: { ranking: sections.learning.ranking },
    flapping: toFlapping(sections.flapping),
    recurrence: toRecurrence(sections.recurrence),
    assessor: group.assessor,
    strategy: group.strategy,
    detectors: group.detectors,
  };
}

function toBurn({ window, latencyObjective, minRequests, minSamples, rates }: Sections['slo']['burn']): BurnPolicy {
  return {
    windowMs: window,
    latencyObjective,
    minRequests,
    minSamples,
    rates: rates.map(({ alert, factor, long, short }) => ({ alert, factor, longMs: long, shortMs: short })),
  };
}

function toFailover({ when, maxLag, rest }: Sections['failover']): FailoverPolicy {
  return { when, maxLagMs: maxLag, restMs: rest };
}

function toFlapping({ window, high, low }: Sections['flapping']): FlappingPolicy {
  return { windowMs: window, high, low };
}

function toRecurrence(recurrence: Sections['recurrence']): RecurrencePolicy {
  const { defectAfter, defectWindow, movesMax, movesWindow } = recurrence;
  return { defectAfter, defectWindowMs: defectWindow, movesMax, movesWindowMs: movesWindow };
}

function toApprovals({ quorum, remindEvery, secondTierAfter, onExpiry }: Sections['approvals']): ApprovalsPolicy {
  return { quorum, remindEveryMs: remindEvery, secondTierAfterMs: secondTierAfter, onExpiry };
}

function toProbes(probes: Sections['probes']): ProbesPolicy {
  const way = ({ type, path, port, command, timeout }: Sections['probes']['health']): ProbeWay => ({
    type,
    path,
    timeoutMs: timeout,
    ...(port === undefined ? {} : { port }),
    ...(command === undefined ? {} : { command }),
  });
  const probe = (section: Sections['probes']['liveness']): ProbePolicy => ({
    ...way(section),
    everyMs: section.every,
    failures: section.failures,
    successes: section.successes,
  });
  return {
    health: way(probes.health),
    liveness: probe(probes.liveness),
    readiness: probe(probes.readiness),
    performance: probe(probes.performance),
    tls: probes.tls,
    startGraceMs: probes.startGrace,
    jitter: probes.jitter,
  };
}

function toBreaker({ threshold, least, window, coolDown, coolDownCap }: Sections['gate']['breaker']): BreakerPolicy {
  return { threshold, least, windowMs: window, coolDownMs: coolDown, coolDownCapMs: coolDownCap };
}

function toBudget({ share, least, per }: Sections['gate']['budgets']['group']): SharedLimit {
  return { share, least, perMs: per };
}

type RungSection = Sections['ladder']['restart'];

function toRung({ timeout, grace, drain, backoff }: RungSection): RungPolicy {
  const { base, cap } = backoff ?? {};
  const own = { ...(base === undefined ? {} : { baseMs: base }), ...(cap === undefined ? {} : { capMs: cap }) };
  return {
    timeoutMs: timeout,
    graceMs: grace,
    ...(drain === undefined ? {} : { drainMs: drain }),
    ...(backoff === undefined ? {} : { backoff: own }),
  };
}

function toLadder(ladder: Sections['ladder']): LadderPolicy {
  const { restart, recreate, respawn, restartScope, drain, hungGrace, safeState, useWhen } = ladder;
  const override = respawn.configOverride;
  return {
    restart: toRung(restart),
    recreate: { ...toRung(recreate), restoreState: recreate.restoreState },
    respawn: {
      ...toRung(respawn),
      alternative: respawn.alternative,
      restoreState: respawn.restoreState,
      mode: respawn.mode,
      ...(override === undefined ? {} : { override: toOverride(override) }),
    },
    restartScope,
    drainMs: drain,
    hungGraceMs: hungGrace,
    safeState,
    useWhen,
  };
}

function toOverride({
  timeout,
  ...rest
}: NonNullable<Sections['ladder']['respawn']['configOverride']>): ConfigOverride {
  return { ...rest, ...(timeout === undefined ? {} : { timeoutMs: timeout }) };
}
