import {
  type Action,
  type AgentId,
  type Clock,
  guardError,
  type Logger,
  messageOf,
  type Ms,
} from '@praetorian-guard/core/plugin';
import type { ContainerFacts, Engine } from '../engine/engine.ts';
import { isGoing, isLost, isStuck } from '../engine/engine-error.ts';
import type { Book, Kept } from './book.ts';
import type { ContainerBefore } from './intent-parts.ts';
import { keptFor, notWorthKeeping } from './kept.ts';
import type { Maker, Wanted } from './maker.ts';
import { besideName, isKeptName, keptName } from './naming.ts';
import { containerOfKey } from './proofs.ts';
import type { Roster } from './roster.ts';

export type Replacing = Extract<Action, { kind: 'recreate' | 'respawn' }>;

/** How often it is looked whether a container is gone that somebody else removes. */
const goneLooks = 50;
const goneEveryMs: Ms = 100;

export interface ReplacementParts {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly log: Logger;
  readonly book: Book;
  readonly roster: Roster;
  readonly maker: Maker;
}

/**
 * A new container in the place of an old one, or beside it. In its place: what is about to happen is written down, the old
 * one steps aside under another name, the new one is made while the old still runs, the old is stopped, the new started.
 * Whatever fails on the way, the old one comes back as it was. Every step looks first whether it was done, so that it can be
 * taken up after a crash, or a lost answer, at any point.
 */
export class Replacement {
  readonly #parts: ReplacementParts;

  constructor(parts: ReplacementParts) {
    this.#parts = parts;
  }

  async inPlace(action: Replacing, key: string, before: ContainerBefore, graceMs: Ms): Promise<ContainerFacts> {
    const { roster } = this.#parts;
    const { agentId } = action;
    const unhold = roster.hold(agentId, before.group);
    const letGo = roster.takeInHand(before.containerId);
    try {
      return await this.#replace(action, key, before, graceMs);
    } catch (error) {
      // Nobody knows how far it came: that is found out, and it goes on from there.
      if (!isLost(error)) await this.rollBack(agentId, key);
      throw error;
    } finally {
      letGo();
      unhold();
    }
  }

  async beside(action: Replacing, key: string, before: ContainerBefore): Promise<ContainerFacts> {
    const { engine, maker, roster } = this.#parts;
    const name = besideName(before.name, before.generation ?? 0);
    const make = async (): Promise<string> => {
      const old = await engine.container(before.containerId);
      return maker.create(this.#there(action, old), this.#wanted(action, key, before, name));
    };
    const id = (await containerOfKey(engine, key))?.Id ?? (await make());
    const letGo = roster.takeInHand(id);
    try {
      const facts = await this.#started(action.agentId, id, make);
      roster.take(facts);
      return facts;
    } catch (error) {
      const made = isLost(error) ? undefined : await containerOfKey(engine, key);
      if (made) await this.#drop(made.Id);
      throw error;
    } finally {
      letGo();
    }
  }

  /** Starts what was made. One that is stuck for good, because an engine was ended in its start, is made again, once. */
  async #started(agentId: AgentId, id: string, makeAgain: () => Promise<string>): Promise<ContainerFacts> {
    const { maker, roster, log } = this.#parts;
    try {
      return await maker.start(agentId, id);
    } catch (error) {
      if (!isStuck(error)) throw error;
      log.warn(
        { agentId, container: id.slice(0, 12), why: messageOf(error) },
        'a container is stuck and is made again',
      );
    }
    await this.#drop(id);
    await this.#gone(id);
    const other = await makeAgain();
    const letGo = roster.takeInHand(other);
    try {
      return await maker.start(agentId, other);
    } finally {
      letGo();
    }
  }

  /** The replaced container takes its place again, and its policy; it runs if it ran. */
  async comeBack(agentId: AgentId, kept: Kept): Promise<void> {
    const { engine, roster, book } = this.#parts;
    const { containerId, name, policy, running } = kept;
    const old = await engine.container(containerId);
    if (old) {
      if (isKeptName(old.Name)) await engine.rename(containerId, name);
      if (policy) await engine.setRestartPolicy(containerId, policy);
      if (running) await engine.start(containerId);
    }
    await book.change(agentId, ({ kept: all = [], ...entry }) => ({
      ...entry,
      kept: all.filter((one) => one.containerId !== containerId),
    }));
    const facts = await engine.container(containerId);
    if (facts) roster.take(facts);
  }

