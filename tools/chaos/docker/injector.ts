import { setTimeout as sleep } from 'node:timers/promises';
import type { Incident } from '@praetorian-guard/core';
import type { Random, Reason } from '@praetorian-guard/core/plugin';
import { type Fault, type FaultKind, faults } from './faults.ts';
import type { Window } from './judge.ts';
import { Person } from './person.ts';
import type { Stage } from './stage.ts';
import { wellAt } from './truth.ts';

/** One fault and what came of it. */
export interface Injection {
  readonly number: number;
  readonly kind: FaultKind;
  readonly agentId: string;
  readonly window: Window;
  /** The guard had an incident of it, or told why it leaves it alone. */
  readonly detected: boolean;
  /** From the fault until the agent worked again; where the fault takes its time, from the end of the container. */
  readonly healedMs?: number;
  /** From the end of the container until the guard had it started again; of those that ended by themselves. */
  readonly downMs?: number;
  /** Why nobody could have healed it: the fault had no effect, or the container works only when its engine is restarted. */
  readonly beyond?: 'no effect' | 'the engine refuses';
  /** Nothing was done, as a person wanted it. */
  readonly leftAlone?: boolean;
  /** The last reason the guard gave, when it did not heal it. */
  readonly reason?: { readonly code: string; readonly text: string };
  /** What the guard did and what stood there then, a line each, when it did not heal it, or late. */
  readonly found?: readonly string[];
  /** Its container was not there any more. */
  readonly gone?: boolean;
  /** Starts of its container that the campaign made itself. */
  readonly ownStarts: number;
}

export interface Target {
  readonly number: number;
  readonly kind: FaultKind;
  readonly agentId: string;
  /** How long the guard gets. */
  readonly patienceMs: number;
}

const disturbWithinMs = 400;
/** What takes longer is told with its story. */
const lateMs = 18_000;

interface Told {
  readonly incident?: Incident;
  readonly decisions?: readonly { readonly reason: Reason }[];
}

/** Does one fault to one agent, and looks until it is over. */
export class Injector {
  readonly #stage: Stage;
  readonly #person: Person;
  readonly #random: Random;
  /** The guard was killed or the engine restarted this often. */
  readonly disturbances = { guard: 0, engine: 0 };

  constructor(stage: Stage, random: Random) {
    this.#stage = stage;
    this.#person = new Person(stage);
    this.#random = random;
  }

  async inject(target: Target): Promise<Injection> {
    const fault: Fault = faults[target.kind];
    return fault.leave === true ? this.#leftAlone(target, fault) : this.#healed(target, fault);
  }

