import { timeOfDay } from './process-clock.ts';
import { printable, printableDeep } from './printable.ts';
import type { Style } from './style.ts';

/** Members of a log line that are shown elsewhere in it, or to nobody. */
const shownElsewhere = new Set(['level', 'time', 'name', 'msg', 'pid', 'hostname', 'v']);

/** Where the engine's logger writes: each JSON line comes out as one line for people. */
export function prettyDestination(write: (line: string) => void, style: Style): { write(line: string): void } {
  return { write: (line) => write(prettyLine(line, style)) };
}

/** `12:04:31  warn  the store is slow  latencyMs=240`; what is not a log line is passed on as it is. */
export function prettyLine(line: string, style: Style): string {
  const entry = parse(line);
  if (entry === undefined) return printable(line.trimEnd());
  const [word, tone] = levelOf(entry['level']);
  if (typeof entry['noticeId'] === 'string' && typeof entry['text'] === 'string')
    return noticeLine(entry, entry['text'], style);
  const message = entry['msg'];
  const fields = Object.entries(entry)
    .filter(([name]) => !shownElsewhere.has(name))
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const time = typeof entry['time'] === 'number' ? timeOfDay(entry['time']) : '';
  return [
    style.dim(time),
    style[tone](word.padEnd(5)),
    typeof message === 'string' ? message : '',
    style.dim(fields.join(' ')),
  ]
    .filter((part) => part !== '')
    .join('  ')
    .trimEnd();
}

/** A message to people from the notifier `log`: its text is the message, the rest is for programs. */
function noticeLine(entry: { readonly [name: string]: unknown }, text: string, style: Style): string {
  const [, tone] = levelOf(entry['level']);
  const time = typeof entry['time'] === 'number' ? timeOfDay(entry['time']) : '';
  const priority = typeof entry['priority'] === 'string' ? entry['priority'] : 'info';
  return [style.dim(time), style[tone](`message (${priority})`), text].filter((part) => part !== '').join('  ');
}

function parse(line: string): { readonly [name: string]: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(line);
    const isEntry = typeof value === 'object' && value !== null;
    return isEntry ? printableDeep(value as { readonly [name: string]: unknown }) : undefined;
  } catch {
    // A library wrote there directly; its line is still shown.
    return undefined;
  }
}

/** pino's numbers as a word and its colour. */
function levelOf(level: unknown): readonly [word: string, tone: keyof Style] {
  const value = typeof level === 'number' ? level : 30;
  if (value >= 50) return ['error', 'bad'];
  if (value >= 40) return ['warn', 'warn'];
  return [value >= 30 ? 'info' : 'debug', 'dim'];
}
