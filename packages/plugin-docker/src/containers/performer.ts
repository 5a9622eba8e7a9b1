import { Executions, failedBy, type Locks } from '@praetorian-guard/core/kit';
import {
  type AgentId,
  type Call,
  type Clock,
  type Grant,
  guardError,
  type Intent,
  type JsonObject,
  type Ms,
  type Receipt,
} from '@praetorian-guard/core/plugin';
import { EngineError } from '../engine/engine-error.ts';
import type { ContainerFacts, Engine } from '../engine/engine.ts';
import type { Book } from './book.ts';
import { isSucceededByDead } from './heirs.ts';
import type { Companion, ContainerBefore, InstanceAction } from './intent-parts.ts';
import type { Intents } from './intents.ts';
import { instanceOf, runs } from './member.ts';
import type { Proofs } from './proofs.ts';
import { attachmentsOf } from './recipe-network.ts';
import type { Replacement } from './replacement.ts';
import type { Roster } from './roster.ts';
import type { Scaling } from './scaling.ts';

export interface PerformerParts {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly book: Book;
  readonly roster: Roster;
  readonly intents: Intents;
  readonly proofs: Proofs;
  readonly locks: Locks;
  readonly replacement: Replacement;
  readonly scaling: Scaling;
}

/** Time kept back from the grace, so that what comes after it is done before the deadline. */
const reserveMs: Ms = 3_000;
const rememberedMax = 256;

/** Does what was admitted: each key once, each agent one action after another. */
export class Performer {
  readonly #parts: PerformerParts;
  readonly #executions: Executions;
  /** What the last actions came to, by their keys: a restart leaves nothing behind that would tell whose it was. */
  readonly #done = new Map<string, Receipt>();

  constructor(parts: PerformerParts) {
    this.#parts = parts;
    this.#executions = new Executions(parts.clock, parts.locks);
  }

  /** Whether an execution of the key is under way. */
  isRunning(key: string): boolean {
    return this.#executions.isRunning(key);
  }

  /** Nothing that waits for its turn begins any more. */
  close(): void {
    this.#executions.close();
  }

