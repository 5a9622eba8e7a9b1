import type { Explanation } from '@praetorian-guard/core/plugin';
import type { Invocation } from '../command.ts';
import type { ExitCode } from '../exit-code.ts';
import { timeOfDay } from '../process-clock.ts';
import { talk } from '../remote.ts';
import type { Style } from '../style.ts';

/** Why the guard acted or not, of an incident (`inc_…`) or of an agent. */
export async function run(call: Invocation): Promise<ExitCode> {
  const id = call.args[0] as string;
  const kind = id.startsWith('inc_') ? 'incidents' : 'agents';
  const path = `/api/v1/${kind}/${encodeURIComponent(id)}/explain`;
  return talk(call, { method: 'GET', path }, (explanation: Explanation) => show(call.io.style, explanation));
}

function show(style: Style, explanation: Explanation): string {
  const { summary, decisions, wouldChange, timeline } = explanation;
  return [
    summary,
    ...section(
      style,
      'decisions, newest first',
      decisions.map(({ reason }) => line(reason.code, reason.text)),
    ),
    ...section(style, 'what would change it', wouldChange),
    ...section(
      style,
      'timeline',
      timeline.map((entry) => `${timeOfDay(entry.at)}  ${line(entry.state, entry.reason.text)}`),
    ),
  ].join('\n');
}

function section(style: Style, heading: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', style.strong(heading), ...lines.map((text) => `  ${text}`)];
}

function line(word: string, text: string): string {
  return `${word.padEnd(18)}  ${text}`;
}
