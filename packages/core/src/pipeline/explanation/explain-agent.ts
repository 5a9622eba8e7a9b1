import type { AgentStatus } from '../../contracts/index.ts';
import { onlyCheckOf } from '../../decision/only-check.ts';
import type { Reason } from '../../model/index.ts';
import { expectsHeartbeats, formatDuration, stillByHand, wayOf } from '../../model/index.ts';
import type { AgentSight } from '../members/view.ts';

/** What was heard of an agent last, in sentences. */
export function seenOf(status: AgentStatus, sight: AgentSight | undefined, now: number): readonly string[] {
  const { silentMs, health, since, agent } = status;
  const { answeredAgoMs, progressAgoMs } = sight ?? {};
  const lines = [
    `It has been ${health} for ${formatDuration(Math.max(0, now - since))}.`,
    silentMs === undefined
      ? 'It has never sent a heartbeat.'
      : `Its last heartbeat came ${formatDuration(silentMs)} ago.`,
    answeredAgoMs === undefined
      ? 'It has never answered a probe well.'
      : `It last answered a probe well ${formatDuration(answeredAgoMs)} ago.`,
  ];
  if (progressAgoMs !== undefined) lines.push(`Its work advanced ${formatDuration(progressAgoMs)} ago.`);
  if (!agent.instance) lines.push('No instance of it is known.');
  return lines;
}

/** What it would take for the guard to act on an agent that nothing stands against. */
export function wouldTake(sight: AgentSight): readonly string[] {
  const { agent, policy, beats, asked } = sight;
  const { heartbeat, probes, mode } = policy;
  const { orchestrator = '', instance } = agent;
  const ways: string[] = [];
  if (expectsHeartbeats(heartbeat, beats)) ways.push(`no heartbeat for ${formatDuration(heartbeat.timeoutMs)}`);
  if (asked && wayOf(probes, 'liveness')) ways.push(`${probes.liveness.failures} liveness probes in a row that fail`);
  if (instance?.checked === true) ways.push(`a health check of ${orchestrator} that fails`);
  if (orchestrator !== '') ways.push(`its end, seen by ${orchestrator}`);
  const acting =
    mode === 'auto' || mode === 'approve' ? needed(sight) : `in mode ${mode} it would be watched, and nothing done`;
  if (ways.length === 0) return ['Nothing of it is heard or asked: switch a probe on, or let it send heartbeats.'];
  return [`An incident would be opened by ${ways.join(', or ')}; ${acting}.`];
}

function needed(sight: AgentSight): string {
  if (!onlyCheckOf(sight)) return 'before anything is destroyed a second kind of evidence is needed, or a proven exit';
  return 'it is restarted when its only check has failed twice as long as makes it count, and more takes a proven exit';
}

/** Why no incident was opened for an agent that is suspected. */
export function whyNoIncident(status: AgentStatus): Reason {
  const suspicions = status.findings.map((finding) => finding.text).join('; ');
  const code = 'no-incident';
  if (status.findings.every(({ kind }) => kind === 'not-ready')) {
    const text = `It is out of the routes (${suspicions}); not being ready is alone no reason to repair it.`;
    return { code, text, remedy: 'Any further suspicion opens an incident.' };
  }
  const how = stillByHand(status.agent.instance);
  if (how) {
    const text = `Whoever ${how} it knows that it stands still (${suspicions}).`;
    return { code, text, remedy: 'Start it again, or order a respawn.' };
  }
  if (status.health === 'healthy' || status.health === 'unknown') {
    const text = `What is suspected does not make it unhealthy: it is ${status.health} (${suspicions}).`;
    return { code, text, remedy: 'Health that becomes degraded or failed opens an incident.' };
  }
  const text = `What stands against it (${suspicions}) has just come, or it is getting better since its last incident.`;
  return { code, text, remedy: 'Anything new against it opens an incident.' };
}
