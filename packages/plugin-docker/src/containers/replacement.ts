import type { Action, AgentId, Clock, Logger, Ms } from '@praetorian-guard/core/plugin';
import { guardError, messageOf } from '@praetorian-guard/core/plugin';
import type { ContainerFacts, Engine } from '../engine/engine.ts';
import type { Book } from './book.ts';
import type { ContainerBefore } from './intent-parts.ts';
import { containerOfKey } from './intents.ts';
import type { Maker, Wanted } from './maker.ts';
import { besideName, keptName } from './naming.ts';
import type { Roster } from './roster.ts';

export type Replacing = Extract<Action, { kind: 'recreate' | 'respawn' }>;

export interface ReplacementParts {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly log: Logger;
  readonly book: Book;
  readonly roster: Roster;
  readonly maker: Maker;
}

/**
 * A new container in the place of an old one, or beside it. In its place: the old one steps aside under another name, the
 * new one is made while the old still runs, the old is stopped, the new started. Whatever fails on the way, the old one
 * comes back as it was. Every step looks first whether it was done, so that it can be taken up after a crash at any point.
 */
export class Replacement {
  readonly #parts: ReplacementParts;

  constructor(parts: ReplacementParts) {
    this.#parts = parts;
  }

  async inPlace(action: Replacing, key: string, before: ContainerBefore, graceMs: Ms): Promise<ContainerFacts> {
    const { engine, roster } = this.#parts;
    const { agentId } = action;
    const unhold = roster.hold(agentId);
    try {
      const old = await engine.container(before.containerId);
      const made = (await containerOfKey(engine, key))?.Id ?? (await this.#make(action, key, before, old));
      const letGo = [before.containerId, made].map((id) => roster.takeInHand(id));
      try {
        if (old) await this.#putAside(agentId, old, graceMs);
        const facts = await this.#startOrBack(agentId, made, before);
        await this.#keep(agentId, before.containerId, made);
        roster.take(facts);
        return facts;
      } finally {
        for (const release of letGo) release();
      }
    } finally {
      unhold();
    }
  }

  async beside(action: Replacing, key: string, before: ContainerBefore): Promise<ContainerFacts> {
    const { engine, maker, roster } = this.#parts;
    const known = await containerOfKey(engine, key);
    const old = known ? undefined : await engine.container(before.containerId);
    const name = besideName(before.name, before.generation ?? 0);
    const id = known?.Id ?? (await maker.create(this.#there(action, old), this.#wanted(action, key, before, name)));
    const letGo = roster.takeInHand(id);
    try {
      const facts = await maker.start(action.agentId, id);
      roster.take(facts);
      return facts;
    } catch (error) {
      await engine.remove(id);
      throw error;
    } finally {
      letGo();
    }
  }

  /** The replaced container takes its place again. */
  async comeBack(agentId: AgentId, oldId: string, name: string, start: boolean): Promise<ContainerFacts | undefined> {
    const { engine, roster, book } = this.#parts;
    const old = await engine.container(oldId);
    if (!old) return undefined;
    if (old.Name !== `/${name}`) await engine.rename(oldId, name);
    const { kept = [], ...entry } = book.get(agentId);
    const policy = kept.find(({ containerId }) => containerId === oldId)?.policy;
    if (policy) await engine.setRestartPolicy(oldId, policy);
    if (start) await engine.start(oldId);
    await book.put({ ...entry, kept: kept.filter(({ containerId }) => containerId !== oldId) });
    const facts = await engine.container(oldId);
    if (facts) roster.take(facts);
    return facts;
  }

  async #make(
    action: Replacing,
    key: string,
    before: ContainerBefore,
    old: ContainerFacts | undefined,
  ): Promise<string> {
    const { engine, maker } = this.#parts;
    const like = this.#there(action, old);
    const { name, generation = 0 } = before;
    if (like.Name === `/${name}`) await engine.rename(like.Id, keptName(name, generation));
    try {
      return await maker.create(like, this.#wanted(action, key, before, name));
    } catch (error) {
      await engine.rename(like.Id, name);
      const back = await engine.container(like.Id);
      if (back) this.#parts.roster.take(back);
      throw error;
    }
  }

  /** Stops the old one; its restart policy must not start it again, not even after the engine was restarted. */
  async #putAside(agentId: AgentId, old: ContainerFacts, graceMs: Ms): Promise<void> {
    const { engine, book, clock } = this.#parts;
    const policy = old.HostConfig.RestartPolicy;
    const acts = policy !== undefined && policy.Name !== '' && policy.Name !== 'no' && !old.HostConfig.AutoRemove;
    const entry = book.get(agentId);
    const others = (entry.kept ?? []).filter(({ containerId }) => containerId !== old.Id);
    // Remembered before it is switched off, so that it comes back with the policy it had.
    if (acts) {
      const keeps = { containerId: old.Id, by: '', since: clock.now(), policy: { ...policy } };
      await book.put({ ...entry, kept: [...others, keeps] });
      await engine.setRestartPolicy(old.Id, { Name: 'no' });
    }
    if (old.State.Running || old.State.Restarting) await engine.stop(old.Id, graceMs);
  }

  async #startOrBack(agentId: AgentId, made: string, before: ContainerBefore): Promise<ContainerFacts> {
    const { engine, maker, log } = this.#parts;
    try {
      return await maker.start(agentId, made);
    } catch (error) {
      await engine.remove(made);
      const back = await this.comeBack(agentId, before.containerId, before.name, before.running);
      log.warn(
        { agentId, why: messageOf(error), back: back !== undefined },
        'a new container did not start; the old one is back',
      );
      throw error;
    }
  }

  /** The old one stays a while, and those that were kept before it go. */
  async #keep(agentId: AgentId, oldId: string, by: string): Promise<void> {
    const { engine, book, clock } = this.#parts;
    const isThere = (await engine.container(oldId)) !== undefined;
    const { kept = [], ...entry } = book.get(agentId);
    const own = kept.find(({ containerId }) => containerId === oldId);
    const keeps = { containerId: oldId, ...own, by, since: clock.now() };
    for (const { containerId } of kept) if (containerId !== oldId) await engine.remove(containerId);
    await book.put({ ...entry, kept: isThere ? [keeps] : [] });
  }

  #there({ agentId, kind }: Replacing, old: ContainerFacts | undefined): ContainerFacts {
    if (old) return old;
    const why = 'the container that it would be made after is gone';
    throw guardError('GUARD_ORCHESTRATOR_FAILED', { orchestrator: 'docker', verb: kind, agentId, why });
  }

  #wanted(action: Replacing, key: string, { generation = 0 }: ContainerBefore, name: string): Wanted {
    const { agentId } = action;
    const group = this.#parts.roster.current(agentId)?.group ?? agentId;
    const override = action.kind === 'respawn' ? action.override : undefined;
    return { agentId, group, name, generation, key, restore: true, ...(override ? { override } : {}) };
  }
}
