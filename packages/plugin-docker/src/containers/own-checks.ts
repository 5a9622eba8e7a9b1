import { setMaxListeners } from 'node:events';
import { withDeadline } from '@praetorian-guard/core/kit';
import {
  type Call,
  type Clock,
  type ExecResult,
  type InventoryEvent,
  isGuardError,
  type Logger,
  messageOf,
  type Ms,
} from '@praetorian-guard/core/plugin';
import type { ContainerFacts, Engine } from '../engine/engine.ts';
import { healthEvent, healthOf, lastLine } from './health-event.ts';
import { HealthJudge, type Verdict } from './health-judge.ts';
import { type HealthTest, healthTestOf, lastTestAt } from './health-test.ts';
import { type Member, runs } from './member.ts';
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

/** Commands that run, and looks that are made, at a time. */
const atOnce = 4;

/** A container about which it is found out whether the engine checks it, or that is checked from here. */
interface Followed {
  readonly stop: AbortController;
  readonly done: Promise<void>;
  readonly before: ContainerFacts;
  readonly judge: HealthJudge;
}

/** What the engine says of a container that it may have forgotten; how it stands, where it checks it; `undefined`: nothing. */
type Said = 'over' | 'paused' | 'forgotten' | ContainerFacts | undefined;

/**
 * Docker before 23 no longer runs the HEALTHCHECK of a container that has outlived it (`live-restore`, moby#41871): what it
 * says of its health is of before. After each listing it is looked whether the checks of each container go on; where they do
 * not, they are made from here, by the same command and the same rules, until the container is started anew or the engine
 * checks it again.
 */
export class OwnChecks {
  readonly #parts: OwnChecksParts;
  readonly #stop = new AbortController();
  readonly #followed = new Map<string, Followed>();
  readonly #work = new Set<Promise<unknown>>();
  #told = false;
  #refused = false;

