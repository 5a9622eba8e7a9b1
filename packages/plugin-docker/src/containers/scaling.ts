import type { Action, AgentId, JsonObject, Ms } from '@praetorian-guard/core/plugin';
import { guardError } from '@praetorian-guard/core/plugin';
import type { ContainerFacts, Engine } from '../engine/engine.ts';
import type { Book } from './book.ts';
import { stopTimeoutMs } from './endings.ts';
import { containerOfKey } from './proofs.ts';
import type { Maker } from './maker.ts';
import type { Roster } from './roster.ts';
import { type Added, type ScaleBefore, scaleKey } from './scale-intents.ts';

export interface ScalingParts {
  readonly engine: Engine;
  readonly book: Book;
  readonly roster: Roster;
  readonly maker: Maker;
  readonly graceMs: Ms;
}

/** Adds copies of a group's container, each with data of its own, and takes the last ones away. */
export class Scaling {
  readonly #parts: ScalingParts;

  constructor(parts: ScalingParts) {
    this.#parts = parts;
  }

  async scale(
    { group, replicas }: Extract<Action, { kind: 'scale' }>,
    before: JsonObject,
    key: string,
    mostMs: Ms,
  ): Promise<JsonObject> {
    const { template, add, remove } = before as unknown as ScaleBefore;
    const like = add.length > 0 ? await this.#parts.engine.container(template) : undefined;
    if (add.length > 0 && !like) {
      const why = 'the container to be copied is gone';
      throw guardError('GUARD_ORCHESTRATOR_FAILED', { orchestrator: 'docker', verb: 'scale', agentId: group, why });
    }
    const work = [
      ...add.map((one) => this.#add(one, group, scaleKey(key, one.agentId), like as ContainerFacts)),
      ...remove.map((agentId) => this.#remove(agentId, key, mostMs)),
    ];
    const broken = (await Promise.allSettled(work)).find((outcome) => outcome.status === 'rejected');
    if (broken) throw broken.reason;
    return { replicas };
  }

  async #add({ agentId, name, labels }: Added, group: string, key: string, like: ContainerFacts): Promise<void> {
    const { engine, maker, roster, book } = this.#parts;
    const generation = book.get(agentId).lastGeneration + 1;
    const wanted = { agentId, group, name, generation, key, labels, copy: true, restore: false };
    const id = (await containerOfKey(engine, key))?.Id ?? (await maker.create(like, wanted));
    const letGo = roster.takeInHand(id);
    try {
      roster.take(await maker.start(agentId, id));
    } catch (error) {
      await engine.remove(id, { withVolumes: true });
      throw error;
    } finally {
      letGo();
    }
  }

  async #remove(agentId: AgentId, key: string, mostMs: Ms): Promise<void> {
    const { engine, roster, book, graceMs } = this.#parts;
    // Remembered first: once it has ended, only this tells the guard after a crash from a person who has stopped it.
    await book.change(agentId, (entry) => ({ ...entry, endedBy: key }));
    for (const { facts } of roster.containers(agentId)) {
      const letGo = roster.takeInHand(facts.Id);
      try {
        await engine.stop(facts.Id, Math.min(Math.max(graceMs, stopTimeoutMs(facts) ?? 0), mostMs));
        await engine.remove(facts.Id);
        roster.drop(facts.Id);
      } finally {
        letGo();
      }
    }
  }
}
