import { type BreakerState, formatDuration, type Health, type Incident } from '@praetorian-guard/core/plugin';
import { now, timeOfDay } from './process-clock.ts';
import type { Style } from './style.ts';

/** Health in its colour. */
export function healthWord(style: Style, health: Health): string {
  if (health === 'healthy') return style.good(health);
  if (health === 'failed') return style.bad(health);
  return health === 'degraded' ? style.warn(health) : style.dim(health);
}

/** A closed breaker is the ordinary case and stays quiet. */
export function breakerWord(style: Style, breaker: BreakerState): string {
  return breaker === 'closed' ? style.dim(breaker) : style.warn(breaker);
}

/** State of an incident in its colour; of a resolved one also how it ended. */
export function stateWord(style: Style, incident: Incident): string {
  if (incident.state === 'resolved') return style.good(`resolved: ${incident.outcome}`);
  return incident.state === 'escalated' ? style.bad(incident.state) : style.warn(incident.state);
}

/** How long ago a moment was: `2m5s`. */
export function ago(epochMs: number): string {
  return formatDuration(Math.max(0, now() - epochMs));
}

/** A moment with its distance: `12:04:31 (2m5s ago)`, or `(in 2m5s)` when it is still to come. */
export function moment(epochMs: number, at: number = now()): string {
  const distance = formatDuration(Math.abs(at - epochMs));
  return `${timeOfDay(epochMs)} (${epochMs > at ? `in ${distance}` : `${distance} ago`})`;
}

/** `name: value` lines with the values in one column; lines without a value are left out. */
export function facts(style: Style, lines: readonly (readonly [name: string, value: string | undefined])[]): string {
  const shown = lines.filter((line): line is readonly [string, string] => line[1] !== undefined && line[1] !== '');
  const width = Math.max(...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${style.dim(name.padEnd(width))}  ${value}`).join('\n');
}