  constructor(parts: OwnChecksParts) {
    this.#parts = parts;
    setMaxListeners(0, this.#stop.signal);
  }

  /** The containers were listed: the engine may be another than the one that began to check them. */
  listed(): void {
    if (this.#stop.signal.aborted) return;
    const all = this.#parts.containers.all().filter(({ facts }) => runs(facts));
    for (const [at, member] of all.entries()) {
      const { facts } = member;
      const test = healthTestOf(facts);
      const known = this.#followed.get(facts.Id);
      // What was found out of it holds still.
      if (!test || (known?.judge.isAtWork === true && isAsBefore(facts, known.before))) continue;
      known?.stop.abort();
      this.#begin(member, test, test.intervalMs * (at / all.length));
    }
  }

  /** Resolves when no command runs any more. */
  async stop(): Promise<void> {
    this.#stop.abort(new DOMException('nothing is checked any more', 'AbortError'));
    await Promise.all([...this.#followed.values()].map(({ done }) => done));
  }

  #begin(member: Member, test: HealthTest, laterMs: Ms): void {
    const { Id: id } = member.facts;
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, this.#stop.signal]);
    const judge = new HealthJudge(test, member.facts.State.Health?.Status);
    const done = this.#follow({ member, test, judge, signal }, laterMs)
      .catch((error: unknown) => {
        const { agentId } = member;
        if (!signal.aborted)
          this.#parts.log.warn({ agentId, why: messageOf(error) }, 'a container is not checked any more');
      })
      .finally(() => {
        if (this.#followed.get(id)?.stop === stop) this.#followed.delete(id);
      });
    this.#followed.set(id, { stop, done, before: member.facts, judge });
  }

  async #follow(one: Following, laterMs: Ms): Promise<void> {
    const { member, test, signal } = one;
    const { clock } = this.#parts;
    await clock.sleep(2 * test.intervalMs + test.timeoutMs + laterMs, signal);
    for (;;) {
      const said = await this.#inTurn(signal, () => this.#ask(member.facts, signal));
      if (said === 'over') return;
      if (typeof said === 'object') return this.#leaveTo(said, one);
      const pauses = said === 'forgotten' ? await this.#check(one) : 1;
      await clock.sleep(pauses * test.intervalMs, signal);
    }
  }

  /** From here on the engine tells by itself: of what it believes at this moment no event tells. */
  #leaveTo(facts: ContainerFacts, { member, judge }: Following): void {
    if (judge.isAtWork)
      for (const told of healthOf({ ...member, facts }, this.#parts.clock.now())) this.#parts.publish(told);
  }

  async #ask(before: ContainerFacts, signal: AbortSignal): Promise<Said> {
    const { engine, log } = this.#parts;
    try {
      const facts = await engine.container(before.Id, { signal });
      if (!facts || facts.State.StartedAt !== before.State.StartedAt || !facts.State.Running) return 'over';
      if (!isAsBefore(facts, before)) return facts;
      return facts.State.Paused ? 'paused' : 'forgotten';
    } catch (error) {
      signal.throwIfAborted();
      log.debug({ container: before.Id.slice(0, 12), why: messageOf(error) }, 'a container could not be looked at');
      return undefined;
    }
  }

  /** Makes one check, and tells what follows from it. Resolves with how many intervals it is to be waited for the next. */
  async #check(one: Following): Promise<number> {
    const { member, judge, signal } = one;
    const { containers, log } = this.#parts;
    const { Id: id } = member.facts;
    if (!this.#told)
      log.warn({ agentId: member.agentId }, 'the engine makes no health checks any more; they are made here');
    this.#told = true;
    // That it does not answer while the guard itself ends it says nothing.
    if (containers.isInHand(id)) return 1;
    const verdict = await this.#inTurn(signal, () => this.#run(one));
    // A person may have stopped or paused it in this very moment.
    const isSame = verdict?.passed === true || (verdict && (await this.#ask(member.facts, signal)) === 'forgotten');
    const now = containers.member(id);
    if (!verdict || !isSame || !now || !runs(now.facts) || containers.isInHand(id)) return 1;
    const isYoung = this.#parts.clock.now() - Date.parse(member.facts.State.StartedAt) < one.test.startPeriodMs;
    const nowMs = this.#parts.clock.monotonic();
    const event = judge.take(verdict, { isYoung, engineSays: now.facts.State.Health?.Status, nowMs });
    if (event === 'healthy') this.#parts.publish(healthEvent(now));
    if (event === 'unhealthy')
      this.#parts.publish(healthEvent(now, { detail: verdict.detail, lastsInMs: judge.lastsInMs(nowMs) }));
    return verdict.late ? judge.patience : 1;
  }

  /** `undefined`: the engine does not let it be known. */
  async #run({ member, test: { argv, timeoutMs }, signal }: Following): Promise<Verdict | undefined> {
    const { clock, log } = this.#parts;
    const { agentId } = member;
    const call = { what: `The health check of ${agentId}`, signal };
    const run = (stop: AbortSignal): Promise<ExecResult> =>
      this.#parts.run(member, argv, { signal: stop, traceId: `check/${agentId}` });
    try {
      const { exitCode, stdout, stderr } = await withDeadline(clock, run, timeoutMs, call);
      return { passed: exitCode === 0, late: false, detail: lastLine(`${stdout}\n${stderr}`) };
    } catch (error) {
      signal.throwIfAborted();
      if (isGuardError(error, 'GUARD_DEADLINE')) return { passed: false, late: true, detail: error.message };
      if (!this.#refused) log.warn({ agentId, why: messageOf(error) }, 'a health check could not be made');
      this.#refused = true;
      return undefined;
    }
  }

  async #inTurn<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    while (this.#work.size >= atOnce) await Promise.race(this.#work);
    signal.throwIfAborted();
    const done = work();
    const settled: Promise<unknown> = done.then(
      () => this.#work.delete(settled),
      () => this.#work.delete(settled),
    );
    this.#work.add(settled);
    return done;
  }
}

interface Following {
  readonly member: Member;
  readonly test: HealthTest;
  readonly judge: HealthJudge;
  readonly signal: AbortSignal;
}

/** In the same life, and not checked by the engine since. */
function isAsBefore(now: ContainerFacts, before: ContainerFacts): boolean {
  return now.State.StartedAt === before.State.StartedAt && lastTestAt(now) === lastTestAt(before);
}
