import type { AgentSlot } from '../contracts/index.ts';
import type { Ms } from '../model/index.ts';

const windowMs = 86_400_000;

/** Closed spells kept per agent; the oldest go first. An agent that changes more often is known for less than 24 h. */
const spellsMax = 256;

interface Spell {
  readonly fromMs: Ms;
  readonly toMs: Ms;
  readonly down: boolean;
}

type Observed = 'up' | 'down' | 'unobserved';

interface Running {
  readonly sinceMs: Ms;
  readonly observed: Observed;
  readonly spells: readonly Spell[];
}

/**
 * Observed time not failed over observed time, in the last 24 h. Only changes are kept, so an agent that is well costs
 * one small record, whatever the length of the window.
 */
export class Uptime {
  readonly #running: (Running | undefined)[] = [];

  /** The agent is in this state from now on. */
  note(slot: AgentSlot, observed: Observed, nowMs: Ms): void {
    const running = this.#running[slot];
    if (running?.observed === observed) return;
    this.#running[slot] = { sinceMs: nowMs, observed, spells: running ? closed(running, nowMs) : [] };
  }

  /** 0–100; `undefined` while nothing was observed. */
  percentage(slot: AgentSlot, nowMs: Ms): number | undefined {
    const running = this.#running[slot];
    if (!running) return undefined;
    const sinceMs = nowMs - windowMs;
    let up = 0;
    let all = 0;
    for (const { fromMs, toMs, down } of closed(running, nowMs)) {
      const length = toMs - Math.max(fromMs, sinceMs);
      if (length <= 0) continue;
      all += length;
      if (!down) up += length;
    }
    return all === 0 ? undefined : (up / all) * 100;
  }

  remove(slot: AgentSlot): void {
    this.#running[slot] = undefined;
  }
}

function closed({ sinceMs, observed, spells }: Running, nowMs: Ms): readonly Spell[] {
  const fresh = spells.filter(({ toMs }) => toMs > nowMs - windowMs);
  if (observed === 'unobserved' || nowMs <= sinceMs) return fresh;
  return [...fresh, { fromMs: sinceMs, toMs: nowMs, down: observed === 'down' }].slice(-spellsMax);
}
