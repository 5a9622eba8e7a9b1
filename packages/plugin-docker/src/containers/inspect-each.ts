import { type Logger, messageOf, type Ms } from '@praetorian-guard/core/plugin';
import type { ContainerFacts, Engine } from '../engine/engine.ts';

const atOnce = 16;
/** Whoever waits for the list waits for the slowest of them. */
const limitMs: Ms = 5_000;

export interface Inspected {
  readonly facts: readonly ContainerFacts[];
  /** Those that could not be looked at. */
  readonly failed: readonly string[];
}

/** Looks at many containers, a few at a time. One that the engine is stuck on stops nobody; throws when that is most of them. */
export async function inspectEach(
  { engine, log }: { readonly engine: Pick<Engine, 'container'>; readonly log: Logger },
  ids: readonly string[],
  signal?: AbortSignal,
): Promise<Inspected> {
  const facts: ContainerFacts[] = [];
  const failed: string[] = [];
  const waiting = [...ids];
  const work = async (): Promise<void> => {
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
      try {
        const found = await engine.container(id, { limitMs, ...(signal ? { signal } : {}) });
        if (found) facts.push(found);
      } catch (error) {
        failed.push(id);
        if (
          signal?.aborted === true ||
          failed.length === ids.length ||
          failed.length >= Math.max(atOnce, facts.length)
        ) {
          waiting.length = 0;
          throw error;
        }
        log.warn({ container: id.slice(0, 12), why: messageOf(error) }, 'a container could not be looked at');
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, ids.length) }, work));
  return { facts, failed };
}