  async execute(intent: Intent, grant: Grant, call: Call): Promise<Receipt> {
    const { action } = intent;
    return this.#executions.run(grant, call, {
      recorded: async () => this.#done.get(grant.key),
      lock: action.kind === 'scale' ? `scale/${action.group}` : action.agentId,
      perform: (leftMs) => this.#perform(intent, grant.key, leftMs),
    });
  }

  async #perform(intent: Intent, key: string, leftMs: Ms): Promise<Receipt> {
    const { clock, intents, proofs } = this.#parts;
    try {
      const done = intent.action.kind === 'restart' ? undefined : await proofs.reconcile({ ...intent, key });
      if (done?.result === 'succeeded') return done;
      const stale = await intents.staleness(intent);
      if (stale !== undefined) return { key, at: clock.now(), result: 'superseded', text: stale };
      return this.#remember(await this.#act(intent, key, Math.max(0, leftMs - reserveMs)));
    } catch (error) {
      // The engine may have done it although its answer did not come.
      if (error instanceof EngineError && error.lost)
        return { key, at: clock.now(), result: 'unknown', text: error.message };
      return failedBy(key, clock.now(), error);
    }
  }

  #remember(receipt: Receipt): Receipt {
    this.#done.set(receipt.key, receipt);
    const oldest = this.#done.keys().next().value;
    if (this.#done.size > rememberedMax && oldest !== undefined) this.#done.delete(oldest);
    return receipt;
  }

  async #act({ action, before }: Intent, key: string, mostMs: Ms): Promise<Receipt> {
    const { scaling, replacement } = this.#parts;
    if (action.kind === 'scale') return this.#succeeded(key, await scaling.scale(action, before, key, mostMs));
    const was = before as unknown as ContainerBefore;
    const graceMs = 'graceMs' in action ? Math.min(action.graceMs, mostMs) : 0;
    switch (action.kind) {
      case 'restart':
        return this.#restart(action.agentId, key, was, graceMs);
      case 'recreate':
        return this.#made(key, action.agentId, await replacement.inPlace(action, key, was, graceMs));
      case 'respawn': {
        const beside = was.mode === 'beside';
        const facts = beside
          ? await replacement.beside(action, key, was)
          : await replacement.inPlace(action, key, was, graceMs);
        return this.#made(key, action.agentId, facts);
      }
      case 'retire':
        return this.#retire(action, key, was, graceMs);
      case 'isolate':
        return this.#isolate(action, key, was);
      default:
        return this.#reinstate(action, key, was);
    }
  }

  async #restart(agentId: AgentId, key: string, before: ContainerBefore, graceMs: Ms): Promise<Receipt> {
    const { containerId, sharers = [] } = before;
    const { roster } = this.#parts;
    // Those that end with it do so by the guard's hand.
    const ending = new Map<string, () => void>();
    for (const sharer of sharers)
      if (sharer.ends && (await this.#isAsBefore(sharer)))
        ending.set(sharer.containerId, roster.takeInHand(sharer.containerId));
    try {
      const facts = await this.#startAnew(containerId, graceMs);
      // They lost what they share with it; those of them that a person has taken in hand meanwhile are left to them.
      for (const sharer of sharers)
        if ((await this.#isAsBefore(sharer)) || (ending.has(sharer.containerId) && (await this.#hasEnded(sharer))))
          await this.#startAnew(sharer.containerId, graceMs);
      return this.#made(key, agentId, facts);
    } finally {
      for (const letGo of ending.values()) letGo();
    }
  }

  async #hasEnded({ containerId }: Companion): Promise<boolean> {
    return (await this.#parts.engine.container(containerId))?.State.Running === false;
  }

  async #isAsBefore({ containerId, startedAt }: Companion): Promise<boolean> {
    const { engine, roster } = this.#parts;
    const facts = await engine.container(containerId);
    if (!facts || !runs(facts) || facts.State.StartedAt !== startedAt) return false;
    return roster.member(containerId)?.leaving !== true;
  }

  async #startAnew(containerId: string, graceMs: Ms): Promise<ContainerFacts | undefined> {
    const { engine, roster } = this.#parts;
    const letGo = roster.takeInHand(containerId);
    try {
      // Also one that has ended: while a policy pauses between two tries, start alone would do nothing.
      await engine.restart(containerId, graceMs);
      const facts = await engine.container(containerId);
      if (facts) roster.take(facts);
      return facts;
    } finally {
      letGo();
    }
  }

  /** Each step may have been done by a guard before this one. */
  async #retire(
    { agentId }: InstanceAction,
    key: string,
    { containerId, name, heir, back }: ContainerBefore,
    graceMs: Ms,
  ): Promise<Receipt> {
    const { engine, roster, book, replacement } = this.#parts;
    const unhold = roster.hold(agentId);
    const letGo = roster.takeInHand(containerId);
    try {
      if (containerId !== '' && (await engine.container(containerId))) {
        await this.#checkHeir(agentId, containerId, heir);
        await engine.stop(containerId, graceMs);
        await replacement.remove(containerId);
      }
      roster.drop(containerId);
      const kept = book.get(agentId).kept?.find((one) => one.containerId === back);
      if (kept) await replacement.comeBack(agentId, { ...kept, running: true });
      const facts = heir === undefined ? undefined : await engine.container(heir);
      // The one that is left bears the agent's own name from now on.
      const isNamed = facts?.Name === `/${name}`;
      if (facts && !isNamed) await engine.rename(facts.Id, name);
      const named = facts && (await engine.container(facts.Id));
      // Of the one that bore the name already it was told what became of it.
      if (named && isNamed) roster.take(named);
      else if (named) roster.succeed(named);
    } finally {
      letGo();
      unhold();
    }
    return this.#succeeded(key);
  }

  /** The last look before there is no way back: who came after it has to run. One that came before it may have failed. */
  async #checkHeir(agentId: AgentId, containerId: string, heir: string | undefined): Promise<void> {
    const { engine, roster } = this.#parts;
    const facts = heir === undefined ? undefined : await engine.container(heir);
    if (facts) roster.take(facts);
    if (heir === undefined || !isSucceededByDead(roster, containerId, heir)) return;
    const why = `container ${heir.slice(0, 12)}, which has taken its place, does not run any more`;
    throw guardError('GUARD_ORCHESTRATOR_FAILED', { orchestrator: 'docker', verb: 'retire', agentId, why });
  }

  /** Takes it out of all its networks; it goes on running, for whoever wants to look into it. */
  async #isolate({ agentId }: InstanceAction, key: string, { containerId }: ContainerBefore): Promise<Receipt> {
    const { engine, book } = this.#parts;
    const facts = await engine.container(containerId);
    const attached = facts ? attachmentsOf(facts) : [];
    const networks = Object.fromEntries(attached.map(({ name, endpoint }) => [name, endpoint]));
    // Remembered first: a guard that crashes half-way can still bring it back.
    await book.change(agentId, (entry) => {
      const known = entry.isolated?.containerId === containerId ? entry.isolated.networks : {};
      const all = { ...known, ...(structuredClone(networks) as unknown as { [name: string]: JsonObject }) };
      return { ...entry, isolated: { containerId, networks: all } };
    });
    for (const { name } of attached) await engine.detach(name, containerId);
    return this.#succeeded(key);
  }

  async #reinstate({ agentId }: InstanceAction, key: string, { containerId }: ContainerBefore): Promise<Receipt> {
    const { engine, book } = this.#parts;
    const { isolated } = book.get(agentId);
    if (isolated?.containerId !== containerId) return this.#succeeded(key);
    const attached = (await engine.container(containerId))?.NetworkSettings.Networks ?? {};
    for (const [name, endpoint] of Object.entries(isolated.networks)) {
      if (!(name in attached)) await engine.attach(name, containerId, endpointWanted(endpoint, containerId));
    }
    await book.change(agentId, ({ isolated: _isolated, ...entry }) => entry);
    const facts = await engine.container(containerId);
    if (facts) this.#parts.roster.take(facts);
    return this.#succeeded(key);
  }

  #made(key: string, agentId: AgentId, facts: ContainerFacts | undefined): Receipt {
    const { roster, clock } = this.#parts;
    const member = facts && roster.member(facts.Id);
    const instance = member?.agentId === agentId ? { instance: instanceOf(member, roster.reach) } : {};
    return { key, at: clock.now(), result: 'succeeded', ...instance };
  }

  #succeeded(key: string, data?: JsonObject): Receipt {
    return { key, at: this.#parts.clock.now(), result: 'succeeded', ...(data ? { data } : {}) };
  }
}

/** What was asked for when the container joined the network, without what came of it. */
function endpointWanted(endpoint: JsonObject, containerId: string): JsonObject {
  const { Aliases, IPAMConfig, Links, DriverOpts } = endpoint;
  const aliases = Array.isArray(Aliases) ? Aliases.filter((alias) => alias !== containerId.slice(0, 12)) : null;
  return {
    ...(aliases ? { Aliases: aliases } : {}),
    ...(IPAMConfig ? { IPAMConfig } : {}),
    ...(Links ? { Links } : {}),
    ...(DriverOpts ? { DriverOpts } : {}),
  };
}
