import type { Locks } from '@praetorian-guard/core/kit';
import { type AgentId, type Clock, type Logger, messageOf, type Ms } from '@praetorian-guard/core/plugin';
import { isLost } from '../engine/engine-error.ts';
import type { Engine } from '../engine/engine.ts';
import type { Book, Kept } from './book.ts';
import { keptFor, notWorthKeeping } from './kept.ts';
import type { Member } from './member.ts';
import { besideName, own } from './naming.ts';
import { containerOfKey, isUp } from './proofs.ts';
import type { Replacement } from './replacement.ts';
import type { Revival } from './revival.ts';
import type { Roster } from './roster.ts';

export interface ShelfParts {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly log: Logger;
  readonly book: Book;
  readonly roster: Roster;
  readonly locks: Locks;
  readonly replacement: Replacement;
  readonly revival: Revival;
  /** How long the new container has to have run. */
  readonly keepMs: Ms;
}

/** Whoever began a replacement and may still come back to it does within this. */
const unfinishedMs: Ms = 60_000;

/** Lets replaced containers go when those that took their places have proven themselves, and what never ran. */
export class Shelf {
  readonly #parts: ShelfParts;

  constructor(parts: ShelfParts) {
    this.#parts = parts;
  }

  /**
   * Before the containers are listed: a replacement that nobody has come back to for a while, because a guard died in the
   * middle of it, lost the engine, or gave it up, has left the agent without a container by its name. What was all but done
   * is completed, anything else undone. Whoever does come back soon goes on where it was.
   */
  async recover(): Promise<void> {
    const { book, locks, log, roster } = this.#parts;
    for (const { agentId, kept = [] } of book.entries()) {
      if (roster.isHeld(agentId)) continue;
      for (const one of kept.filter((other) => other.by === '' && this.#isAbandoned(other))) {
        try {
          await locks.run(agentId, () => this.#finish(agentId, one));
        } catch (error) {
          if (isLost(error)) throw error;
          log.warn({ agentId, why: messageOf(error) }, 'a replacement that was cut off could not be undone');
        }
      }
    }
  }

  async #finish(agentId: AgentId, one: Kept): Promise<void> {
    await this.#complete(agentId, one);
    const { book, replacement } = this.#parts;
    const isUnfinished = book.get(agentId).kept?.some(({ key, by }) => key === one.key && by === '') === true;
    if (isUnfinished) await replacement.rollBack(agentId, one.key);
  }

  /** Only while the containers are known. */
  async clear(): Promise<void> {
    const { book, locks, roster } = this.#parts;
    for (const { agentId, kept = [] } of book.entries()) {
      if (kept.length > 0) await locks.run(agentId, () => this.#clearOf(agentId));
    }
    for (const member of roster.all()) {
      if (this.#isNeverStarted(member)) await locks.run(member.agentId, () => this.#dropNeverStarted(member));
    }
  }

  async #clearOf(agentId: AgentId): Promise<void> {
    const { book, replacement, revival } = this.#parts;
    await revival.settle(agentId);
    const all = book.get(agentId).kept ?? [];
    // One at a time: a guard that crashed may have left others as well.
    const others = notWorthKeeping(all);
    for (const one of all) {
      if (one.by === '') await (this.#isAbandoned(one) ? this.#finish(agentId, one) : this.#complete(agentId, one));
      else if (others.includes(one) || this.#isOver(one)) await replacement.letGo(agentId, one);
    }
  }

  #isAbandoned({ since }: Kept): boolean {
    return this.#parts.clock.now() - since > unfinishedMs;
  }

  /** A guard that crashed after the new container ran has not written it down. With both gone there is nothing to keep. */
  async #complete(agentId: AgentId, { key, containerId }: Kept): Promise<void> {
    const { engine, book, clock, roster } = this.#parts;
    const made = await containerOfKey(engine, key);
    const isLost = !made && !(await engine.container(containerId));
    if (!isLost && !(made && isUp(made))) return;
    const by = made?.Id;
    await book.change(agentId, ({ kept = [], ...entry }) => ({
      ...entry,
      kept: by === undefined ? kept.filter((one) => one.key !== key) : keptFor(kept, { key, by, now: clock.now() }),
    }));
    // Nobody waits for it any more.
    roster.hold(agentId)();
  }

  /** The new one runs, and has for long enough; or it is gone by another's hand, and with it the reason to keep the old. */
  #isOver({ by, since }: Kept): boolean {
    const { clock, roster, keepMs } = this.#parts;
    if (clock.now() - since < keepMs) return false;
    const member = roster.member(by);
    if (!member) return true;
    return isUp(member.facts) && clock.now() - Date.parse(member.facts.State.StartedAt) >= keepMs;
  }

  /** Made beside another by a guard that died before it could start it, and nobody has come back to it. */
  #isNeverStarted({ facts, name, generation }: Member): boolean {
    const { clock, roster, keepMs } = this.#parts;
    const isBeside = facts.Name === `/${besideName(name, generation)}` && own.key in facts.Config.Labels;
    const old = clock.now() - Date.parse(facts.Created) >= keepMs;
    return isBeside && old && facts.State.Status === 'created' && !roster.isInHand(facts.Id);
  }

  async #dropNeverStarted({ facts, agentId }: Member): Promise<void> {
    const { engine, log, roster } = this.#parts;
    await engine.remove(facts.Id, { force: false });
    roster.drop(facts.Id);
    log.info({ agentId, container: facts.Id.slice(0, 12) }, 'a container that was made and never started was removed');
  }
}
