import type { Readable } from 'node:stream';
import { messageOf } from '@praetorian-guard/core/plugin';
import { EngineError } from './engine-error.ts';

/** One event of the engine. */
export interface EngineEvent {
  /** `container`, `service`, `network` … */
  readonly type: string;
  /** `start`, `die`, `health_status: healthy` … */
  readonly action: string;
  /** Of the container or service. */
  readonly id: string;
  readonly attributes: { readonly [name: string]: string };
  /** By the engine's clock, ms. */
  readonly at: number;
  /** The same, exact: seconds with nine digits of fraction, as `since` takes it. */
  readonly stamp: string;
}

/** Longest line that is taken; an engine that sends a longer one is not an engine. */
const lineMax = 1_000_000;

/** The events of a raw stream, to its end: of those that are to come an engine never ends it by itself. */
export async function* eventsOf(stream: Readable): AsyncGenerator<EngineEvent> {
  let rest = '';
  stream.setEncoding('utf8');
  try {
    for await (const chunk of stream) {
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > lineMax) throw new EngineError('follow the events: a line has no end', { lost: true });
      for (const line of lines) {
        const event = line.trim() === '' ? undefined : eventOf(line);
        if (event) yield event;
      }
    }
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw new EngineError(`follow the events: ${messageOf(error)}`, { lost: true, cause: error });
  } finally {
    stream.destroy();
  }
}

interface RawEvent {
  readonly Type?: string;
  readonly Action?: string;
  readonly Actor?: { readonly ID?: string; readonly Attributes?: { readonly [name: string]: string } };
  readonly time?: number;
  readonly timeNano?: number;
}

function eventOf(line: string): EngineEvent | undefined {
  let raw: RawEvent;
  try {
    raw = JSON.parse(line) as RawEvent;
  } catch {
    throw new EngineError(`follow the events: no JSON: ${line.slice(0, 80)}`, { lost: true });
  }
  const { Type: type, Action: action, Actor: actor, time = 0 } = raw;
  if (type === undefined || action === undefined || actor?.ID === undefined) return undefined;
  const stamp = stampOf(line, time);
  return { type, action, id: actor.ID, attributes: actor.Attributes ?? {}, at: Number(stamp) * 1_000, stamp };
}

/** Nanoseconds since 1970 are more than a number of JavaScript holds, so the digits are taken from the text. */
function stampOf(line: string, time: number): string {
  const digits = /"timeNano":(\d{10,})/.exec(line)?.[1];
  return digits === undefined ? `${time}.000000000` : `${digits.slice(0, -9)}.${digits.slice(-9)}`;
}

/** A time as the engine writes it in its answers, as `since` takes it; `undefined` for what never was. */
export function stampAt(text: string): string | undefined {
  const ms = Date.parse(text);
  if (!(ms > 0)) return undefined;
  const fraction = /\.(\d{1,9})/.exec(text)?.[1] ?? '';
  return `${Math.floor(ms / 1_000)}.${fraction.padEnd(9, '0')}`;
}
