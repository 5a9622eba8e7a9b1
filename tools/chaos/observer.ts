import { setTimeout as sleep } from 'node:timers/promises';
import type { Incident, TimelineEntry } from '@praetorian-guard/core';

interface StreamEvent {
  readonly type: string;
  readonly at: number;
  readonly data: {
    readonly incident?: Incident;
    readonly entry?: TimelineEntry;
    readonly incidentId?: string;
    readonly agentId?: string;
    readonly stepId?: string;
  };
}

/** A step that was begun, as the stream told it. */
export interface StepSeen {
  readonly agentId: string;
  readonly incidentId: string;
  readonly stepId: string;
}

const againMs = 30;

/**
 * Remembers everything the host ever said over its event stream, over all its lives: what was said was stored before,
 * so that it must still be there after any crash.
 */
export class Observer {
  readonly #url: string;
  readonly #end = new AbortController();
  readonly #incidents = new Map<string, Incident>();
  readonly #entries = new Map<string, Map<number, TimelineEntry>>();
  readonly #steps: StepSeen[] = [];
  #run: Promise<void> | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  start(): void {
    this.#run ??= this.#follow();
  }

  async stop(): Promise<void> {
    this.#end.abort();
    await this.#run;
  }

  get incidents(): readonly Incident[] {
    return [...this.#incidents.values()];
  }

  get unresolved(): readonly Incident[] {
    return this.incidents.filter(({ state }) => state !== 'resolved');
  }

  /** Every step begun, in order. */
  get steps(): readonly StepSeen[] {
    return this.#steps;
  }

  entriesOf(incidentId: string): readonly TimelineEntry[] {
    return [...(this.#entries.get(incidentId)?.values() ?? [])];
  }

  /** What the host answers counts as seen too. */
  note(incident: Incident): void {
    const known = this.#incidents.get(incident.id);
    if (!known || known.version <= incident.version) this.#incidents.set(incident.id, incident);
  }

  /** Joins the stream, and joins again whenever the host is back, from the first event of its life. */
  async #follow(): Promise<void> {
    const { signal } = this.#end;
    while (!signal.aborted) {
      try {
        const response = await fetch(`${this.#url}/api/v1/events?after=0`, { signal });
        if (response.body) await this.#read(response.body);
      } catch {
        // The host is down, as it is meant to be.
      }
      await sleep(againMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    let rest = '';
    const decoder = new TextDecoder();
    for await (const chunk of body) {
      const frames = (rest + decoder.decode(chunk, { stream: true })).split('\n\n');
      rest = frames.pop() ?? '';
      for (const frame of frames) this.#take(frame);
    }
  }

  #take(frame: string): void {
    const data = frame.split('\n').find((line) => line.startsWith('data: '));
    if (data === undefined || frame.includes('event: stream.opened')) return;
    const event = JSON.parse(data.slice(6)) as StreamEvent;
    const { incident, entry, incidentId, agentId, stepId } = event.data;
    if (incident) this.note(incident);
    if (entry) {
      const entries = this.#entries.get(entry.incidentId) ?? new Map<number, TimelineEntry>();
      this.#entries.set(entry.incidentId, entries.set(entry.seq, entry));
    }
    if (event.type === 'step.started' && incidentId !== undefined && agentId !== undefined && stepId !== undefined)
      this.#steps.push({ agentId, incidentId, stepId });
  }
}
