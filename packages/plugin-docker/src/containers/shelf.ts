import type { Locks } from '@praetorian-guard/core/kit';
import type { Clock, Logger, Ms } from '@praetorian-guard/core/plugin';
import type { Engine } from '../engine/engine.ts';
import type { AgentEntry, Book, Kept } from './book.ts';
import type { Roster } from './roster.ts';

export interface ShelfParts {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly log: Logger;
  readonly book: Book;
  readonly roster: Roster;
  readonly locks: Locks;
  /** How long the new container has to have run. */
  readonly keepMs: Ms;
}

/** Lets replaced containers go when those that took their places have proven themselves. */
export class Shelf {
  readonly #parts: ShelfParts;

  constructor(parts: ShelfParts) {
    this.#parts = parts;
  }

  async clear(): Promise<void> {
    for (const { agentId, kept = [] } of this.#parts.book.entries()) {
      if (kept.some((one) => this.#isOver(one)))
        await this.#parts.locks.run(agentId, () => this.#clearOf(this.#parts.book.get(agentId)));
    }
  }

  async #clearOf({ kept = [], ...entry }: AgentEntry): Promise<void> {
    const { engine, book, log } = this.#parts;
    const over = kept.filter((one) => this.#isOver(one));
    for (const { containerId } of over) {
      await engine.remove(containerId);
      log.info({ agentId: entry.agentId, container: containerId.slice(0, 12) }, 'a replaced container was removed');
    }
    await book.put({ ...entry, kept: kept.filter((one) => !over.includes(one)) });
  }

  /** The new one runs, and has for long enough; or it is gone by another's hand, and with it the reason to keep the old. */
  #isOver({ by, since }: Kept): boolean {
    const { clock, roster, keepMs } = this.#parts;
    if (by === '' || clock.now() - since < keepMs) return false;
    const member = roster.member(by);
    if (!member) return true;
    return member.facts.State.Running && clock.now() - Date.parse(member.facts.State.StartedAt) >= keepMs;
  }
}
