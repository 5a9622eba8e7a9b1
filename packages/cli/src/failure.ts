import { type GuardError, isGuardError, messageOf } from '@praetorian-guard/core/plugin';
import type { Answer, Problem } from './client.ts';
import type { Io } from './command.ts';
import { type ExitCode, exitCode } from './exit-code.ts';
import { fold } from './fold.ts';
import { printable } from './printable.ts';

/** Says what went wrong and what to do, for anything thrown; several failures are all told. */
export function reportThrown(io: Io, error: unknown): ExitCode {
  const errors = error instanceof AggregateError ? (error.errors as readonly unknown[]) : [error];
  for (const one of errors) reportOne(io, one);
  return errors.some((one) => isConfigError(one)) ? exitCode.usage : exitCode.failed;
}

/** Whether the config, a record, or what they name, is at fault, not the moment. */
export function isConfigError(error: unknown): boolean {
  return (
    isGuardError(error) &&
    /^GUARD_(CONFIG|RECORD|REPLAY|PLUGIN_(NOT_FOUND|INVALID|API|PEER|DUPLICATE|UNKNOWN))/.test(error.code)
  );
}

/** What went wrong, as a program gets it. */
export interface Failure {
  readonly message: string;
  readonly code?: string;
  readonly remedy?: string;
  /** HTTP status of a guard's refusal. */
  readonly status?: number;
  readonly problems?: readonly unknown[];
}

/** Tells a failure: to a program as one JSON object on standard error, to a person by `lines`. */
export function tellError(io: Io, failure: Failure, lines?: readonly string[]): void {
  if (io.json) {
    io.err(printable(JSON.stringify({ error: failure })));
    return;
  }
  const { message, remedy } = failure;
  const words = [message.replace(/\.$/, ''), ...(remedy === undefined ? [] : [remedy])];
  for (const line of lines ?? [`praetorian: ${words.join('. ')}`]) io.err(fold(line, io.columns));
}

function reportOne(io: Io, error: unknown): void {
  if (!isGuardError(error)) {
    tellError(io, { message: messageOf(error) }, [`praetorian: ${messageOf(error)}`]);
    return;
  }
  const { code, message, remedy } = error;
  const problems = problemLines(error);
  const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
  const head = problems.length === 0 ? message : `the config is not valid; ${count}:`;
  const placed = placedProblems(error);
  const details = problems.length === 0 ? {} : { problems: placed.length === 0 ? problems : placed };
  tellError(io, { code, message, remedy, ...details }, [
    `${code}: ${head}`,
    ...problems.map((line) => `  ${line}`),
    `  remedy: ${remedy}`,
  ]);
}

/** A mistake in a config file, as the loader places it. */
export interface PlacedProblem {
  readonly path: string;
  readonly found: string;
  readonly allowed: string;
  readonly remedy: string;
  readonly line?: number;
  readonly column?: number;
}

/** The mistakes behind `GUARD_CONFIG_INVALID`, as the loader placed them. */
export function placedProblems(error: GuardError): readonly PlacedProblem[] {
  const places: unknown = error.details['places'];
  return Array.isArray(places) ? (places as readonly PlacedProblem[]) : [];
}

/** One line each: all of them, where the message of the error is cut. */
function problemLines(error: GuardError): readonly string[] {
  const { file, problems } = error.details;
  const placed = placedProblems(error);
  if (placed.length === 0) return Array.isArray(problems) ? (problems as readonly string[]) : [];
  return placed.map(({ path, found, allowed, remedy, line, column }) => {
    const place = line === undefined ? '' : `:${line}:${column ?? 1}`;
    return `${typeof file === 'string' ? file : 'config'}${place}  ${path || 'the whole file'}: found ${found}; allowed: ${allowed}. ${remedy}`;
  });
}

/** Says what went wrong with a request to a guard. */
export function reportAnswer(io: Io, answer: Exclude<Answer, { readonly kind: 'ok' }>, url: string): ExitCode {
  switch (answer.kind) {
    case 'address':
      tellError(io, { message: answer.why, remedy: 'Give --url or PRAETORIAN_URL, as http://127.0.0.1:7717.' });
      return exitCode.usage;
    case 'unreachable':
      tellError(io, {
        message: `no guard answers at ${url} (${answer.why})`,
        remedy: 'Start one with `praetorian start`, or give --url.',
      });
      return exitCode.unreachable;
    case 'problem':
      reportProblem(io, answer.problem);
      return exitCode.failed;
  }
}

/** Where the guard names a route, a person at a terminal wants the verb. */
const verbs: { readonly [code: string]: string } = {
  GUARD_HTTP_UNAUTHORIZED: 'Give --token, or set PRAETORIAN_TOKEN; the tokens stand in the config under http.tokens.',
  GUARD_AGENT_UNKNOWN: 'List them: praetorian agents.',
  GUARD_INCIDENT_UNKNOWN: 'List them: praetorian incidents.',
  GUARD_STORM_UNKNOWN: 'List them: praetorian incidents.',
  GUARD_HOLD_UNKNOWN: 'List them: praetorian holds.',
};

function reportProblem(io: Io, { status, title, detail, remedy, code, places }: Problem): void {
  const message = detail ?? title;
  const advice = (code === undefined ? undefined : verbs[code]) ?? remedy;
  // One place is in the detail already.
  const shownPlaces = places.length > 1 ? places : [];
  const failure = {
    message,
    status,
    ...(code === undefined ? {} : { code }),
    ...(remedy === undefined ? {} : { remedy }),
    ...(shownPlaces.length === 0 ? {} : { problems: shownPlaces }),
  };
  const lines = [
    `praetorian: ${code ? `${code}: ` : ''}${message}`,
    ...shownPlaces.map((place) => `  ${place}`),
    ...(advice === undefined ? [] : [`  remedy: ${advice}`]),
  ];
  tellError(io, failure, lines.map(printable));
}
