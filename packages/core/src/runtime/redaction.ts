import { isGuardError } from '../contracts/index.ts';

/** What stands where a secret stood. */
const redacted = '[redacted]';

/** Shorter values would tear holes into every second word. */
const shortestSecret = 4;
const deepest = 8;
const longestText = 4_000;
const longestList = 100;

/** Endings of names, in lower case without separators, whose values are never shown. */
const secretNames = [
  'authorization', 'token', 'password', 'passwd', 'passphrase', 'secret', 'secrets', 'apikey', 'accesskey',
  'privatekey', 'signingkey', 'routingkey', 'cookie', 'credential', 'credentials', 'webhookurl',
]; // prettier-ignore

/** Secrets that give themselves away by where they stand: bearer tokens, passwords in addresses, assignments. */
const givenAway: readonly (readonly [RegExp, string])[] = [
  [/\b(bearer|basic) {1,4}[\w.~+/=-]{4,}/gi, `$1 ${redacted}`],
  [/(:\/\/[^\s/:@]{0,200}:)[^\s/@]{1,500}@/g, `$1${redacted}@`],
  [
    /((?:token|passwd|password|passphrase|secret|api[-_]?key|access[-_]?key)["']? {0,4}[=:] {0,4}["']?)(?!\[redacted\])[^\s"',;&]{1,2000}/gi,
    `$1${redacted}`,
  ],
];

/** Knows the secrets of this process and takes them out of whatever is about to leave it. */
export class Redactor {
  readonly #secrets = new Set<string>();
  #known: RegExp | undefined;

  /** From now on the value, also as URL part, JSON string or base64, is replaced wherever it shows up. */
  register(secret: string): void {
    if (secret.length < shortestSecret) return;
    const json = JSON.stringify(secret).slice(1, -1);
    const base64 = Buffer.from(secret).toString('base64');
    for (const form of [secret, encodeURIComponent(secret), json, base64]) this.#secrets.add(form);
    // Longest first: a secret that contains another one goes as a whole.
    const forms = [...this.#secrets].sort((a, b) => b.length - a.length);
    this.#known = new RegExp(forms.map((form) => form.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|'), 'g');
  }

  /** The text without secrets. */
  text(text: string): string {
    let clean = this.#known ? text.replace(this.#known, redacted) : text;
    for (const [pattern, replacement] of givenAway) clean = clean.replace(pattern, replacement);
    return clean;
  }

  /** A copy of the value fit to be logged: no secrets, no cycles, errors as data, bounded in depth and size. */
  value(value: unknown): unknown {
    return this.#copy(value, 0, new Set());
  }

  #copy(value: unknown, depth: number, above: Set<object>): unknown {
    if (typeof value === 'string') return this.#cut(value);
    if (typeof value === 'bigint' || typeof value === 'symbol') return String(value);
    if (typeof value === 'function') return '[function]';
    if (typeof value !== 'object' || value === null) return value;
    if (above.has(value)) return '[circular]';
    if (depth >= deepest) return '[too deep]';
    above.add(value);
    const copy = this.#copyObject(value, depth + 1, above);
    above.delete(value);
    return copy;
  }

  #copyObject(value: object, depth: number, above: Set<object>): unknown {
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
    if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
    if (value instanceof Error) return this.#error(value, depth, above);
    if (Array.isArray(value)) return this.#list(value, depth, above);
    if (value instanceof Map || value instanceof Set) return this.#list([...value], depth, above);
    const copy: Record<string, unknown> = {};
    for (const [name, member] of Object.entries(value).slice(0, longestList)) {
      copy[name] = isSecretName(name) ? hidden(member) : this.#copy(member, depth, above);
    }
    return copy;
  }

  #list(items: readonly unknown[], depth: number, above: Set<object>): unknown[] {
    const copy = items.slice(0, longestList).map((item) => this.#copy(item, depth, above));
    if (items.length > longestList) copy.push(`[${items.length - longestList} more]`);
    return copy;
  }

  #error(error: Error, depth: number, above: Set<object>): unknown {
    const { code } = error as { code?: unknown };
    return {
      type: error.name,
      message: this.#cut(error.message),
      ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
      ...(isGuardError(error) ? { details: this.#copy(error.details, depth, above), retryable: error.retryable } : {}),
      ...(error instanceof AggregateError ? { errors: this.#list(error.errors, depth, above) } : {}),
      ...(error.cause === undefined ? {} : { cause: this.#copy(error.cause, depth, above) }),
      stack: this.#cut(error.stack ?? ''),
    };
  }

  #cut(text: string): string {
    // Cut first with room to spare: a secret at the cut must not survive as a half, and 2.4 MB are not searched.
    const clean = this.text(text.slice(0, 2 * longestText));
    return text.length > longestText && clean.length > longestText ? `${clean.slice(0, longestText)}…` : clean;
  }
}

function isSecretName(name: string): boolean {
  const plain = name.toLowerCase().replace(/[^a-z0-9]/g, '');
  return secretNames.some((ending) => plain.endsWith(ending));
}

function hidden(value: unknown): unknown {
  return value === undefined || value === null || value === '' ? value : redacted;
}

/** One for the process: a secret is one in every log of it, whichever guard read it. */
export const processRedactor = new Redactor();

/** Makes a secret known, so that it is replaced in every log line and wherever `redact` is used. */
export function registerSecret(value: string): void {
  processRedactor.register(value);
}

/** The text without the secrets that were registered or that give themselves away. For evidence, events and notices. */
export function redact(text: string): string {
  return processRedactor.text(text);
}
