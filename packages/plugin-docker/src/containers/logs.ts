import type { Call, Instance, LogPage } from '@praetorian-guard/core/plugin';
import type { Engine } from '../engine/engine.ts';
import { EngineError } from '../engine/engine-error.ts';
import { beginning, LogReader, type Page, type Place, placeOf, sinceOf, textOf } from './log-lines.ts';
import type { Member } from './member.ts';

/** Most of a log that is given at once. */
const pageBytes = 1024 ** 2;
/**
 * Messages that are asked for, from the end of the log: more only when the fewer did not reach back to the place. Without
 * such a bound the engine would read all of a log for whatever is new in it.
 */
const windows = { present: [100, 10_000], following: [1_000, 10_000, 100_000] } as const;
/** Gone, marked for removal, and a log driver that gives nothing back. */
const unreadable = new Set([404, 409, 501]);
const unreadableText = /does not support reading|cannot read logs|not logging/;

/** A container that is an instance of an agent. */
export type Located = Pick<Member, 'agentId' | 'instanceId'> & { readonly facts: Pick<Member['facts'], 'Id'> };

export interface Containers {
  all(): readonly Located[];
  member(containerId: string): Located | undefined;
}

/** The container that is this instance now. */
export function containerOf(containers: Containers, { id, ref }: Instance): Located | undefined {
  const named = ref?.['container'];
  const member = typeof named === 'string' ? containers.member(named) : undefined;
  return member?.instanceId === id ? member : containers.all().find(({ instanceId }) => instanceId === id);
}

interface LogsParts {
  readonly engine: Pick<Engine, 'logs'>;
  readonly containers: Containers;
}

/** What containers write to their logs, from place to place; a place is good for another run of the guard, too. */
export class Logs {
  readonly #parts: LogsParts;

  constructor(parts: LogsParts) {
    this.#parts = parts;
  }

  /**
   * What the instance wrote since a place; without one, nothing, and the place where the log ends now. A log that is gone or
   * that the engine cannot read is an empty page. When more than 100 000 lines came, those before them are left out and
   * counted as one byte, since the engine is not asked for them.
   */
  async page(instance: Instance, after: string | undefined, { signal }: Call): Promise<LogPage> {
    const id = containerOf(this.#parts.containers, instance)?.facts.Id;
    const place = after === undefined ? undefined : placeOf(after);
    try {
      if (id === undefined) return { lines: [], next: after ?? '' };
      return place ? await this.#following(id, place, signal) : await this.#present(id, signal);
    } catch (error) {
      if (isUnreadable(error)) return { lines: [], next: after ?? '' };
      throw error;
    }
  }

  async #present(id: string, signal: AbortSignal): Promise<LogPage> {
    const { engine } = this.#parts;
    const read = (tail: number): Promise<Tail> => readTail(engine, id, { tail, after: beginning, maxBytes: 0 }, signal);
    let page = await read(windows.present[0]);
    // A place counts the messages of its time, so that all of them have to be seen.
    if (page.full && page.ofOneMoment) page = await read(windows.present[1]);
    return { lines: [], next: textOf(page.end ?? beginning) };
  }

  async #following(id: string, after: Place, signal: AbortSignal): Promise<LogPage> {
    const { engine } = this.#parts;
    const read = (tail: number): Promise<Tail> => readTail(engine, id, { tail, after, maxBytes: pageBytes }, signal);
    const [first, ...larger] = windows.following;
    let page = await read(first);
    for (const tail of larger) if (page.full && !page.found) page = await read(tail);
    const unasked = page.full && !page.found ? 1 : 0;
    const skippedBytes = Math.max(unasked, page.skippedBytes);
    return { lines: page.lines, next: textOf(page.end ?? after), ...(skippedBytes > 0 ? { skippedBytes } : {}) };
  }
}

interface Wanted {
  readonly tail: number;
  readonly after: Place;
  readonly maxBytes: number;
}

interface Tail extends Page {
  /** There are as many messages as were asked for, and so perhaps more before them. */
  readonly full: boolean;
}

/** Reads the end of a log. */
export async function readTail(
  engine: Pick<Engine, 'logs'>,
  id: string,
  { tail, after, maxBytes }: Wanted,
  signal: AbortSignal,
): Promise<Tail> {
  const reader = new LogReader({ after, maxBytes });
  const since = sinceOf(after);
  const wanted = { tail, ...(since === undefined ? {} : { since }) };
  await engine.logs(id, wanted, (piece) => reader.push(piece), { signal });
  const page = reader.end();
  return { ...page, full: page.messages >= tail };
}

function isUnreadable(error: unknown): boolean {
  if (!(error instanceof EngineError)) return false;
  return unreadable.has(error.status ?? 0) || unreadableText.test(error.message);
}
