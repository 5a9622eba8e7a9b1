import type { Finding } from '../model/index.ts';
import { formatDuration } from '../model/index.ts';
import type { GateFacts, Objection } from './gate-facts.ts';
import { askAgainMs } from './gate-facts.ts';

/** Who may be heard again in a moment is looked for again after this. */
const soonMs = 1_000;

/**
 * Whether these rules have no say: an operator's order is their own judgement; an attempt that has done something
 * already is carried to its end, because half a recovery is worse; and a plan that only isolates destroys nothing, unless
 * another takes its place.
 */
function isExempt({ ordered, acted, rung, promotion }: GateFacts): boolean {
  return ordered || acted === true || (rung === 'escalate' && promotion === undefined);
}

/** The fleet breaker (R01). */
export function fleetBreaker(facts: GateFacts): Objection | undefined {
  const { fleetBreaker: of, agent, now } = facts;
  if (!of || of.breaker.state === 'closed' || isExempt(facts)) return undefined;
  const { breaker, unhealthy, size, inFlight, admitted } = of;
  const share = `${unhealthy} of ${size} agents of group ${agent.group} are unhealthy`;
  if (breaker.state === 'open') {
    const left = breaker.probeAt > now ? `in ${formatDuration(breaker.probeAt - now)}` : 'now';
    return {
      until: Math.max(breaker.probeAt, now + 250),
      code: 'fleet-breaker-open',
      text: `The fleet breaker is open, and one agent is tried ${left}: ${breaker.reason.text} Now ${share}.`,
      remedy: 'Find what they have in common; order a respawn to go past the breaker, or raise gate.breaker.threshold.',
    };
  }
  if (admitted || (!facts.begun && inFlight < breaker.allowed)) return undefined;
  return {
    until: now + askAgainMs,
    code: 'fleet-breaker-half-open',
    text: `The fleet breaker is half-open: ${inFlight} of ${breaker.allowed} canaries are in flight, ${share}.`,
    remedy: 'Nothing to do; when they are verified twice as many follow.',
  };
}

/** A partition is not a mass death (R04). */
export function partition(facts: GateFacts): Objection | undefined {
  const { silence, now } = facts;
  // Also one that comes back, and is not ready yet: only what is more than silence speaks against it.
  if (!silence || isExempt(facts) || isMoreThanSilence(facts.findings)) return undefined;
  const remedy =
    silence.code === 'canary-failed'
      ? 'Look at the network of the guard; it goes on by itself when the canaries answer.'
      : 'Look at the network between guard and agents; if they are dead, order their respawn.';
  const { code, text, soon = false } = silence;
  return { until: now + (soon ? soonMs : askAgainMs), code, text, remedy };
}

/** What the agent depends on comes first (R17). */
export function dependency(facts: GateFacts): Objection | undefined {
  const { dependency: of, agent, now } = facts;
  if (!of || isExempt(facts)) return undefined;
  const by = of.path.length > 2 ? ` (${of.path.join(' → ')})` : '';
  const incident = of.incidentId === undefined ? '' : `, incident ${of.incidentId}`;
  return {
    until: now + askAgainMs,
    code: 'dependency-failed',
    text: `${agent.id} depends on ${of.agentId}${by}, which is not well${incident}.`,
    remedy: `Heal ${of.agentId}; ${agent.id} is looked at again when it is well.`,
  };
}

/**
 * Nothing but silence stands against the agent: it is not heard, or was asked and did not answer. An exit, an answer
 * with an error, a verdict of the orchestrator are more than silence.
 */
export function isSilenceOnly(findings: readonly Finding[]): boolean {
  return findings.some(isSilence) && !isMoreThanSilence(findings);
}

function isMoreThanSilence(findings: readonly Finding[]): boolean {
  return findings.some((finding) => finding.kind !== 'not-ready' && !isSilence(finding));
}

function isSilence({ kind, proven, data }: Finding): boolean {
  if (proven === true) return false;
  return kind === 'heartbeat-timeout' || (kind === 'probe-failed' && data?.['answered'] !== true);
}
