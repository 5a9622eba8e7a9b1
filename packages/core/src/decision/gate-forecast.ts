import type { Finding, Ms } from '../model/index.ts';
import { foreseenOnly, formatDuration } from '../model/index.ts';
import type { Activity, GateFacts, Objection } from './gate-facts.ts';
import { askAgainMs } from './gate-facts.ts';

/** How often a busy agent is looked at for a quiet moment. */
const lookMs: Ms = 5_000;

/**
 * Nothing has happened: the agent's figures are unusual, or it is foreseen that one of them runs out. Unusual figures
 * alone are never a reason (R22). What is foreseen allows a restart and nothing more, if the group wants that, not too
 * early, and only while an answer of the agent and its figures are of now.
 */
export function forecast(facts: GateFacts): Objection | undefined {
  const { agent, findings, now, policy } = facts;
  const foreseen = foreseenOnly(findings);
  if (!foreseen) {
    const text = `Only unusual figures stand against ${agent.id}: ${findings.map(({ text: says }) => says).join('; ')}.`;
    return { until: now + askAgainMs, code: 'anomaly-alone', text, remedy: 'Evidence of another kind.' };
  }
  const unwanted = notWanted(facts, foreseen);
  if (unwanted) return unwanted;
  const leftMs = timeLeft(foreseen);
  const { withinMs } = policy.prediction;
  if (leftMs > withinMs) {
    const text = `${foreseen.text}; a restart is allowed ${formatDuration(withinMs)} before.`;
    const until = now + Math.min(askAgainMs, leftMs - withinMs);
    return { until, code: 'prediction-early', text, remedy: 'Raise prediction.within to act earlier.' };
  }
  return unconfirmed(facts);
}

/** Only in a quiet moment, as long as there is time to wait for one. */
export function quiet(facts: GateFacts): Objection | undefined {
  const { agent, findings, now, policy, activity } = facts;
  const foreseen = foreseenOnly(findings);
  if (!foreseen || facts.ordered || facts.begun || policy.prediction.mode !== 'act') return undefined;
  const busy = busyWith(activity ?? {}, policy.prediction.quiet);
  const spareMs = timeLeft(foreseen) - policy.prediction.marginMs;
  if (busy === undefined || spareMs <= 0) return undefined;
  return {
    until: now + Math.min(lookMs, spareMs),
    code: 'not-quiet',
    text: `${agent.id} ${busy}; a quiet moment is waited for, at most ${formatDuration(Math.round(spareMs / 1_000) * 1_000)}.`,
    remedy: 'A quiet moment, or prediction.quiet that asks for less.',
  };
}

function notWanted({ agent, now, policy, rung }: GateFacts, { text: says, data }: Finding): Objection | undefined {
  const { mode, metrics, marginMs } = policy.prediction;
  const until = now + askAgainMs;
  const where = `groups.${agent.group}.prediction`;
  if (!metrics.some((metric) => metric === data?.['metric'])) {
    const text = `${says}; that alone is no reason to restart it beforehand.`;
    return { until, code: 'prediction-off', text, remedy: `Add it to ${where}.metrics.` };
  }
  if (mode === 'off') {
    const text = `${says}; the group does not want anything to be done beforehand.`;
    return { until, code: 'prediction-off', text, remedy: `Set ${where}.mode to suggest or act.` };
  }
  if (rung !== 'restart') {
    const text = `${says}; beforehand only a restart is allowed, not a ${rung}.`;
    return { until, code: 'prediction-limited', text, remedy: 'Order a respawn, or mend it by hand.' };
  }
  if (mode === 'act') return undefined;
  const text = `${says}; the guard would restart ${agent.id} in a quiet moment, ${formatDuration(marginMs)} before at the latest.`;
  return { until, code: 'prediction-suggested', text, remedy: `Set ${where}.mode to act, or restart it by hand.` };
}

/** The agent answered a question of the guard, and reported figures, within two rounds of both. */
function unconfirmed({ agent, now, policy, answeredAgoMs, figuresAgoMs }: GateFacts): Objection | undefined {
  const { performance, liveness } = policy.probes;
  const freshMs = 2 * Math.max(policy.heartbeat.everyMs, performance.everyMs, liveness.everyMs);
  const isFresh = (agoMs: Ms | undefined): boolean => agoMs !== undefined && agoMs <= freshMs;
  if (isFresh(answeredAgoMs) && isFresh(figuresAgoMs)) return undefined;
  const what = isFresh(figuresAgoMs) ? 'answered no question' : 'reported no figures';
  return {
    until: now + lookMs,
    code: 'prediction-unconfirmed',
    text: `${agent.id} has ${what} for more than ${formatDuration(freshMs)}; what was foreseen may not be so any more.`,
    remedy: 'An answer to a probe, and figures of now.',
  };
}

function timeLeft({ data }: Finding): Ms {
  const left = data?.['timeToLimitMs'];
  return typeof left === 'number' ? left : Infinity;
}

type Quiet = GateFacts['policy']['prediction']['quiet'];

/** What it is busy with; `undefined` when it is known to be quiet. */
function busyWith({ activeTasks, queueDepth, cpu, requestsPerSecond }: Activity, most: Quiet): string | undefined {
  const asked = most.requestsPerSecond === undefined ? undefined : requestsPerSecond;
  if ([activeTasks, queueDepth, cpu, asked].every((value) => value === undefined)) return 'does not say how busy it is';
  if ((activeTasks ?? 0) > most.activeTasks) return `works on ${activeTasks} tasks`;
  if ((queueDepth ?? 0) > most.queueDepth) return `has ${queueDepth} tasks waiting`;
  if ((cpu ?? 0) > most.cpu) return `uses ${cpu} of a processor`;
  if ((asked ?? 0) > (most.requestsPerSecond ?? 0)) return `serves ${asked} requests per second`;
  return undefined;
}