  async #replace(action: Replacing, key: string, before: ContainerBefore, graceMs: Ms): Promise<ContainerFacts> {
    const { engine, roster } = this.#parts;
    const { agentId } = action;
    const old = await engine.container(before.containerId);
    if (old) await this.#writeDown(agentId, key, before, old);
    const made = (await containerOfKey(engine, key))?.Id ?? (await this.#make(action, key, before, old));
    const letGo = roster.takeInHand(made);
    try {
      if (old) await this.#putAside(old, graceMs);
      const facts = await this.#started(agentId, made, async () =>
        this.#make(action, key, before, await engine.container(before.containerId)),
      );
      await this.#keep(agentId, key, facts.Id);
      roster.take(facts);
      return facts;
    } finally {
      letGo();
    }
  }

  /** What comes back, and as what, has to be known before anything is changed. */
  async #writeDown(agentId: AgentId, key: string, before: ContainerBefore, old: ContainerFacts): Promise<void> {
    const { book, clock } = this.#parts;
    if (book.get(agentId).kept?.some((one) => one.key === key)) return;
    const policy = old.HostConfig.RestartPolicy;
    const acts = policy !== undefined && policy.Name !== '' && policy.Name !== 'no';
    const { containerId, name, running } = before;
    const keeps: Kept = {
      containerId,
      name,
      key,
      by: '',
      since: clock.now(),
      running,
      ...(acts ? { policy: { ...policy } } : {}),
    };
    await book.change(agentId, ({ kept = [], ...entry }) => ({
      ...entry,
      kept: [...kept.filter((one) => one.containerId !== containerId), keeps],
    }));
  }

  async #make(
    action: Replacing,
    key: string,
    before: ContainerBefore,
    old: ContainerFacts | undefined,
  ): Promise<string> {
    const { engine, maker } = this.#parts;
    const like = this.#asItWas(action.agentId, key, this.#there(action, old));
    const { name, generation = 0 } = before;
    if (like.Name === `/${name}`) await engine.rename(like.Id, keptName(name, generation));
    return maker.create(like, this.#wanted(action, key, before, name));
  }

  #keptUnder(agentId: AgentId, key: string): Kept | undefined {
    return this.#parts.book.get(agentId).kept?.find((one) => one.key === key);
  }

  /** With the restart policy it had before it was put aside. */
  #asItWas(agentId: AgentId, key: string, facts: ContainerFacts): ContainerFacts {
    const policy = this.#keptUnder(agentId, key)?.policy;
    return policy ? { ...facts, HostConfig: { ...facts.HostConfig, RestartPolicy: policy } } : facts;
  }

  /** Stops the old one; its restart policy must not start it again, not even after the engine was restarted. */
  async #putAside(old: ContainerFacts, graceMs: Ms): Promise<void> {
    const { engine } = this.#parts;
    const policy = old.HostConfig.RestartPolicy?.Name ?? '';
    if (policy !== '' && policy !== 'no') await engine.setRestartPolicy(old.Id, { Name: 'no' });
    if (old.State.Running || old.State.Restarting) await engine.stop(old.Id, graceMs);
  }

  /** The last one that had proven itself stays a while; one that could not go now goes when it can. */
  async #keep(agentId: AgentId, key: string, by: string): Promise<void> {
    const { book, clock } = this.#parts;
    await book.change(agentId, ({ kept = [], ...entry }) => ({
      ...entry,
      kept: keptFor(kept, { key, by, now: clock.now() }),
    }));
    for (const one of notWorthKeeping(book.get(agentId).kept ?? [])) await this.letGo(agentId, one);
  }

  /**
   * A kept container is not needed any more. One that somebody has taken back meanwhile by another name is theirs, and gets
   * its policy again. One that runs stays, and so does one that is being removed already: it is asked for once more later.
   */
  async letGo(agentId: AgentId, { containerId, policy }: Kept): Promise<void> {
    const { engine, book, log } = this.#parts;
    const facts = await engine.container(containerId);
    const isOurs = facts !== undefined && isKeptName(facts.Name);
    // Not by force: it may be started in this very moment.
    if (isOurs && (facts.State.Running || !(await this.#drop(containerId, false)))) return;
    if (!isOurs && facts && policy) await engine.setRestartPolicy(containerId, policy);
    await book.change(agentId, ({ kept = [], ...entry }) => ({
      ...entry,
      kept: kept.filter((one) => one.containerId !== containerId),
    }));
    const container = containerId.slice(0, 12);
    if (isOurs) log.info({ agentId, container }, 'a replaced container was removed');
  }

  /** Undoes a replacement that was not completed: what it has made goes, and the old container is back. */
  async rollBack(agentId: AgentId, key: string): Promise<void> {
    const { engine, log } = this.#parts;
    const made = await containerOfKey(engine, key);
    if (made) {
      await this.#drop(made.Id);
      await this.#gone(made.Id);
    }
    const kept = this.#keptUnder(agentId, key);
    if (!kept) return;
    await this.comeBack(agentId, kept);
    log.warn({ agentId }, 'a container could not be replaced; the old one is back');
  }

  /** Removes a container that has ended, and waits until it is gone; that the engine does it by itself is as well. */
  async remove(id: string): Promise<void> {
    if (!(await this.#drop(id, false))) await this.#gone(id);
  }

  /** Removes a container. `false`: it is being removed already. */
  async #drop(id: string, force = true): Promise<boolean> {
    const { engine, log } = this.#parts;
    try {
      await engine.remove(id, { force });
      return true;
    } catch (error) {
      if (!isGoing(error)) throw error;
      log.debug({ container: id.slice(0, 12), why: messageOf(error) }, 'a container is being removed by somebody else');
      return false;
    }
  }

  /** Its name is free only then. */
  async #gone(id: string): Promise<void> {
    const { engine, clock } = this.#parts;
    for (let look = 0; look < goneLooks && (await engine.container(id)); look += 1) await clock.sleep(goneEveryMs);
  }

  #there({ agentId, kind }: Replacing, old: ContainerFacts | undefined): ContainerFacts {
    if (old) return old;
    const why = 'the container that it would be made after is gone';
    throw guardError('GUARD_ORCHESTRATOR_FAILED', { orchestrator: 'docker', verb: kind, agentId, why });
  }

  #wanted(action: Replacing, key: string, { group: known, generation = 0 }: ContainerBefore, name: string): Wanted {
    const { agentId } = action;
    // While the old one has stepped aside already, nobody bears the agent's name.
    const group = known ?? this.#parts.roster.current(agentId)?.group ?? agentId;
    const override = action.kind === 'respawn' ? action.override : undefined;
    return { agentId, group, name, generation, key, restore: true, ...(override ? { override } : {}) };
  }
}
