import type { AnyGuardEvent, Clock } from '../contracts/index.ts';
import { isGuardError, messageOf } from '../contracts/index.ts';
import type { Heartbeat } from '../contracts/index.ts';
import type { JsonObject, Ms } from '../model/index.ts';
import { redact } from '../runtime/index.ts';
import { outputOf } from './output.ts';
import type { AnswerLine } from './record-format.ts';
import { RecordingClock } from './recording-clock.ts';
import { settled, TurnCounter } from './turns.ts';

/** Where lines go. It takes them at once or drops them; it never makes the guard wait. */
export interface RecordSink {
  line(line: string): void;
}

/** Of what a call was: joins it to its answer. */
export interface RecordedCall {
  /** Port, method and what it was about: the `n`th call of the same is the same call. */
  readonly about: string;
  /** Its beginning is written too, so that one that is never answered can be told from one that was never made. */
  readonly begin?: boolean;
  /** What of the answer is kept. [all of it] */
  readonly keep?: (answer: never) => unknown;
}

/**
 * Writes down what reaches a guard from outside and what it decides. It taps the ports of the engine, not its insides.
 * What the ports say before `begin` is not written.
 */
export class Recorder {
  readonly clock: RecordingClock;
  readonly #sink: RecordSink;
  readonly #calls = new Map<string, number>();
  readonly #turns = new TurnCounter();
  #operations = 0;
  #open = false;

  constructor(inner: Clock, sink: RecordSink) {
    this.#sink = sink;
    this.clock = new RecordingClock(inner, {
      wall: (by) => this.write({ k: 'wall', by }),
      stall: (ms) => this.write({ k: 'stall', ms }),
    });
  }

  /** From now on lines are written. */
  begin(): void {
    this.#open = true;
  }

  /** The guard stops: what comes after it is not its own doing. */
  end(): void {
    this.write({ k: 'end' });
    this.#open = false;
  }

  /** Writes a line with the present time. */
  write(line: { readonly k: string } & JsonObject): void {
    if (this.#open) this.#sink.line(toText({ ...this.#now(), ...line }));
  }

  /** The hot path: plain heartbeats are written without going over their members. */
  beat(beat: Heartbeat): void {
    if (!this.#open) return;
    const plain = beat.seq !== undefined && onlyCounts(beat);
    if (!plain) return this.write({ k: 'b', b: beat as unknown as JsonObject });
    const t = this.clock.monotonic();
    const ran = this.clock.ranAt(t);
    const c = ran === 0 ? '' : `,"c":${ran}`;
    this.#sink.line(`{"t":${t}${c},"k":"b","a":${JSON.stringify(beat.agentId)},"s":${beat.seq}}`);
  }

  /** Writes down an input from which something may follow at once. */
  input(line: { readonly k: string } & JsonObject): void {
    if (!this.#open) return;
    const { turns } = this.#turns;
    this.write(turns === undefined ? line : { ...line, u: turns });
    this.#turns.restart();
  }

  event(event: AnyGuardEvent): void {
    const line = outputOf(event);
    if (line) this.write(line);
  }

  /** Number of the next operation. */
  nextOperation(): number {
    return (this.#operations += 1);
  }

  /** Passes a call on and writes down what it was answered, and when. */
  async call<T>({ about, begin, keep }: RecordedCall, make: () => Promise<T>): Promise<T> {
    const n = (this.#calls.get(about) ?? 0) + 1;
    this.#calls.set(about, n);
    const beganMs = this.clock.monotonic();
    if (begin === true) this.write({ k: 'q', p: about, n });
    const answer = await settled(make);
    const keeps = keep as ((value: T) => unknown) | undefined;
    const line: Omit<AnswerLine, 't'> = {
      k: 'a',
      p: about,
      n,
      ...(this.clock.monotonic() === beganMs ? {} : { s: beganMs }),
      ...(answer.prompt ? { f: 1 } : {}),
      ...(answer.ok ? valueOf(keeps ? keeps(answer.value) : answer.value) : { e: errorOf(answer.error) }),
    };
    const written = line as unknown as { readonly k: string } & JsonObject;
    if (answer.prompt) this.write(written);
    else this.input(written);
    if (!answer.ok) throw answer.error;
    return answer.value;
  }

  #now(): { readonly t: Ms; readonly c?: number } {
    const t = this.clock.monotonic();
    const c = this.clock.ranAt(t);
    return c === 0 ? { t } : { t, c };
  }
}

function onlyCounts(beat: Heartbeat): boolean {
  for (const name in beat) if (name !== 'agentId' && name !== 'seq') return false;
  return typeof beat.agentId === 'string' && Number.isSafeInteger(beat.seq);
}

function valueOf(value: unknown): { readonly v?: never } {
  return value === undefined ? {} : { v: value as never };
}

function errorOf(thrown: unknown): NonNullable<AnswerLine['e']> {
  if (!isGuardError(thrown)) return { message: messageOf(thrown) };
  return { code: thrown.code, message: thrown.message, details: thrown.details as JsonObject };
}

/** Text without secrets: a record leaves the machine. */
export function toText(line: object): string {
  return JSON.stringify(line, (_name, value: unknown) => (typeof value === 'string' ? redact(value) : value));
}
