import { type GuardError, isGuardError, messageOf } from '@praetorian-guard/core/plugin';
import type { Answer } from './client.ts';
import type { Io } from './command.ts';
import { type ExitCode, exitCode } from './exit-code.ts';

/** Says what went wrong and what to do, for anything thrown; several failures are all told. */
export function reportThrown(io: Io, error: unknown): ExitCode {
  const errors = error instanceof AggregateError ? (error.errors as readonly unknown[]) : [error];
  for (const one of errors) reportOne(io, one);
  return errors.some((one) => isConfigError(one)) ? exitCode.usage : exitCode.failed;
}

/** Whether the config, or what it names, is at fault, not the moment. */
export function isConfigError(error: unknown): boolean {
  return (
    isGuardError(error) && /^GUARD_(CONFIG|PLUGIN_(NOT_FOUND|INVALID|API|PEER|DUPLICATE|UNKNOWN))/.test(error.code)
  );
}

function reportOne(io: Io, error: unknown): void {
  if (!isGuardError(error)) {
    io.err(`praetorian: ${messageOf(error)}`);
    return;
  }
  const problems = problemLines(error);
  if (problems.length === 0) io.err(`${error.code}: ${error.message}`);
  else
    io.err(
      `${error.code}: the config is not valid; ${problems.length === 1 ? 'one problem' : `${problems.length} problems`}:`,
    );
  for (const line of problems) io.err(`  ${line}`);
  io.err(`  remedy: ${error.remedy}`);
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
      io.err(`praetorian: ${answer.why}. Give --url or PRAETORIAN_URL, as http://127.0.0.1:7717.`);
      return exitCode.usage;
    case 'unreachable':
      io.err(
        `praetorian: no guard answers at ${url} (${answer.why}). Start one with \`praetorian start\`, or give --url.`,
      );
      return exitCode.unreachable;
    case 'problem': {
      const { title, detail, remedy, code, places } = answer.problem;
      io.err(`praetorian: ${code ? `${code}: ` : ''}${detail ?? title}`);
      // One place is in the detail already.
      if (places.length > 1) for (const place of places) io.err(`  ${place}`);
      if (remedy !== undefined) io.err(`  remedy: ${remedy}`);
      return exitCode.failed;
    }
  }
}