  async #healed(target: Target, fault: Fault): Promise<Injection> {
    const { fleet } = this.#stage;
    const { agentId, kind } = target;
    const before = await fleet.inspect(agentId);
    const at = Date.now();
    await fault.inject(this.#stage, agentId);
    const mended = this.#mend(fault, agentId, at);
    if (fault.disturb) await this.#disturb(fault.disturb, agentId, at);
    const startedAfter = fault.needsStart ? Math.max(at, Date.parse(before.State.StartedAt) + 1) : undefined;
    // What passes by itself has to have passed first.
    if (!fault.needsStart) await mended;
    const healedAt = await wellAt(fleet, agentId, {
      withinMs: target.patienceMs,
      ...(startedAfter === undefined ? {} : { startedAfter }),
    });
    await mended;
    const detected = this.#stage.incidentsOf(agentId, at).length > 0;
    const found = { number: target.number, kind, agentId, detected };
    if (healedAt !== undefined)
      return {
        ...found,
        ...this.#times(fault, agentId, at, healedAt),
        window: { agentId, from: at, to: healedAt },
        ownStarts: 0,
        ...(healedAt - at > lateMs ? { found: await this.#stage.findings(agentId, at) } : {}),
      };
    const reason = await this.#reasonOf(agentId);
    const lines = await this.#stage.findings(agentId, at);
    const noEffect = fault.effect !== undefined && !this.#stage.log.of(agentId, at).some(fault.effect);
    const { ownStarts, refused, gone } = await this.#person.mend(agentId);
    const window = { agentId, from: at, to: Date.now() };
    return {
      ...found,
      window,
      ownStarts,
      found: lines,
      gone,
      ...(reason ? { reason } : {}),
      ...(refused ? { beyond: 'the engine refuses' } : noEffect ? { beyond: 'no effect' } : {}),
    };
  }

  /** What a person did: the guard has to say that it sees it, and to do nothing. */
  async #leftAlone(target: Target, fault: Fault): Promise<Injection> {
    const { agentId, number, kind } = target;
    const at = Date.now();
    await fault.inject(this.#stage, agentId);
    const done = Date.now();
    let reason: Injection['reason'];
    const end = at + (fault.lastsMs ?? 0);
    while (Date.now() < end) {
      reason = (await this.#reasonOf(agentId)) ?? reason;
      await sleep(200);
    }
    const touched = this.#stage.log.of(agentId, done + 1).filter(({ action }) => action !== 'stop' && action !== 'die');
    const acts = touched.filter(({ action }) => !action.startsWith('health_status'));
    await this.#stage.byHand(agentId, () =>
      this.#stage.stubbornly(() => fault.mend?.(this.#stage, agentId) ?? Promise.resolve()),
    );
    await wellAt(this.#stage.fleet, agentId, { withinMs: target.patienceMs });
    return {
      number,
      kind,
      agentId,
      detected: reason?.code === 'stopped-by-operator',
      leftAlone: acts.length === 0,
      window: { agentId, from: at, to: Date.now() },
      ownStarts: kind === 'stopped' ? 1 : 0,
      ...(reason ? { reason } : {}),
    };
  }

  async #mend(fault: Fault, agentId: string, since: number): Promise<void> {
    if (!fault.mend) return;
    await fault.over?.(this.#stage, agentId, since);
    await sleep(fault.lastsMs ?? 0);
    await this.#stage.stubbornly(() => fault.mend?.(this.#stage, agentId) ?? Promise.resolve());
  }

  /** In the middle of the recovery: soon after the guard has decided, or while the engine does what it was told. */
  async #disturb(what: 'guard' | 'engine', agentId: string, since: number): Promise<void> {
    const { host, daemon } = this.#stage;
    const isUnderWay = (): boolean => this.#stage.incidentsOf(agentId, since).some(({ state }) => state === 'acting');
    await this.#stage.heard(isUnderWay);
    await sleep(this.#random.next() * disturbWithinMs);
    this.disturbances[what] += 1;
    if (what === 'engine') return daemon.restart();
    await host.kill();
    await host.start();
  }

  #times(fault: Fault, agentId: string, at: number, healedAt: number): Pick<Injection, 'healedMs' | 'downMs'> {
    const mine = this.#stage.log.of(agentId, at);
    const died = mine.find(({ action }) => action === 'die');
    const started = died && mine.find((event) => event.action === 'start' && event.at > died.at);
    const from = fault.fromEnd === true && died ? died.at : at;
    const byItself = died && !mine.some((event) => event.action === 'kill' && event.at <= died.at);
    return {
      healedMs: Math.round(healedAt - from),
      ...(byItself && started && started.containerId === died.containerId
        ? { downMs: Math.round(started.at - died.at) }
        : {}),
    };
  }

  /** Why the guard does not act now, as it tells whoever asks; one that is just being killed is asked again. */
  async #reasonOf(agentId: string): Promise<Injection['reason']> {
    let body: unknown;
    for (let tries = 0; tries < 20 && body === undefined; tries += 1) {
      const answer = await this.#stage.host.ask('GET', `/api/v1/agents/${agentId}/explain`).catch(() => undefined);
      if (answer?.status === 200) ({ body } = answer);
      else await sleep(500);
    }
    const { incident, decisions } = (body ?? {}) as Told;
    // What came in since it was handed over is told of as well; why it was is what counts.
    const open = incident?.state === 'resolved' ? undefined : incident;
    const reason = open?.state === 'escalated' ? open.reason : (open?.because ?? decisions?.[0]?.reason);
    return reason && { code: reason.code, text: reason.text };
  }
}
