import { type Logger, messageOf } from '@praetorian-guard/core/plugin';
import type { ContainerFacts } from '../engine/engine.ts';

export interface HoldersParts {
  readonly look: (containerId: string) => Promise<ContainerFacts | undefined>;
  /** The container in whose network this one lives is known now. */
  readonly found: (containerId: string) => void;
  readonly log: Logger;
}

interface Found {
  readonly startedAt: string;
  holder?: ContainerFacts | 'gone';
}

/**
 * Containers that are no agents, and in whose networks agents live. Nobody follows them; each is looked at once in a life of
 * the one that lives with it, which has to be started again for another network.
 */
export class Holders {
  readonly #parts: HoldersParts;
  readonly #found = new Map<string, Found>();

  constructor(parts: HoldersParts) {
    this.#parts = parts;
  }

  /** `undefined`: it is being looked at. */
  of(
    { Id: id, State: { StartedAt: startedAt } }: ContainerFacts,
    holderId: string,
  ): ContainerFacts | 'gone' | undefined {
    const known = this.#found.get(id);
    if (known?.startedAt === startedAt) return known.holder;
    const found: Found = { startedAt };
    this.#found.set(id, found);
    void this.#look(id, found, holderId);
    return undefined;
  }

  forget(containerId: string): void {
    this.#found.delete(containerId);
  }

  async #look(containerId: string, found: Found, holderId: string): Promise<void> {
    const { look, log } = this.#parts;
    try {
      found.holder = (await look(holderId)) ?? 'gone';
    } catch (error) {
      const of = { container: containerId.slice(0, 12), holder: holderId.slice(0, 12) };
      log.warn({ ...of, why: messageOf(error) }, 'the container whose network another lives in could not be looked at');
    }
    if (this.#found.get(containerId) !== found) return;
    if (found.holder === undefined) this.#found.delete(containerId);
    else this.#parts.found(containerId);
  }
}
