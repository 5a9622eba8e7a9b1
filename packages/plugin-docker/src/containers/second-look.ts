import { setMaxListeners } from 'node:events';
import {
  type Clock,
  type Instance,
  type InventoryEvent,
  type Logger,
  messageOf,
  type Ms,
} from '@praetorian-guard/core/plugin';
import type { ContainerFacts, Engine } from '../engine/engine.ts';
import { healthEvent, lastLine } from './health-event.ts';
import { type HealthTest, healthTestOf, lastTestAt } from './health-test.ts';
import { containerOf } from './logs.ts';
import type { Member } from './member.ts';
import type { Roster } from './roster.ts';

export interface SecondLookParts {
  readonly engine: Pick<Engine, 'container'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly containers: Pick<Roster, 'all' | 'member' | 'isInHand'>;
  readonly publish: (event: InventoryEvent) => void;
}

/** A container is looked at again this often at most, and as seldom as an eighth of the time that a check may take. */
const leastMs: Ms = 250;

/**
 * The engine calls a container unhealthy only when its HEALTHCHECK has failed a few times on end, and tells nothing before.
 * Of one that is suspected for another reason it is looked whether the check fails now: that is told at once, and taken back
 * when the check passes again.
 */
export class SecondLook {
  readonly #parts: SecondLookParts;
  readonly #stop = new AbortController();
  readonly #looking = new Map<string, Promise<void>>();

  constructor(parts: SecondLookParts) {
    this.#parts = parts;
    setMaxListeners(0, this.#stop.signal);
  }

  look(instance: Instance): void {
    const { containers } = this.#parts;
    const id = containerOf(containers, instance)?.facts.Id;
    const member = id === undefined ? undefined : containers.member(id);
    const test = member && healthTestOf(member.facts);
    if (!member || !test || this.#stop.signal.aborted || this.#looking.has(member.facts.Id)) return;
    const looking = this.#watch(member, test).finally(() => this.#looking.delete(member.facts.Id));
    this.#looking.set(member.facts.Id, looking);
  }

  /** Resolves when nothing is looked at any more. */
  async stop(): Promise<void> {
    this.#stop.abort(new DOMException('nothing is looked at any more', 'AbortError'));
    await Promise.all(this.#looking.values());
  }

  async #watch(member: Member, test: HealthTest): Promise<void> {
    try {
      await this.#whileItFails(member, test);
    } catch (error) {
      const { agentId } = member;
      if (!this.#stop.signal.aborted)
        this.#parts.log.warn({ agentId, why: messageOf(error) }, 'a suspected container is not looked at any more');
    }
  }

  /** A check that began with the suspicion has come to its end after an interval and its own time. */
  async #whileItFails(member: Member, test: HealthTest): Promise<void> {
    const { clock, publish } = this.#parts;
    const { signal } = this.#stop;
    const checkMs = test.intervalMs + test.timeoutMs;
    const untilMs = clock.monotonic() + checkMs;
    let failing = 0;
    for (;;) {
      const facts = await this.#now(member);
      // Its own events tell what becomes of it.
      if (facts === 'over') return;
      const before = failing;
      failing = facts ? this.#failures(facts, 2 * checkMs) : before;
      if (facts && failing > before) publish(healthEvent(member, { detail: detailOf(facts, failing, test.retries) }));
      else if (failing === 0 && before > 0) return publish(healthEvent(member));
      else if (failing === 0 && clock.monotonic() >= untilMs) return;
      await clock.sleep(Math.max(leastMs, checkMs / 8), signal);
    }
  }

  /**
   * `over`: it is in another life, or the engine has come to a verdict by itself. `undefined`: the engine does not say.
   */
  async #now({ facts: known, agentId }: Member): Promise<ContainerFacts | 'over' | undefined> {
    const { engine, containers, log } = this.#parts;
    const { signal } = this.#stop;
    try {
      const facts = await engine.container(known.Id, { signal });
      if (!facts || containers.isInHand(known.Id)) return 'over';
      const { Running, Paused, StartedAt, Health } = facts.State;
      const isSame = Running && !Paused && StartedAt === known.State.StartedAt;
      return isSame && Health?.Status !== 'unhealthy' ? facts : 'over';
    } catch (error) {
      signal.throwIfAborted();
      log.debug({ agentId, why: messageOf(error) }, 'a suspected container could not be looked at');
      return undefined;
    }
  }

  /** An engine that does not check any more leaves the last count standing: old failures are none. */
  #failures(facts: ContainerFacts, recentMs: Ms): number {
    const at = Date.parse(lastTestAt(facts) ?? '');
    return this.#parts.clock.now() - at < recentMs ? (facts.State.Health?.FailingStreak ?? 0) : 0;
  }
}

function detailOf({ State }: ContainerFacts, failures: number, retries: number): string {
  const said = lastLine(State.Health?.Log?.at(-1)?.Output);
  return `its check has failed ${failures} of ${retries} times${said === '' ? '' : `: ${said}`}`;
}
