import { type GuardError, guardError } from '../contracts/errors.ts';
import type { PathPart } from '../runtime/json-schema.ts';
import { nearest } from '../runtime/nearest.ts';

/** A mistake in the config, before its place in the file is looked up. */
export interface Found {
  readonly path: readonly PathPart[];
  /** What stands there, never a secret. */
  readonly found: string;
  readonly allowed: string;
  readonly remedy: string;
}

/** A mistake in the config as people and programs get it. */
export interface ConfigProblem {
  /** Dotted: `groups.web.mode`. */
  readonly path: string;
  readonly found: string;
  readonly allowed: string;
  readonly remedy: string;
  readonly line?: number;
  readonly column?: number;
}

/** Line and column, from 1, of the key a path leads to; of the nearest key above it if it is not there. */
export type Locate = (path: readonly PathPart[]) => { readonly line: number; readonly column: number } | undefined;

/** Remedy of a problem whose `allowed` says it all. */
export const useAllowed = 'Use what is allowed.';

/** More than this at once helps nobody; the rest is counted. */
const shownMax = 50;

export function dotted(path: readonly PathPart[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number' || /^\d+$/.test(part)) return `${text}[${part}]`;
    if (!/^[A-Za-z_$][\w$/-]*$/.test(part)) return `${text}[${JSON.stringify(part.slice(0, 200))}]`;
    return text === '' ? part : `${text}.${part}`;
  }, '');
}

/** Places the problems and makes the one error that names them all, one a line. */
export function configInvalid(found: readonly Found[], file: string, locate: Locate): GuardError {
  const placed = found.map((item): ConfigProblem => ({
    path: dotted(item.path),
    found: item.found,
    allowed: item.allowed,
    remedy: item.remedy,
    ...locate(item.path),
  }));
  const problems = placed.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
  const shown = problems.slice(0, shownMax).map((problem) => formatProblem(problem, file));
  if (problems.length > shownMax) shown.push(`and ${problems.length - shownMax} more`);
  return guardError('GUARD_CONFIG_INVALID', {
    problems: shown.length === 1 ? (shown[0] ?? '') : shown.map((line) => `\n  ${line}`).join(''),
    file,
    places: problems.map((problem) => ({ ...problem })),
  });
}

/** `praetorian.yaml:12:5 groups.web.mode: found "aut", allowed: observe, dry-run, approve, auto (did you mean "auto"?)` */
export function formatProblem(problem: ConfigProblem, file: string): string {
  const where = problem.line === undefined ? file : `${file}:${problem.line}:${problem.column ?? 1}`;
  const hint = problem.remedy === useAllowed ? '' : ` (${problem.remedy})`;
  const what = problem.path === '' ? 'the whole' : problem.path;
  return `${where} ${what}: found ${problem.found}, allowed: ${problem.allowed}${hint}`;
}

export function didYouMean(word: unknown, candidates: readonly string[]): string {
  const meant = typeof word === 'string' ? nearest(word, candidates) : undefined;
  return meant === undefined ? useAllowed : `did you mean "${meant}"?`;
}

/** A value as it may be shown: short, and nothing that stands where a secret could. */
export function show(value: unknown, path: readonly PathPart[]): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  if (mayBeSecret(path)) return `a ${value === null ? 'null' : typeof value} (not shown)`;
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? typeof value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/** Names behind which people keep secrets, also where no schema says so. */
function mayBeSecret(path: readonly PathPart[]): boolean {
  return path.some(
    (part) =>
      typeof part === 'string' &&
      /secret|token|password|passwd|credential|apikey|api_key|routingkey|webhook/i.test(part),
  );
}
