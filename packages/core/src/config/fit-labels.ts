/**
 * What labels change where one value has to fit another. A label is written far from the config, by who knows the agent
 * and not the rest: the policy that comes out is one that the config itself could have, whatever labels say.
 */
import type { Ms } from '../model/index.ts';
import type { AgentSection, Sections } from './document.ts';
import { type Labels, sloOfLabels, stopTimeoutOf } from './labels.ts';

/** Of the time of a rung, for the end of the old instance; the rest is for the start of the new one. */
const mostOfTimeout = 2 / 3;

/**
 * The sections of an agent with its labels fitted in.
 * @param merged with the labels laid over the group, and what the config says of the agent over both.
 */
export function fitLabels(merged: Sections, labels: Labels, own: AgentSection | undefined): Sections {
  return { ...merged, ladder: fittedLadder(merged.ladder, labels, own), slo: fittedSlo(merged.slo, labels, own) };
}

function fittedLadder(ladder: Sections['ladder'], labels: Labels, own: AgentSection | undefined): Sections['ladder'] {
  // A label can only narrow the scope, also where the config widens it for this very agent.
  const narrowed = labels['restart-scope'] === 'instance' ? { ...ladder, restartScope: 'instance' as const } : ladder;
  const stopMs = stopTimeoutOf(labels);
  if (stopMs === undefined) return narrowed;
  const fit = (name: 'restart' | 'recreate' | 'respawn'): { readonly grace: Ms } => {
    const { timeout, grace } = ladder[name];
    if (own?.ladder?.[name]?.grace !== undefined) return { grace };
    return { grace: Math.min(stopMs, Math.max(grace, Math.floor(timeout * mostOfTimeout))) };
  };
  return {
    ...narrowed,
    restart: { ...ladder.restart, ...fit('restart') },
    recreate: { ...ladder.recreate, ...fit('recreate') },
    respawn: { ...ladder.respawn, ...fit('respawn') },
  };
}

/** A higher percentile is never smaller: the target that was said with more weight stays, and the other follows it. */
function fittedSlo(slo: Sections['slo'], labels: Labels, own: AgentSection | undefined): Sections['slo'] {
  const { latencyP95, latencyP99 } = slo;
  if (latencyP95 <= latencyP99) return slo;
  const { latencyP95: ownP95, latencyP99: ownP99 } = own?.slo ?? {};
  const followsP95 = ownP95 !== undefined || (ownP99 === undefined && sloOfLabels(labels).latencyP95 !== undefined);
  return followsP95 ? { ...slo, latencyP99: latencyP95 } : { ...slo, latencyP95: latencyP99 };
}
