/** Control characters of ASCII and Latin-1, other line ends, and what turns the direction of writing. */
const unprintable = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/**
 * A text as a terminal may have it. Much of what is shown comes from agents, and an escape sequence or a line end in it
 * could change what a person sees of everything else.
 */
export function printable(text: string): string {
  return text.replace(unprintable, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** The same for every text in a JSON value. */
export function printableDeep<T>(value: T): T {
  return walk(value) as T;
}

/** A value as JSON for a program; on its way through a terminal it steers that as little. It parses to the same value. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, null, 2).split('\n').map(printable).join('\n');
}

function walk(value: unknown): unknown {
  if (typeof value === 'string') return printable(value);
  if (Array.isArray(value)) return value.map(walk);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [printable(key), walk(member)]));
}
