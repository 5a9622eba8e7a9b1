import type { JsonObject } from '../model/index.ts';

/** An error found in a log. */
export interface LogError {
  readonly message: string;
  readonly type?: string;
}

/** As long as a reported error may be. */
const messageMax = 4_096;

const levelWord =
  /\b(?:ERROR|ERR|FATAL|CRITICAL|CRIT|EMERG|ALERT|PANIC|SEVERE)\b|\b(?:error|fatal|panic|exception|traceback|unhandled)\b/i;
/** A line that says that there is none. */
const denial = /\b(?:no|0|without)\s+(?:errors?|exceptions?)\b/i;
/** The end of a type's name, as in `TypeError: …` or `java.io.IOException: …`. */
const typeEnd = /(?:Error|Exception)\b/g;
const ofName = /[\w$]/;
const typeMax = 200;

/** The error a log line tells of, or nothing. Structured lines (JSON with `level`) are judged by their level alone. */
export function errorOfLine(line: string): LogError | undefined {
  const text = line.slice(0, messageMax);
  return text.startsWith('{') ? ofJson(text) : ofText(text);
}

function ofText(text: string): LogError | undefined {
  if (!levelWord.test(text) && typeIn(text) === undefined) return undefined;
  if (denial.test(text)) return undefined;
  return withType(text, text);
}

function ofJson(text: string): LogError | undefined {
  const fields = parsed(text);
  if (!fields) return ofText(text);
  const level = fields['level'] ?? fields['severity'] ?? fields['lvl'];
  if (!isErrorLevel(level)) return undefined;
  const message = [fields['msg'], fields['message'], fields['event']].find(isText) ?? text;
  const cause = fields['err'] ?? fields['error'];
  const { message: said, type } = isFields(cause) ? cause : { message: cause, type: undefined };
  // Loggers that are given only an error say its message twice.
  const why = isText(said) ? said : '';
  const name = isText(type) ? type : '';
  return withType(message.endsWith(why) ? message : `${message}: ${why}`, `${name} ${why}`);
}

function withType(message: string, source: string): LogError {
  const type = typeIn(source);
  return { message: message.slice(0, messageMax), ...(type === undefined ? {} : { type }) };
}

/**
 * The name that ends in `Error` or `Exception`, without its package. Found from its end: an expression that begins at the
 * name would try every word of a hostile line to its end, and one such log would keep the guard busy for minutes.
 */
function typeIn(text: string): string | undefined {
  for (const { index, 0: end } of text.matchAll(typeEnd)) {
    let from = index;
    while (from > 0 && ofName.test(text.charAt(from - 1))) from -= 1;
    const name = text.slice(from, index + end.length);
    if (from < index && !/^\d/.test(name)) return name.slice(0, typeMax);
  }
  return undefined;
}

/** Names of syslog and of common loggers; numbers as pino and bunyan count them (50 = error). */
function isErrorLevel(level: unknown): boolean {
  if (typeof level === 'number') return level >= 50;
  return typeof level === 'string' && /^(?:error|err|fatal|crit|critical|emerg|alert|panic|severe)$/i.test(level);
}

function parsed(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isFields(value) ? value : undefined;
  } catch {
    // Cut off, or not JSON after all: it is read as text.
    return undefined;
  }
}

const isText = (value: unknown): value is string => typeof value === 'string';

function isFields(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
