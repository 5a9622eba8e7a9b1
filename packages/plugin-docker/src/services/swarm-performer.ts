import { Executions, failed, type Locks } from '@praetorian-guard/core/kit';
import {
  type Action,
  type Call,
  type Clock,
  type Grant,
  type Intent,
  messageOf,
  type Ms,
  type Receipt,
} from '@praetorian-guard/core/plugin';
import type { Engine } from '../engine/engine.ts';
import { EngineError } from '../engine/engine-error.ts';
import { isRolledBack, progressOf } from './rollout.ts';
import type { ServiceRoster, ServiceView } from './service-roster.ts';
import type { ServiceWatcher } from './service-watcher.ts';
import { bearsKey, rolled, scaled } from './spec-changes.ts';
import { isOutOfSequence, type SwarmCalls } from './swarm-calls.ts';
import { printOf, type ServiceFacts, type ServiceSpec } from './swarm-facts.ts';
import { beforeOf, type ServiceBefore, type SwarmIntents } from './swarm-intents.ts';
import type { TaskBook } from './task-book.ts';

export interface PerformerParts {
  readonly engine: Engine;
  readonly calls: SwarmCalls;
  readonly clock: Clock;
  readonly roster: ServiceRoster;
  readonly watcher: ServiceWatcher;
  readonly book: TaskBook;
  readonly intents: SwarmIntents;
  readonly locks: Locks;
  /** Aborts when the plugin has to go: what is under way is left to Swarm. */
  readonly end: AbortSignal;
}

/** One action under way. */
interface Deed {
  readonly intent: Intent;
  readonly key: string;
  readonly before: ServiceBefore;
  /** When there is no more waiting for a task that does not come up, and how long that may take it. */
  readonly giveUpMs: Ms;
  readonly patienceMs: Ms;
  /** Something was asked of Swarm already: from here on a failure to look says nothing of what became of it. */
  acted: boolean;
}

const lookEveryMs: Ms = 250;
const triesMax = 5;
/** Time kept back from the deadline, so that the rollback has begun before it; at most a quarter of it. */
const reserveMs: Ms = 5_000;
/** A rollout goes on for as long as Swarm makes progress with it, but not for ever. */
const rolloutMaxMs: Ms = 3_600_000;
const rollbackMaxMs: Ms = 300_000;

/** Does what was admitted: each key once, each service one action after another. */
export class SwarmPerformer {
  readonly #parts: PerformerParts;
  readonly #executions: Executions;

  constructor(parts: PerformerParts) {
    this.#parts = parts;
    this.#executions = new Executions(parts.clock, parts.locks);
  }

  /** Whether an execution of the key is under way. */
  isRunning(key: string): boolean {
    return this.#executions.isRunning(key);
  }

