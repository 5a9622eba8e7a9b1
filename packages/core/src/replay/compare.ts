import type { Ms } from '../model/index.ts';
import type { DecisionLine, OutputLine, SeenLine } from './record-format.ts';

/** What a real guard does so much earlier or later is the same: its clock and its store are not those of the replay. */
const slackMs: Ms = 1_000;

/** Lines of an incident that follow what is seen and decide nothing. */
const followOnly: ReadonlySet<string> = new Set(['finding-joined', 'finding-cleared', 'health-changed', 'watch-check']);

/** Where the two first part for an agent. `undefined`: nothing more was decided. */
export interface Difference {
  readonly agent: string;
  readonly was: DecisionLine | undefined;
  readonly wouldBe: DecisionLine | undefined;
  /** Decisions after it that are not compared, the longer of the two. */
  readonly more: number;
}

export interface Comparison {
  /** Every line the same, with its time and ids. */
  readonly identical: boolean;
  /** Every decision the same, whenever it was made. */
  readonly same: boolean;
  /** At most one for an agent, in order of time. */
  readonly differences: readonly Difference[];
  readonly decisions: { readonly recorded: number; readonly replayed: number; readonly same: number };
  /** The largest distance in time between two decisions that are the same. */
  readonly largestShiftMs: Ms;
  readonly suspicions: Suspicions;
}

/** How the suspicions compare: `earlier` and `later` by more than a second. */
export interface Suspicions {
  readonly same: number;
  readonly earlier: number;
  readonly later: number;
  readonly onlyRecorded: number;
  readonly onlyReplayed: number;
}

/** Holds what was decided in a replay against the record. `endMs`: when the record ends. */
export function compare(recorded: readonly OutputLine[], replayed: readonly OutputLine[], endMs: Ms): Comparison {
  const was = byAgent(recorded);
  const is = byAgent(replayed);
  const differences: Difference[] = [];
  let same = 0;
  let largestShiftMs = 0;
  for (const agent of new Set([...was.keys(), ...is.keys()])) {
    const one = alongside(agent, was.get(agent) ?? [], is.get(agent) ?? [], endMs);
    same += one.same;
    largestShiftMs = Math.max(largestShiftMs, one.shiftMs);
    if (one.difference) differences.push(one.difference);
  }
  differences.sort((a, b) => timeOf(a) - timeOf(b));
  return {
    identical: isPrefix(recorded, replayed, endMs),
    same: differences.length === 0,
    differences,
    decisions: { recorded: count(was), replayed: count(is), same },
    largestShiftMs,
    suspicions: compareSuspicions(recorded, replayed),
  };
}

interface Alongside {
  readonly same: number;
  readonly shiftMs: Ms;
  readonly difference?: Difference;
}

function alongside(agent: string, was: readonly DecisionLine[], is: readonly DecisionLine[], endMs: Ms): Alongside {
  let [same, shiftMs] = [0, 0];
  let [at, other] = [0, 0];
  for (; at < was.length && other < is.length; at += 1, other += 1) {
    if (momentary(was, at, is[other])) at += 1;
    else if (momentary(is, other, was[at])) other += 1;
    const [before, now] = [was[at] as DecisionLine, is[other] as DecisionLine];
    if (contentOf(before) !== contentOf(now)) break;
    same += 1;
    shiftMs = Math.max(shiftMs, Math.abs(now.t - before.t));
  }
  const more = Math.max(was.length - at, is.length - other) - 1;
  const first = was[at] ?? is[other];
  // One of them was still to come when the record ended.
  const cutOff = (at >= was.length || other >= is.length) && first !== undefined && first.t >= endMs - slackMs;
  if (!first || cutOff) return { same, shiftMs };
  return { same, shiftMs, difference: { agent, was: was[at], wouldBe: is[other], more } };
}

/** A wait of a moment that the other side does not have: on a real clock such come and go by chance. */
function momentary(lines: readonly DecisionLine[], at: number, other: DecisionLine | undefined): boolean {
  const [line, next] = [lines[at], lines[at + 1]];
  if (!line || !next || !other || line.type !== 'waiting' || next.incident !== line.incident) return false;
  return next.t - line.t < slackMs && contentOf(line) !== contentOf(other) && contentOf(next) === contentOf(other);
}

/** The decisions of each agent; one that only repeats the one before it is left out. */
function byAgent(lines: readonly OutputLine[]): Map<string, DecisionLine[]> {
  const agents = new Map<string, DecisionLine[]>();
  for (const line of lines) {
    if (line.k !== 'd' || followOnly.has(line.code)) continue;
    const known = agents.get(line.agent) ?? [];
    agents.set(line.agent, known);
    const last = known.at(-1);
    if (!last || last.incident !== line.incident || contentOf(last) !== contentOf(line)) known.push(line);
  }
  return agents;
}

/** What a decision says, without its time, its ids and the figures of its sentence. */
function contentOf({ type, state, code, rung, severity }: DecisionLine): string {
  return [type, state, code, rung ?? '', type === 'attempt-started' ? (severity ?? '') : ''].join(' ');
}

function isPrefix(recorded: readonly OutputLine[], replayed: readonly OutputLine[], endMs: Ms): boolean {
  const differs = recorded.some((line, at) => JSON.stringify(line) !== JSON.stringify(replayed[at]));
  // The moment of the end may have been cut off in the middle.
  return !differs && replayed.slice(recorded.length).every((line) => line.t >= endMs);
}

function compareSuspicions(recorded: readonly OutputLine[], replayed: readonly OutputLine[]): Suspicions {
  const was = bySuspicion(recorded);
  const is = bySuspicion(replayed);
  const found = { same: 0, earlier: 0, later: 0, onlyRecorded: 0, onlyReplayed: 0 };
  for (const name of new Set([...was.keys(), ...is.keys()])) {
    const [then, now] = [was.get(name) ?? [], is.get(name) ?? []];
    const both = Math.min(then.length, now.length);
    found.onlyRecorded += then.length - both;
    found.onlyReplayed += now.length - both;
    for (let at = 0; at < both; at += 1) {
      const byMs = (now[at] as SeenLine).t - (then[at] as SeenLine).t;
      if (Math.abs(byMs) <= slackMs) found.same += 1;
      else if (byMs < 0) found.earlier += 1;
      else found.later += 1;
    }
  }
  return found;
}

function bySuspicion(lines: readonly OutputLine[]): Map<string, SeenLine[]> {
  const suspicions = new Map<string, SeenLine[]>();
  for (const line of lines) {
    if (line.k !== 'f' || !line.what.startsWith('raised ')) continue;
    const name = `${line.agent} ${line.what}`;
    const known = suspicions.get(name) ?? [];
    suspicions.set(name, known);
    known.push(line);
  }
  return suspicions;
}

const count = (agents: ReadonlyMap<string, readonly DecisionLine[]>): number =>
  [...agents.values()].reduce((sum, lines) => sum + lines.length, 0);

const timeOf = ({ was, wouldBe }: Difference): Ms => Math.min(was?.t ?? Infinity, wouldBe?.t ?? Infinity);
