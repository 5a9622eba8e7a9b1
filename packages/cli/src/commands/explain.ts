import { type Explanation, formatDuration, type RuleResult, type Storm } from '@praetorian-guard/core/plugin';
import type { Invocation } from '../command.ts';
import type { ExitCode } from '../exit-code.ts';
import { now, timeOfDay } from '../process-clock.ts';
import { talk } from '../remote.ts';
import { stormText } from '../storm-text.ts';
import type { Style } from '../style.ts';
import { table } from '../table.ts';

/** How the guard names incidents and storms; an agent may have a name that begins like it. */
const incidentId = /^inc_[0-9A-HJKMNP-TV-Z]{26}$/;
const stormId = /^storm_[0-9A-HJKMNP-TV-Z]{26}$/;

/** Why the guard acted or not, of an incident (`inc_…`), of an agent, or of a storm (`storm_…`), whose record says it. */
export async function run(call: Invocation): Promise<ExitCode> {
  const id = call.args[0] as string;
  if (stormId.test(id)) {
    const path = `/api/v1/storms/${encodeURIComponent(id)}`;
    return talk(call, { method: 'GET', path }, (storm: Storm) => stormText(call.io.style, storm));
  }
  const kind = incidentId.test(id) ? 'incidents' : 'agents';
  const path = `/api/v1/${kind}/${encodeURIComponent(id)}/explain`;
  return talk(call, { method: 'GET', path }, (explanation: Explanation) => explanationText(call.io.style, explanation));
}

/** An explanation for people: the whole first, then what it rests on. */
export function explanationText(style: Style, explanation: Explanation): string {
  const {
    summary,
    decisions,
    wouldChange,
    rules = [],
    seen = [],
    levels = [],
    story,
    timeline,
    incident,
  } = explanation;
  // What is a decision of its own; the lines of the timeline come further down.
  const own = decisions.filter((decision) => !('seq' in decision));
  const told = story ?? timeline.map(({ at, reason }) => ({ at, text: reason.text }));
  return [
    summary,
    ...section(style, 'seen last', incident && incident.state !== 'resolved' ? seen : []),
    ...section(
      style,
      'why',
      own.map(({ reason }) => `${style.warn(reason.code)}  ${reason.text}`),
    ),
    ...section(style, heading(incident?.state), ruleLines(style, rules)),
    ...section(style, 'what would change it', wouldChange),
    ...section(style, 'score and service levels', levels),
    ...section(
      style,
      'what happened',
      told.map(({ at, text }) => `${style.dim(timeOfDay(at))}  ${text}`),
    ),
  ].join('\n');
}

function heading(state: string | undefined): string {
  return state === 'open' ? 'the gate now' : 'the gate, if it were asked now';
}

/** The rules that object, each with its reason; the others only by name, so that a no is not lost among them. */
function ruleLines(style: Style, rules: readonly RuleResult[]): readonly string[] {
  if (rules.length === 0) return [];
  const objections = rules.filter(({ verdict }) => verdict !== 'proceed');
  const agreeing = rules.filter(({ verdict }) => verdict === 'proceed').map(({ rule }) => rule);
  const rows = objections.map(({ rule, verdict, untilMs, reason }) => [
    rule,
    verdict === 'wait' ? style.warn(waitText(untilMs)) : style.bad('no'),
    reason.remedy === undefined ? reason.text : `${reason.text} ${reason.remedy}`,
  ]);
  const others = `${objections.length === 0 ? 'all ' : ''}${agreeing.length} say ${style.good('yes')}: ${agreeing.join(', ')}`;
  return [
    ...(rows.length === 0 ? [] : table(['RULE', 'SAYS', 'WHY'], rows).split('\n')),
    ...(agreeing.length === 0 ? [] : [others]),
  ];
}

function waitText(untilMs: number | undefined): string {
  const left = (untilMs ?? 0) - now();
  return left > 0 ? `wait ${formatDuration(Math.ceil(left / 1_000) * 1_000)}` : 'wait';
}

function section(style: Style, title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', style.strong(title), ...lines.map((text) => `  ${text}`)];
}
