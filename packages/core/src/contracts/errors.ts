import { errorCatalogue } from './error-catalogue.ts';

export type ErrorCode = keyof typeof errorCatalogue;

export type ErrorDetails = {
  readonly [key: string]: string | number | boolean | readonly string[] | readonly ErrorPlace[] | undefined;
};

/** One of several places an error speaks of, such as a line of the config. */
export type ErrorPlace = { readonly [key: string]: string | number | undefined };

const brand = Symbol.for('praetorian.error.v1');

/** The one error class. Recognise it with `isGuardError`, never by `instanceof` or by its text. */
export class GuardError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;
  readonly remedy: string;
  readonly retryable: boolean;

  constructor(code: ErrorCode, details: ErrorDetails = {}, options?: { cause?: unknown }) {
    const entry = errorCatalogue[code];
    super(fill(entry.text, details), options);
    this.name = 'GuardError';
    this.code = code;
    this.details = details;
    this.remedy = entry.remedy;
    this.retryable = entry.retryable;
    Object.defineProperty(this, brand, { value: true });
  }
}

/** Makes an error of the catalogue; `details` fill the `{places}` of its text. */
export function guardError(code: ErrorCode, details: ErrorDetails = {}, options?: { cause?: unknown }): GuardError {
  return new GuardError(code, details, options);
}

/** Whether `value` is an error of the catalogue (with this code). Holds across two copies of the package. */
export function isGuardError(value: unknown, code?: ErrorCode): value is GuardError {
  if (typeof value !== 'object' || value === null || !(brand in value)) return false;
  return code === undefined || (value as unknown as GuardError).code === code;
}

/** The message of anything thrown, cut to a length that fits a log line. */
export function messageOf(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message || thrown.name : String(thrown);
  return text.length > 500 ? `${text.slice(0, 500)}…` : text;
}

/** Breaks off when something the code relies on does not hold. */
export function invariant(condition: unknown, what: string): asserts condition {
  if (!condition) throw guardError('GUARD_INVARIANT', { what });
}

function fill(text: string, details: ErrorDetails): string {
  return text.replace(/\{(\w+)\}/g, (place, name: string) => {
    const value = details[name];
    if (value === undefined) return place;
    const shown = typeof value === 'object' ? value.map(shownPart).join('; ') : String(value);
    return shown.length > 2_000 ? `${shown.slice(0, 2_000)}…` : shown;
  });
}

function shownPart(part: string | ErrorPlace): string {
  return typeof part === 'string' ? part : JSON.stringify(part);
}
