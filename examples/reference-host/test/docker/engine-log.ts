import { filtered, type TestEngine } from './engine.ts';

/** One event of a container, as the engine tells it. */
export interface EngineEvent {
  /** ms since 1970, with a fraction. */
  readonly at: number;
  readonly action: string;
  readonly containerId: string;
  readonly name: string;
  readonly agentId: string | undefined;
  /** Of the action that made the container, on one that the guard made. */
  readonly key: string | undefined;
  readonly exitCode: string | undefined;
  readonly signal: string | undefined;
}

interface Told {
  readonly Action: string;
  readonly timeNano: number;
  readonly Actor: { readonly ID: string; readonly Attributes: { readonly [name: string]: string } };
}

/** Those of a HEALTHCHECK come many times a second, and say nothing of what was done to a container. */
const noise = /^(exec_|top|attach|resize)/;

/** What the engine says happened to the containers of one label. */
export class EngineLog {
  readonly events: EngineEvent[] = [];
  readonly #engine: TestEngine;
  readonly #label: string;
  readonly #end = new AbortController();
  readonly #hearers = new Set<(event: EngineEvent) => void>();
  readonly #seen = new Set<string>();
  #run: Promise<void> = Promise.resolve();
  #newest = 0;

  constructor(engine: TestEngine, label: string) {
    this.#engine = engine;
    this.#label = label;
  }

  start(): void {
    this.#run = this.#follow();
  }

  async stop(): Promise<void> {
    this.#end.abort();
    await this.#run;
  }

  /** Calls with each event as it comes, until the returned function is called. */
  hear(take: (event: EngineEvent) => void): () => void {
    this.#hearers.add(take);
    return () => void this.#hearers.delete(take);
  }

  of(agentId: string, since: number): readonly EngineEvent[] {
    return this.events.filter((event) => event.agentId === agentId && event.at >= since);
  }

  /** Of an agent, beginning with the event of that number. */
  from(number: number, agentId: string): readonly EngineEvent[] {
    return this.events.slice(number).filter((event) => event.agentId === agentId);
  }

  /** Joins again when the engine is back, from a little before where it was: events of one moment come in any order. */
  async #follow(): Promise<void> {
    const { signal } = this.#end;
    const path = filtered('/events', { type: ['container'], label: [this.#label] });
    while (!signal.aborted) {
      const since = this.#newest === 0 ? '' : `&since=${(this.#newest / 1e9 - 1).toFixed(9)}`;
      await this.#engine.follow(`${path}${since}`, signal, (line) => this.#take(line)).catch(() => undefined);
      if (!signal.aborted) await new Promise((again) => setTimeout(again, 50));
    }
  }

  #take(line: string): void {
    const { Action, Actor, timeNano } = JSON.parse(line) as Told;
    this.#newest = Math.max(this.#newest, timeNano);
    if (noise.test(Action)) return;
    const which = `${timeNano} ${Action} ${Actor.ID}`;
    if (this.#seen.has(which)) return;
    this.#seen.add(which);
    const of = Actor.Attributes;
    const event: EngineEvent = {
      at: timeNano / 1e6,
      action: Action,
      containerId: Actor.ID,
      name: of['name'] ?? '',
      agentId: of['praetorian.agent'],
      key: of['praetorian.key'],
      exitCode: of['exitCode'],
      signal: of['signal'],
    };
    this.events.push(event);
    for (const hear of this.#hearers) hear(event);
  }
}
