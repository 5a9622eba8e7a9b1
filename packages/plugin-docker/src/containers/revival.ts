import type { Locks } from '@praetorian-guard/core/kit';
import { type AgentId, type Logger, messageOf, type Ms } from '@praetorian-guard/core/plugin';
import type { ContainerFacts, Engine } from '../engine/engine.ts';
import type { EngineEvent } from '../engine/event-stream.ts';
import type { Book, Kept } from './book.ts';
import { isKeptName } from './naming.ts';
import type { Replacement } from './replacement.ts';
import type { Roster } from './roster.ts';

export interface RevivalParts {
  readonly engine: Engine;
  readonly log: Logger;
  readonly book: Book;
  readonly roster: Roster;
  readonly locks: Locks;
  readonly replacement: Replacement;
}

/** What was started by mistake has done nothing yet that is worth a long goodbye, and every moment two write to one volume. */
const graceMs: Ms = 1_000;

/**
 * What becomes of a kept container that somebody starts. Tools that go by labels do so unasked: Compose restarts all
 * containers of a service, and may take the kept one for the one to go on with. Beside the container that took its place it
 * is stopped at once; with that one gone it is the agent again. While that one is only stopped it is left to whoever did both.
 */
export class Revival {
  readonly #parts: RevivalParts;

  constructor(parts: RevivalParts) {
    this.#parts = parts;
  }

  /** A container has begun to run: it may be a kept one, or of an agent that has some. */
  began({ id, attributes }: EngineEvent): void {
    const { book, locks, log, roster } = this.#parts;
    const keeps = isKeptName(attributes['name'] ?? '');
    const agentId = keeps
      ? book.entries().find(({ kept = [] }) => kept.some((one) => one.containerId === id))?.agentId
      : roster.member(id)?.agentId;
    if (agentId === undefined || book.get(agentId).kept === undefined) return;
    void locks
      .run(agentId, () => this.settle(agentId))
      .catch((error: unknown) => {
        // With the next round it is looked at again.
        log.warn({ agentId, why: messageOf(error) }, 'a replaced container may run beside the one after it');
      });
  }

  /** Only in the turn of the agent: none of its containers comes or goes by the guard's own hand meanwhile. */
  async settle(agentId: AgentId): Promise<void> {
    for (const one of this.#parts.book.get(agentId).kept ?? []) if (one.by !== '') await this.#settle(agentId, one);
  }

  async #settle(agentId: AgentId, kept: Kept): Promise<void> {
    const { engine, log, replacement } = this.#parts;
    const old = await engine.container(kept.containerId);
    // Under another name it is whoever's that gave it.
    if (!old?.State.Running || !isKeptName(old.Name)) return;
    const after = await this.#after(agentId, kept);
    const told = { agentId, container: old.Name.slice(1) };
    if (after.length === 0) {
      await replacement.comeBack(agentId, kept);
      log.warn(told, 'the container that took its place was removed, and this one started: it is the agent again');
    } else if (after.some(({ State }) => State.Running)) {
      await engine.stop(old.Id, graceMs);
      const beside = after.map(({ Name }) => Name.slice(1)).join(', ');
      log.warn({ ...told, beside }, 'a replaced container was started beside the one that took its place, and stopped');
    }
  }

  /** What is there of the agent beside its kept containers. */
  async #after(agentId: AgentId, { by }: Kept): Promise<readonly ContainerFacts[]> {
    const { engine, book, roster } = this.#parts;
    const kept = new Set((book.get(agentId).kept ?? []).map(({ containerId }) => containerId));
    const ids = new Set([by, ...roster.containers(agentId).map(({ facts }) => facts.Id)]);
    const found = await Promise.all([...ids].filter((id) => !kept.has(id)).map((id) => engine.container(id)));
    return found.filter((one) => one !== undefined);
  }
}
