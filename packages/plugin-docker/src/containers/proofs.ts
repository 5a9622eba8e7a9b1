import { failed } from '@praetorian-guard/core/kit';
import type { AgentId, Intent, Receipt } from '@praetorian-guard/core/plugin';
import type { ContainerFacts, Engine } from '../engine/engine.ts';
import type { ContainerBefore, InstanceAction, IntentsParts } from './intent-parts.ts';
import { instanceOf, runs } from './member.ts';
import { own } from './naming.ts';
import { attachmentsOf } from './recipe-network.ts';
import { reconcileScale, type ScaleBefore } from './scale-intents.ts';

/** Proves by inspection whether an action has happened. Changes nothing. */
export class Proofs {
  readonly #parts: IntentsParts;

  constructor(parts: IntentsParts) {
    this.#parts = parts;
  }

  /** Whether the effect holds now. */
  async reconcile(intent: Intent): Promise<Receipt> {
    const { action, key } = intent;
    if (action.kind === 'scale') return reconcileScale(this.#parts, intent, intent.before as unknown as ScaleBefore);
    const before = intent.before as unknown as Partial<ContainerBefore>;
    // It was never admitted, so that nothing is known of before.
    if (before.containerId === undefined) return this.#neverBegun(key, action);
    const whole = before as ContainerBefore;
    switch (action.kind) {
      case 'restart':
        return this.#restarted(key, action.agentId, whole);
      case 'recreate':
      case 'respawn':
        return this.#made(key, action.agentId, whole);
      case 'retire':
        return this.#retired(key, action.agentId, whole);
      default:
        return this.#connected(key, action, whole);
    }
  }

  #neverBegun(key: string, { kind, agentId, instanceId }: InstanceAction): Receipt {
    const gone = kind === 'retire' && this.#parts.roster.instance(agentId, instanceId) === undefined;
    return gone ? this.#done(key, agentId, undefined) : this.#notDone(key, 'It was never admitted.');
  }

  async #restarted(key: string, agentId: AgentId, before: ContainerBefore): Promise<Receipt> {
    const { containerId, startedAt, sharers = [] } = before;
    const { engine } = this.#parts;
    const facts = await engine.container(containerId);
    if (!facts || !isUp(facts) || facts.State.StartedAt === startedAt)
      return this.#notDone(key, 'It was not started anew.');
    for (const sharer of sharers) {
      const other = await engine.container(sharer.containerId);
      // What a person has stopped or paused meanwhile was left to them.
      if (other && runs(other) && other.State.StartedAt === sharer.startedAt)
        return this.#notDone(key, `${sharer.agentId}, which lives in it, was not started anew.`);
    }
    return this.#done(key, agentId, facts);
  }

  /** The container that carries the key of the action, and whether the one it replaces is out of its way. */
  async #made(key: string, agentId: AgentId, before: ContainerBefore): Promise<Receipt> {
    const { engine } = this.#parts;
    const made = await containerOfKey(engine, key);
    if (!made || !isUp(made)) return this.#notDone(key, 'No running container carries the key of the action.');
    if (before.mode !== 'beside') {
      const old = await engine.container(before.containerId);
      if (old?.State.Running) return this.#notDone(key, 'The container that is to be replaced still runs.');
    }
    return this.#done(key, agentId, made);
  }

  async #retired(key: string, agentId: AgentId, { containerId, name, heir, back }: ContainerBefore): Promise<Receipt> {
    const { engine } = this.#parts;
    const facts = containerId === '' ? undefined : await engine.container(containerId);
    if (facts) return this.#notDone(key, `Container ${containerId.slice(0, 12)} is still there.`);
    const nextId = heir ?? back;
    const next = nextId === undefined ? undefined : await engine.container(nextId);
    if (next && next.Name !== `/${name}`) return this.#notDone(key, `What is left does not bear the name ${name} yet.`);
    if (next && back !== undefined && !next.State.Running)
      return this.#notDone(key, 'The container that comes back does not run yet.');
    return this.#done(key, agentId, next);
  }

  async #connected(key: string, { kind, agentId }: InstanceAction, { containerId }: ContainerBefore): Promise<Receipt> {
    const facts = await this.#parts.engine.container(containerId);
    if (!facts) return this.#notDone(key, `Container ${containerId.slice(0, 12)} is gone.`);
    // By a part of its id the engine goes on to list a network that was left.
    const attached = attachmentsOf(facts).filter(({ name, id }) => name !== 'none' && !isPartOf(id, name));
    const isolated = this.#parts.book.get(agentId).isolated?.containerId === containerId;
    if (kind === 'reinstate')
      return isolated ? this.#notDone(key, 'It is still isolated.') : this.#done(key, agentId, undefined);
    if (isolated && attached.length === 0) return this.#done(key, agentId, undefined);
    return this.#notDone(key, `It is still in ${attached.map(({ name }) => name).join(', ')}.`);
  }

  #done(key: string, agentId: AgentId, facts: ContainerFacts | undefined): Receipt {
    const { clock, roster } = this.#parts;
    const member = facts && (roster.member(facts.Id) ?? roster.take(facts));
    const instance = member?.agentId === agentId ? { instance: instanceOf(member, roster.reach) } : {};
    return { key, at: clock.now(), result: 'succeeded', reconciled: true, ...instance };
  }

  #notDone(key: string, text: string): Receipt {
    return failed(key, this.#parts.clock.now(), { code: 'GUARD_ORCHESTRATOR_FAILED', text, retryable: true });
  }
}

function isPartOf(id: string, name: string): boolean {
  return name.length >= 12 && id.startsWith(name);
}

/** While a policy pauses between two tries the engine calls a container running. */
export function isUp({ State }: ContainerFacts): boolean {
  return State.Running && !State.Restarting;
}

/** The container that an action has made, running or not. */
export async function containerOfKey(engine: Engine, key: string): Promise<ContainerFacts | undefined> {
  const [found] = await engine.containers({ label: [`${own.key}=${key}`] });
  return found && engine.container(found.Id);
}
