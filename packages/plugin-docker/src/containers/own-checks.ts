import { setMaxListeners } from 'node:events';
import { Locks, withDeadline } from '@praetorian-guard/core/kit';
import {
  type Call,
  type Clock,
  type ExecResult,
  type InventoryEvent,
  isGuardError,
  type Logger,
  messageOf,
} from '@praetorian-guard/core/plugin';
import type { ContainerFacts, Engine } from '../engine/engine.ts';
import { type HealthTest, healthTestOf, lastTestAt } from './health-test.ts';
import type { Member } from './member.ts';
import type { Roster } from './roster.ts';

export interface OwnChecksParts {
  readonly engine: Pick<Engine, 'container'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly containers: Pick<Roster, 'all' | 'member' | 'isInHand'>;
  /** Runs a command inside a container. */
  run(member: Member, argv: readonly string[], call: Call): Promise<ExecResult>;
  publish(event: InventoryEvent): void;
}

/** Commands that run at a time. */
const lanes = 4;
const detailMax = 200;

/** A container about which it is found out whether the engine checks it, or that is checked from here. */
interface Followed {
  readonly stop: AbortController;
  readonly done: Promise<void>;
}

interface Verdict {
  readonly passed: boolean;
  readonly detail?: string;
}

/**
 * Docker before 23 no longer runs the HEALTHCHECK of a container that has outlived it (`live-restore`, moby#41871): what it
 * says of its health is of before. After each listing it is looked once whether the checks of each container go on; where
 * they do not, they are made from here, by the same command and the same rules, until the container is started anew or the
 * engine checks it again.
 */
export class OwnChecks {
  readonly #parts: OwnChecksParts;
  readonly #stop = new AbortController();
  readonly #locks = new Locks();
  readonly #followed = new Map<string, Followed>();
  #count = 0;
  #told = false;

  constructor(parts: OwnChecksParts) {
    this.#parts = parts;
    setMaxListeners(0, this.#stop.signal);
  }

  /** The containers were listed: the engine may be another than the one that began to check them. */
  listed(): void {
    if (this.#stop.signal.aborted) return;
    for (const member of this.#parts.containers.all()) {
      const { facts } = member;
      const test = runs(facts) ? healthTestOf(facts) : undefined;
      if (!test) continue;
      this.#followed.get(facts.Id)?.stop.abort();
      this.#begin(member, test);
    }
  }

  /** Resolves when no command runs any more. */
  async stop(): Promise<void> {
    this.#stop.abort(new DOMException('nothing is checked any more', 'AbortError'));
    await Promise.all([...this.#followed.values()].map(({ done }) => done));
  }

  #begin(member: Member, test: HealthTest): void {
    const { Id: id } = member.facts;
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, this.#stop.signal]);
    const done = this.#follow(member, test, signal).finally(() => {
      if (this.#followed.get(id)?.stop === stop) this.#followed.delete(id);
    });
    this.#followed.set(id, { stop, done });
  }

  async #follow(member: Member, test: HealthTest, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#parts;
    try {
      await clock.sleep(2 * test.intervalMs + test.timeoutMs, signal);
      if (await this.#isForgotten(member.facts, signal)) await this.#checkAgainAndAgain(member, test, signal);
    } catch (error) {
      const { agentId } = member;
      if (!signal.aborted) log.warn({ agentId, why: messageOf(error) }, 'a health check could not be made');
    }
  }

  /** Whether the container lives as it did, and the engine has not checked it since. */
  async #isForgotten(before: ContainerFacts, signal: AbortSignal): Promise<boolean> {
    const facts = await this.#parts.engine.container(before.Id, { signal });
    if (!facts || !isSameLife(facts, before)) return false;
    return runs(facts) && lastTestAt(facts) === lastTestAt(before);
  }

  async #checkAgainAndAgain(member: Member, test: HealthTest, signal: AbortSignal): Promise<void> {
    const { clock, log, containers } = this.#parts;
    const { facts, agentId } = member;
    const lane = `check/${(this.#count += 1) % lanes}`;
    if (!this.#told)
      log.warn({ agentId }, 'the engine makes no health checks since it was restarted; they are made here');
    this.#told = true;
    const judge = new Judge(test, facts.State.Health?.Status === 'unhealthy');
    while (await this.#isForgotten(facts, signal)) {
      // That it does not answer while the guard itself ends it says nothing.
      const isLeft = !containers.isInHand(facts.Id);
      const verdict = isLeft ? await this.#locks.run(lane, () => this.#check(member, test, signal)) : undefined;
      const now = containers.member(facts.Id);
      if (verdict && now && isSameLife(now.facts, facts) && !containers.isInHand(facts.Id)) {
        const isYoung = clock.now() - Date.parse(facts.State.StartedAt) < test.startPeriodMs;
        const event = judge.take(verdict, isYoung);
        if (event) this.#tell(now, event, verdict.detail);
      }
      await clock.sleep(test.intervalMs, signal);
    }
  }

  #tell({ agentId, instanceId }: Member, event: 'healthy' | 'unhealthy', detail: string | undefined): void {
    const said = event === 'healthy' || detail === undefined ? {} : { detail };
    this.#parts.publish({ type: 'lifecycle', agentId, instanceId, event, ...said });
  }

  /** `undefined`: the engine does not let it be known. */
  async #check(member: Member, { argv, timeoutMs }: HealthTest, signal: AbortSignal): Promise<Verdict | undefined> {
    const { clock, log } = this.#parts;
    const { agentId } = member;
    const run = (stop: AbortSignal): Promise<ExecResult> =>
      this.#parts.run(member, argv, { signal: stop, traceId: `check/${agentId}` });
    try {
      const { exitCode, stdout, stderr } = await withDeadline(clock, run, timeoutMs, {
        what: `The health check of ${agentId}`,
        signal,
      });
      const said = `${stdout}\n${stderr}`.trim().split('\n').at(-1)?.slice(0, detailMax) ?? '';
      return { passed: exitCode === 0, ...(said === '' ? {} : { detail: said }) };
    } catch (error) {
      signal.throwIfAborted();
      if (isGuardError(error, 'GUARD_DEADLINE')) return { passed: false, detail: error.message };
      log.debug({ agentId, why: messageOf(error) }, 'a health check could not be made');
      return undefined;
    }
  }
}

/** The rules of the engine: unhealthy after so many failures on end, healthy after one that passed. */
class Judge {
  readonly #test: HealthTest;
  #isUnhealthy: boolean;
  #failed = 0;

  constructor(test: HealthTest, isUnhealthy: boolean) {
    this.#test = test;
    this.#isUnhealthy = isUnhealthy;
  }

  /** What is to be told: that it is unhealthy each time, for the list tells again and again what the engine believes. */
  take({ passed }: Verdict, isYoung: boolean): 'healthy' | 'unhealthy' | undefined {
    if (passed) {
      this.#failed = 0;
      const was = this.#isUnhealthy;
      this.#isUnhealthy = false;
      return was ? 'healthy' : undefined;
    }
    if (isYoung) return undefined;
    this.#failed += 1;
    if (this.#failed < this.#test.retries) return undefined;
    this.#isUnhealthy = true;
    return 'unhealthy';
  }
}

function runs({ State }: ContainerFacts): boolean {
  return State.Running && !State.Paused && !State.Restarting;
}

function isSameLife(one: ContainerFacts, other: ContainerFacts): boolean {
  return one.State.StartedAt === other.State.StartedAt;
}
