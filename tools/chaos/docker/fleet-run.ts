import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '@praetorian-guard/core';
import type { Incident } from '@praetorian-guard/core';
import { attemptsOf, lost } from '../checks.ts';
import type { OwnDaemon } from './daemon.ts';
import { Deck } from './deck.ts';
import type { FaultKind } from './faults.ts';
import { type Injection, Injector, type Target } from './injector.ts';
import type { EngineEvent } from '../../../examples/reference-host/test/docker/engine-log.ts';
import { countActions, leftovers, type Window, wrongActions } from './judge.ts';
import type { Limits } from './limits.ts';
import { objectionTo } from './refusals.ts';
import { Stage } from './stage.ts';
import { noViolations, type Violations } from './violations.ts';

export interface RunOptions {
  readonly limits: Limits;
  readonly injections: number;
  readonly fleet: number;
  readonly seed: number;
  readonly kinds: readonly FaultKind[];
  readonly say: (line: string) => void;
}

/** What one run over a fleet found. */
export interface RunResult {
  readonly injections: readonly Injection[];
  readonly violations: Violations;
  readonly incidents: readonly Incident[];
  readonly disturbances: { readonly guard: number; readonly engine: number; readonly debris: number };
}

const staggerMs = 1_200;
/** A few rounds of the plugin. */
const tidyMs = 20_000;

/** One fleet, one guard, and faults in small batches: never two in one group at once, and rest between the batches. */
export class FleetRun {
  readonly #o: RunOptions;
  readonly #deck: Deck;
  readonly #stage: Stage;
  readonly #injector: Injector;
  readonly #done: Injection[] = [];
  readonly #violations: Violations = noViolations();

  constructor(daemon: OwnDaemon, options: RunOptions) {
    this.#o = options;
    const random = seededRandom(options.seed, { now: () => Date.now() });
    this.#stage = new Stage(daemon, options.fleet, options.limits);
    this.#injector = new Injector(this.#stage, random);
    this.#deck = new Deck({ ...options, agentIds: this.#stage.agentIds, random });
  }

