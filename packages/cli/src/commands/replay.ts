import type { Comparison, DecisionLine, Difference, RecordData, Replayed } from '@praetorian-guard/core/replay';
import type { Invocation, Io } from '../command.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { reportThrown } from '../failure.ts';
import { fold } from '../fold.ts';
import { jsonText, printable } from '../printable.ts';
import { timeOfDay } from '../process-clock.ts';

/** Differences shown; `--json` has them all. */
const shownMax = 40;
/** Share of the whole between two words about progress. */
const progressStep = 0.25;

/** Runs a record again, under the same config or another, and shows what would be decided otherwise. */
export async function run(call: Invocation): Promise<ExitCode> {
  const { io } = call;
  const { compare, readRecord, recordFilesOf, replay, wallOf } = await import('@praetorian-guard/core/replay');
  try {
    const files = await recordFilesOf(call.args[0] as string, call.flag('following'));
    const record = await readRecord(files);
    const config = call.option('config');
    const replayed = await replay(record, {
      ...(config === undefined ? {} : { config }),
      ...(io.json === true ? {} : { onProgress: progressTo(io) }),
    });
    const comparison = compare(record.outputs, replayed.outputs, record.endMs);
    const same = call.flag('exact') ? comparison.identical : comparison.same;
    const told: Told = { record, replayed, comparison, same, timeAt: (ms) => wallOf(record.header, ms) };
    io.out(call.flag('json') ? jsonText(asJson(told)) : fold(show(call, told), io.columns));
    return same ? exitCode.ok : exitCode.failed;
  } catch (error) {
    return reportThrown(io, error);
  }
}

interface Told {
  readonly record: RecordData;
  readonly replayed: Replayed;
  readonly comparison: Comparison;
  readonly same: boolean;
  readonly timeAt: (ms: number) => number;
}

/** On standard error, so that the output can be piped. */
function progressTo(io: Io): (done: number) => void {
  let next = progressStep;
  return (done) => {
    if (done < next || done >= 1) return;
    io.err(`${Math.round(done * 100)} % replayed`);
    next = done + progressStep;
  };
}

function asJson({ record, replayed, comparison, same, timeAt }: Told): object {
  const { header } = record;
  const { supposed, refused, configHash } = replayed;
  return {
    record: {
      files: record.files,
      life: header.run,
      core: header.core,
      node: header.node,
      from: timeAt(header.t),
      to: timeAt(record.endMs),
      configVersion: header.configHash,
      gaps: record.gaps,
      storeFaults: record.storeFaults.length,
    },
    configVersion: configHash,
    ...comparison,
    same,
    supposed,
    refused,
    warnings: [...record.warnings, ...replayed.warnings],
  };
}

function show(call: Invocation, told: Told): string {
  const { style } = call.io;
  const { record, comparison, same, timeAt } = told;
  const { differences, decisions } = comparison;
  const from = `${new Date(timeAt(record.header.t)).toISOString().slice(0, 10)} ${timeOfDay(timeAt(record.header.t))}`;
  const head = `${from} to ${timeOfDay(timeAt(record.endMs))}, ${decisions.recorded} decisions on record, ${decisions.replayed} in the replay`;
  const shown = differences.slice(0, shownMax).map((one) => differenceLine(one, timeAt));
  const rest = differences.length - shown.length;
  return [
    head,
    ...shown.map(printable),
    ...(rest > 0 ? [`… and ${rest} agents more; --json has them all`] : []),
    ...notes(told).map((note) => style.dim(printable(note))),
    same ? style.good('The same was decided.') : style.bad(verdict(comparison)),
  ].join('\n');
}

function verdict({ differences, identical, same }: Comparison): string {
  if (same && !identical) return 'The same was decided, but not to the byte.';
  const agents = differences.length === 1 ? 'one agent' : `${differences.length} agents`;
  return `For ${agents} something else would be decided.`;
}

function differenceLine({ agent, was, wouldBe, more }: Difference, timeAt: Told['timeAt']): string {
  const at = timeOfDay(timeAt(Math.min(was?.t ?? Infinity, wouldBe?.t ?? Infinity)));
  const after = more > 0 ? ` (${more} more after it)` : '';
  return `${at}  ${agent}: was ${decided(was)}; would be ${decided(wouldBe)}${after}`;
}

function decided(line: DecisionLine | undefined): string {
  if (!line) return 'nothing more';
  const { type, state, code, text, rung, severity } = line;
  if (type === 'attempt-started') return `${rung ?? 'an attempt'} (severity ${severity ?? '?'})`;
  return `${type === 'waiting' ? 'wait' : state}: ${code}: ${text}`;
}

/** What has to be known to judge the comparison. */
function notes({ record, replayed, comparison }: Told): readonly string[] {
  const { earlier, later, onlyRecorded, onlyReplayed } = comparison.suspicions;
  const shifts = [
    count(earlier, 'earlier'),
    count(later, 'later'),
    count(onlyRecorded, 'no more'),
    count(onlyReplayed, 'new'),
  ].filter((one) => one !== '');
  const supposed = replayed.supposed.reduce((sum, { times }) => sum + times, 0);
  const lost = record.gaps.reduce((sum, { lines }) => sum + lines, 0);
  return [
    ...(shifts.length === 0 ? [] : [`suspicions: ${shifts.join(', ')}`]),
    ...(comparison.largestShiftMs < 1
      ? []
      : [`the same decisions came up to ${Math.round(comparison.largestShiftMs)} ms apart`]),
    ...(supposed === 0 ? [] : [`${supposed} calls are not on record and were supposed to succeed`]),
    ...(lost === 0 ? [] : [`${lost} lines are missing in the record`]),
    ...(record.storeFaults.length === 0 ? [] : ['the store failed or was slow on record; it does not in a replay']),
    ...alike(replayed.refused.map((one) => `refused this time: ${one}`)),
    ...[...record.warnings, ...replayed.warnings].map((one) => `warning: ${one}`),
  ];
}

/** Each once, with how often. */
function alike(notes: readonly string[]): readonly string[] {
  const times = new Map<string, number>();
  for (const note of notes) times.set(note, (times.get(note) ?? 0) + 1);
  return [...times].map(([note, often]) => (often === 1 ? note : `${note} (${often} times)`));
}

function count(times: number, what: string): string {
  return times === 0 ? '' : `${times} ${what}`;
}