  execute(intent: Intent, grant: Grant, call: Call): Promise<Receipt> {
    const before = beforeOf(intent.before);
    const { clock, book } = this.#parts;
    return this.#executions.run(grant, call, {
      lock: `service/${before.service}`,
      recorded: async () => book.receipt(grant.key),
      perform: (leftMs) => {
        const patienceMs = leftMs - Math.min(reserveMs, leftMs / 4);
        const giveUpMs = clock.monotonic() + patienceMs;
        return this.#perform({ intent, key: grant.key, before, giveUpMs, patienceMs, acted: false });
      },
    });
  }

  async #perform(deed: Deed): Promise<Receipt> {
    const { intents, roster, book } = this.#parts;
    const { intent, key } = deed;
    const done = await intents.reconcile({ ...intent, key });
    if (done.result === 'succeeded') return done;
    const release = intent.affects.map((agentId) => roster.takeInHand(agentId));
    try {
      const receipt = await this.#act(deed);
      // What had an effect is never done again, be it that the effect was undone.
      if (receipt.result === 'succeeded' || receipt.result === 'failed') await book.record(receipt);
      return receipt;
    } catch (error) {
      if (!deed.acted) throw error;
      const text = `Lost from sight, and left to Swarm: ${messageOf(error)}`;
      return { key, at: this.#parts.clock.now(), result: 'unknown', text };
    } finally {
      for (const letGo of release) letGo();
    }
  }

  async #act(deed: Deed): Promise<Receipt> {
    const { intents, watcher } = this.#parts;
    const { action } = deed.intent;
    const seen = await watcher.look(deed.before.service);
    if (!seen) return this.#superseded(deed, 'The service is gone.');
    // A guard before this one may have got so far.
    if (!bearsKey(seen.service, deed.key)) {
      const stale = intents.staleness(deed.intent, seen);
      if (stale !== undefined) return this.#superseded(deed, stale);
      if (action.kind === 'recreate') return this.#endTask(deed, action.graceMs);
      if (action.kind === 'retire') return this.#takeBack(deed);
      const refused = await this.#update(deed, seen);
      if (refused) return refused;
    }
    deed.acted = true;
    if (action.kind === 'scale') return this.#awaitReplicas(deed);
    return this.#awaitRollout(deed);
  }

  /** Writes the new spec; again when Swarm has written something else about the service in between. */
  async #update(deed: Deed, first: ServiceView): Promise<Receipt | undefined> {
    const { calls, watcher } = this.#parts;
    const { action } = deed.intent;
    this.#promise(action);
    for (let tries = 1, seen: ServiceView | undefined = first; ; tries += 1) {
      if (!seen) return this.#superseded(deed, 'The service is gone.');
      if (bearsKey(seen.service, deed.key)) return undefined;
      if (printOf(seen.service.Spec) !== deed.before.print)
        return this.#superseded(deed, 'The service was changed by somebody else.');
      try {
        await calls.update(seen.service, specFor(action, seen.service.Spec, deed.key));
        return undefined;
      } catch (error) {
        const mayHaveActed = error instanceof EngineError && error.lost;
        deed.acted ||= mayHaveActed;
        if (tries >= triesMax || !(isOutOfSequence(error) || mayHaveActed)) throw error;
        // The version of the spec is in every call: a lost one cannot come into effect after the next.
        seen = await watcher.look(deed.before.service);
      }
    }
  }

  /** A respawned instance is to have the generation it was promised. */
  #promise(action: Action): void {
    if (action.kind === 'respawn') this.#parts.book.promise(action.agentId, action.generation);
  }

  async #awaitRollout(deed: Deed): Promise<Receipt> {
    const { clock, watcher, roster } = this.#parts;
    const { action } = deed.intent;
    const agentId = 'agentId' in action ? action.agentId : '';
    const endMs = clock.monotonic() + rolloutMaxMs;
    // Its task may get its turn late in a long rollout: only from then on it is waited for.
    let [comingMs, lookedMs] = [0, clock.monotonic()];
    for (;;) {
      const seen = await watcher.look(deed.before.service);
      if (!seen) return this.#superseded(deed, 'The service is gone.');
      if (!bearsKey(seen.service, deed.key)) return this.#takenOver(deed, seen);
      const slot = seen.members.find((member) => member.agentId === agentId)?.view.tasks ?? [];
      const progress = progressOf({ ...seen, slot, since: deed.before.since });
      if (progress.is === 'done') {
        const instance = roster.instance(agentId);
        return this.#succeeded(deed, instance ? { instance } : {});
      }
      if (progress.is === 'failed') return this.#rollBack(deed, progress.why);
      const nowMs = clock.monotonic();
      if (progress.is === 'coming') {
        comingMs += nowMs - lookedMs;
        if (comingMs >= deed.patienceMs) return this.#rollBack(deed, progress.why);
      }
      if (nowMs >= endMs) return this.#rollBack(deed, 'the rollout does not end');
      lookedMs = nowMs;
      await this.#pause();
    }
  }

  async #awaitReplicas(deed: Deed): Promise<Receipt> {
    const { clock, intents } = this.#parts;
    for (;;) {
      const receipt = await intents.reconcile({ ...deed.intent, key: deed.key });
      if (receipt.result === 'succeeded') return this.#succeeded(deed, {});
      if (receipt.result !== 'unknown') return receipt;
      if (clock.monotonic() >= deed.giveUpMs) return this.#rollBack(deed, receipt.text);
      await this.#pause();
    }
  }

  /** Ends the one container; Swarm sees that its task has ended and puts another in its place, after its delay. */
  async #endTask(deed: Deed, graceMs: Ms): Promise<Receipt> {
    const { clock, engine, intents } = this.#parts;
    const { container } = deed.before;
    if (container === undefined) return this.#superseded(deed, 'The container of the task is not known.');
    deed.acted = true;
    await engine.stop(container, graceMs);
    for (;;) {
      const receipt = await intents.reconcile({ ...deed.intent, key: deed.key });
      if (receipt.result === 'succeeded')
        return this.#succeeded(deed, receipt.instance ? { instance: receipt.instance } : {});
      if (receipt.result === 'superseded') return receipt;
      if (clock.monotonic() >= deed.giveUpMs) return this.#failed(deed, `${receipt.text} It goes on trying.`);
      await this.#pause();
    }
  }

  /** Others have written the service since, or Swarm has rolled it back itself. */
  async #takenOver(deed: Deed, { service, members }: ServiceView): Promise<Receipt> {
    if (!isRolledBack(service)) return this.#superseded(deed, 'The service was changed by somebody else.');
    const why = this.#whyOf(deed, members) ?? service.UpdateStatus?.Message ?? 'the update failed';
    await this.#rolledBack(deed);
    return this.#failed(deed, `It was rolled back by another hand: ${why}`);
  }

  /** Nobody is to be left with less than there was: the service goes back to what it was before. */
  async #rollBack(deed: Deed, why: string): Promise<Receipt> {
    const other = await this.#goBack(deed, why, (service) => bearsKey(service, deed.key));
    if (other) return other;
    const how = await this.#rolledBack(deed);
    return this.#failed(deed, `${why}; the service was rolled back${how}`);
  }

  /** What a respawn has brought did not prove itself. */
  async #takeBack(deed: Deed): Promise<Receipt> {
    deed.acted = true;
    const isStill = ({ Spec }: ServiceFacts): boolean => printOf(Spec) === deed.before.print;
    const other = await this.#goBack(deed, 'What the guard has changed did not prove itself', isStill);
    if (other) return other;
    const how = await this.#rolledBack(deed);
    return how === '' ? this.#succeeded(deed, {}) : this.#failed(deed, `The service was rolled back${how}`);
  }

  /** `undefined`: the rollback has begun. `isStill`: the service is as it is to be taken back. */
  async #goBack(deed: Deed, why: string, isStill: (service: ServiceFacts) => boolean): Promise<Receipt | undefined> {
    const { calls, watcher } = this.#parts;
    for (let tries = 1; ; tries += 1) {
      const seen = await watcher.look(deed.before.service);
      if (!seen) return this.#superseded(deed, 'The service is gone.');
      if (!isStill(seen.service)) {
        if (isRolledBack(seen.service)) return undefined;
        return this.#superseded(deed, 'The service was changed by somebody else.');
      }
      try {
        await calls.rollback(seen.service);
        return undefined;
      } catch (error) {
        const again = isOutOfSequence(error) || (error instanceof EngineError && error.lost);
        if (tries >= triesMax || !again)
          return this.#failed(deed, `${why}; it could not be rolled back: ${messageOf(error)}`);
      }
    }
  }

  /** Resolves when Swarm is through with the rollback, with what else is to be said of it. */
  async #rolledBack(deed: Deed): Promise<string> {
    const { clock, watcher } = this.#parts;
    const endMs = clock.monotonic() + rollbackMaxMs;
    while (clock.monotonic() < endMs) {
      const state = (await watcher.look(deed.before.service))?.service.UpdateStatus?.State;
      if (state === 'rollback_completed') return '';
      if (state === 'rollback_paused') return ', and the rollback came to a halt';
      if (state !== 'rollback_started') return '';
      await this.#pause();
    }
    return ', which is not through yet';
  }

  #whyOf(deed: Deed, members: ServiceView['members']): string | undefined {
    const agentId = 'agentId' in deed.intent.action ? deed.intent.action.agentId : '';
    const tasks = members.find((member) => member.agentId === agentId)?.view.tasks ?? [];
    return tasks.findLast(({ Status }) => Status.Err !== undefined && Status.Err !== '')?.Status.Err;
  }

  #pause(): Promise<void> {
    return this.#parts.clock.sleep(lookEveryMs, this.#parts.end);
  }

  #succeeded({ key }: Deed, given: Pick<Extract<Receipt, { result: 'succeeded' }>, 'instance'>): Receipt {
    return { key, at: this.#parts.clock.now(), result: 'succeeded', ...given };
  }

  #superseded({ key }: Deed, text: string): Receipt {
    return { key, at: this.#parts.clock.now(), result: 'superseded', text };
  }

  #failed({ key }: Deed, text: string): Receipt {
    return failed(key, this.#parts.clock.now(), { code: 'GUARD_ORCHESTRATOR_FAILED', text, retryable: false });
  }
}

function specFor(action: Action, spec: ServiceSpec, key: string): ServiceSpec {
  if (action.kind === 'scale') return scaled(spec, key, action.replicas);
  return rolled(spec, key, action.kind === 'respawn' ? action.override : undefined);
}