  async run(): Promise<RunResult> {
    const { debris } = this.#stage.daemon;
    try {
      await this.#stage.open();
      this.#o.say(`${this.#o.limits}: ${this.#stage.agentIds.length} containers are watched and healthy`);
      while (this.#done.length < this.#o.injections && (await this.#batch()));
      return {
        injections: this.#done,
        violations: this.#violations,
        incidents: this.#stage.observer.incidents,
        disturbances: { ...this.#injector.disturbances, debris: this.#stage.daemon.debris - debris },
      };
    } finally {
      await this.close();
    }
  }

  close(): Promise<void> {
    return this.#stage.close();
  }

  /** `false` when the fleet does not come to rest: what follows would say nothing. */
  async #batch(): Promise<boolean> {
    const before = this.#stage.log.events.length;
    const batch = this.#deck.draw(this.#done.length);
    const injected = await Promise.all(batch.map((target, at) => this.#after(at * staggerMs, target)));
    for (const one of injected) this.#note(one);
    try {
      await this.#stage.rest();
    } catch (error) {
      this.#violations.unhealed.push(`the fleet does not come to rest: ${String(error).slice(0, 4_000)}`);
      await this.#sayUnrest();
      return false;
    }
    await this.#check(injected, before);
    return true;
  }

  async #sayUnrest(): Promise<void> {
    for (const { agentId, openedAt } of this.#stage.observer.unresolved) {
      this.#o.say(`${this.#o.limits} UNREST: ${agentId}`);
      for (const line of await this.#stage.findings(agentId, openedAt)) this.#o.say(`    ${line}`);
    }
  }

  async #after(ms: number, target: Target): Promise<Injection> {
    await new Promise((begin) => setTimeout(begin, ms));
    return this.#injector.inject(target);
  }

  #note(one: Injection): void {
    this.#done.push(one);
    const { kind, agentId, healedMs, leftAlone, reason, number } = one;
    const came =
      healedMs === undefined
        ? leftAlone === undefined
          ? `not healed: ${reason?.code}: ${reason?.text}`
          : leftAlone
            ? `left alone: ${reason?.code}`
            : 'TOUCHED'
        : `healed in ${healedMs} ms`;
    const beyond = one.beyond === undefined ? '' : ` (${one.beyond})`;
    this.#o.say(`${this.#o.limits} ${number}/${this.#o.injections} ${agentId} ${kind}: ${came}${beyond}`);
    if (this.#o.limits === 'raised' && one.beyond === undefined)
      for (const line of one.found ?? []) this.#o.say(`    ${line}`);
  }

  async #check(injected: readonly Injection[], before: number): Promise<void> {
    const { log, fleet } = this.#stage;
    const events = log.events.slice(before);
    const windows = injected.map(({ window }) => window);
    await this.#checkActions(events, windows);
    for (const one of injected) this.#judge(one);
    const left = [...(await this.#leftovers())];
    const networks = await fleet.engine.ask<readonly { Name: string }[]>('GET', '/networks');
    const strange = networks.filter(({ Name }) => !['bridge', 'host', 'none'].includes(Name));
    left.push(...strange.map(({ Name }) => `network ${Name}`));
    for (const text of left) if (!this.#violations.leftovers.includes(text)) this.#violations.leftovers.push(text);
    await this.#checkRecords();
  }

  /** What could not be removed at once is tried again every few seconds. */
  async #leftovers(): Promise<readonly string[]> {
    const { fleet, agentIds } = this.#stage;
    const end = Date.now() + tidyMs;
    for (;;) {
      const standing = (await fleet.containers()).map(({ Names, State, Labels }) => ({
        agentId: Labels['praetorian.agent'],
        name: Names[0] ?? '',
        state: State,
      }));
      const left = leftovers(standing, agentIds);
      if (left.length === 0 || Date.now() > end) return left;
      await sleep(500);
    }
  }

  /** Whoever was touched though nothing was wrong: with what the guard and the engine say of it. */
  async #checkActions(events: readonly EngineEvent[], windows: readonly Window[]): Promise<void> {
    const wrong = wrongActions(events, windows);
    this.#violations.wrong.push(...wrong);
    const agentIds = new Set(wrong.map((text) => text.split(':', 1)[0] ?? ''));
    const since = Math.min(...windows.map(({ from }) => from));
    for (const agentId of agentIds) {
      this.#o.say(`${this.#o.limits} WRONG: ${wrong.filter((text) => text.startsWith(`${agentId}:`)).join('; ')}`);
      for (const line of await this.#stage.findings(agentId, since)) this.#o.say(`    ${line}`);
    }
  }

  #judge(one: Injection): void {
    const { number, agentId, window, leftAlone, healedMs, kind, reason, ownStarts } = one;
    const incidents = this.#stage.incidentsOf(agentId, window.from);
    const events = this.#stage.log.of(agentId, window.from);
    const since = window.from;
    const stuck = this.#stage.logged(agentId, since).filter((line) => line.includes('a container is stuck')).length;
    const { lost: gone, duplicated } = countActions({ agentId, since, events, incidents, ownStarts, stuck });
    this.#violations.lost.push(...gone.map((text) => `${text} (fault ${number}, ${kind})`));
    this.#violations.duplicated.push(...duplicated);
    if (one.gone === true) this.#violations.lost.push(`${agentId}: its container is gone`);
    if (leftAlone === false) this.#violations.wrong.push(`${agentId} was touched although a person had ${kind} it`);
    if (leftAlone === true && !one.detected) this.#violations.unexplained.push(`${agentId} ${kind}: ${reason?.code}`);
    if (healedMs === undefined && leftAlone === undefined && one.beyond === undefined) this.#judgeRefusal(one);
  }

  #judgeRefusal(one: Injection): void {
    const { agentId, kind, reason } = one;
    const text = `${agentId} ${kind}: ${reason?.code}: ${reason?.text}`;
    if (this.#o.limits === 'raised') this.#violations.unhealed.push(text);
    const objection = objectionTo(reason, this.#situation(one));
    if (objection === undefined || this.#o.limits !== 'default') return;
    this.#violations.unexplained.push(objection);
    for (const line of [`UNEXPLAINED: ${objection}`, ...(one.found ?? [])]) this.#o.say(`    ${line}`);
  }

  #situation({ agentId, kind, window }: Injection): Parameters<typeof objectionTo>[1] {
    const group = this.#stage.groupOf(agentId);
    return {
      kind,
      agentId,
      groupSize: group.length,
      now: window.to,
      events: this.#stage.unaided,
      guardStartedAt: this.#stage.host.startedAt,
      attempts: this.#stage.incidentsOf(agentId, 0).flatMap((one) => attemptsOf(one).map(({ startedAt }) => startedAt)),
      faultsInGroup: this.#done.filter((one) => group.includes(one.agentId)).map((one) => one.window.from),
      faultsOfAgent: this.#done.filter((one) => one.agentId === agentId).length,
    };
  }

  /** What the guard said before it was killed has to be on record after it. */
  async #checkRecords(): Promise<void> {
    const { observer, host } = this.#stage;
    for (const { id } of observer.incidents) {
      const { status, body } = await host.ask('GET', `/api/v1/incidents/${id}`);
      const record = body as Incident & Pick<Parameters<typeof lost>[2] & object, 'timeline'>;
      const known = status === 200 ? { incident: record as Incident, timeline: record.timeline } : undefined;
      for (const text of lost(id, observer.entriesOf(id), known))
        if (!this.#violations.lost.includes(text)) this.#violations.lost.push(text);
    }
  }
}
