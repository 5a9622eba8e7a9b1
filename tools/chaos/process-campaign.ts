import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '@praetorian-guard/core';
import type { Incident } from '@praetorian-guard/core';
import type { Random } from '@praetorian-guard/core/plugin';
import { createTestHost, type TestHost } from '../../examples/reference-host/test/config.ts';
import { RunningHost } from '../../examples/reference-host/test/host.ts';
import { attemptsOf, doneTwice, lost, type Recorded } from './checks.ts';
import { Observer } from './observer.ts';
import { type CampaignReport, type KillResult, type Moment, summarize, type Violations } from './report.ts';
import { type Fault, Saboteur, stoodOf } from './saboteur.ts';
import { type FleetProcess, identity, isAlive, World } from './world.ts';

export interface CampaignOptions {
  readonly kills: number;
  readonly seed: number;
  /** Takes lines of progress. */
  say(line: string): void;
}

const groups = { workers: 3, planners: 2 };
const agentIds = ['workers.1', 'workers.2', 'workers.3', 'planners.1', 'planners.2'] as const;

/** One fault and what it did so far. */
interface Round {
  readonly round: number;
  readonly agentId: string;
  readonly fault: Fault;
  readonly faultAt: number;
  readonly heardBefore: ReadonlySet<string>;
  /** The process that is broken: whatever the fault, it is mended when another has taken its place. */
  readonly broken: FleetProcess | undefined;
}

const healMs = 120_000;
/** The share of kills that are followed by another one, while the next guard starts or takes stock. */
const againShare = 0.35;

/**
 * `kill -9` of the host at random moments of recoveries. Whether it is safe is judged by what the processes of this
 * machine show and by what the host said before each crash, never by what it says of itself alone.
 */
export class ProcessCampaign {
  readonly #o: CampaignOptions;
  readonly #random: Random;
  readonly #results: KillResult[] = [];
  readonly #readyMs: number[] = [];
  readonly #escalated = new Map<string, string>();
  readonly #violations: Violations = {
    doneTwice: [],
    lost: [],
    orphans: [],
    died: [],
    bystanders: [],
    unhealed: [],
  };
  /** Processes that no fault of this round concerns. */
  #bystanders: readonly FleetProcess[] = [];
  #folder!: TestHost;
  #host!: RunningHost;
  #observer!: Observer;
  #world!: World;
  #saboteur!: Saboteur;

  constructor(options: CampaignOptions) {
    this.#o = options;
    this.#random = seededRandom(options.seed, { now: () => Date.now() });
  }

  async run(): Promise<CampaignReport> {
    const startedAt = Date.now();
    await this.#open();
    try {
      for (let round = 1; this.#results.length < this.#o.kills && (await this.#round(round)); round += 1);
      await this.#end();
      return summarize({
        seed: this.#o.seed,
        results: this.#results,
        violations: this.#violations,
        observer: this.#observer,
        processes: this.#world.seen.length,
        escalated: [...this.#escalated.values()],
        readyMs: this.#readyMs,
        durationMs: Date.now() - startedAt,
      });
    } finally {
      await this.close();
    }
  }

  async #open(): Promise<void> {
    this.#folder = await createTestHost({
      groups,
      sections: {
        // It is about crashes and not about budgets: nothing is handed over because it happens so often.
        gate: {
          settle: '600ms',
          progressWindow: '2s',
          attempts: [{ max: 1_000, per: '10m' }],
          budgets: { group: { least: 1_000 }, global: { least: 1_000 } },
          backoff: { base: '200ms', cap: '1s', resetAfter: '30s' },
        },
        severity: { escalateFailures: 1_000 },
        watch: { every: '300ms', for: '2s' },
        // With the recurrences that mount up this reaches every rung but the last.
        agents: { 'planners.1': { criticality: 1 }, 'workers.3': { criticality: 1 } },
      },
    });
    this.#host = new RunningHost(this.#folder);
    this.#observer = new Observer(this.#folder.url);
    this.#world = new World(join(this.#folder.folder, 'data/processes'));
    this.#saboteur = new Saboteur(this.#random, this.#host, this.#observer);
    this.#observer.start();
    this.#world.watch();
    try {
      await this.#host.start();
      await this.#host.healthy(agentIds.length);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** A guard that is asked to stop ends what it started. */
  async #end(): Promise<void> {
    const code = await this.#host.stop();
    if (code !== 0) this.#violations.unhealed.push(`the host ended with ${code} on SIGTERM`);
    for (const { instanceId, pid } of this.#world.look())
      this.#violations.orphans.push(`${instanceId} (pid ${pid}) outlived the guard's stop`);
  }

  /** Stops everything that the campaign started; what it is in the middle of fails. */
  async close(): Promise<void> {
    await this.#host.stop();
    await this.#observer.stop();
    this.#world.stop();
    const left = this.#world.endAll();
    if (left > 0) this.#o.say(`ended ${left} processes that the host left behind`);
    this.#folder.remove();
  }

  /** One fault, one kill or two, and everything well again; `false` when it does not become well. */
  async #round(round: number): Promise<boolean> {
    const agentId = this.#saboteur.pick(agentIds);
    const fault = this.#saboteur.chooseFault();
    const broken = fault === 'respawn' ? undefined : this.#world.look().find((one) => one.agentId === agentId);
    const heardBefore = new Set(this.#observer.incidents.map(({ id }) => id));
    const stepsBefore = this.#observer.steps.length;
    const faultAt = Date.now();
    await this.#saboteur.break(agentId, fault);
    await this.#saboteur.moment(agentId, stepsBefore);
    const at = { round, agentId, fault, faultAt, heardBefore, broken };
    await this.#crash(at);
    if (this.#results.length < this.#o.kills && this.#random.next() < againShare) await this.#crashAgain(at);
    const restartedAt = await this.#restart();
    if (!(await this.#healed(at, restartedAt))) return false;
    await this.#checkWorld(agentId, heardBefore);
    await this.#checkRecords();
    this.#tellFailures(heardBefore);
    return true;
  }

  /** Kills the host; whoever is not under repair must not notice. */
  async #crash(at: Round, starting = false): Promise<void> {
    const { round, agentId, fault, faultAt, heardBefore } = at;
    const own = this.#observer.incidents.filter((one) => one.agentId === agentId && !heardBefore.has(one.id)).at(-1);
    const stood = starting ? 'starting again' : stoodOf(own);
    const moment: Moment = { round, agentId, fault, afterMs: Date.now() - faultAt, stood };
    this.#bystanders = this.#world.look().filter((one) => one.agentId !== agentId);
    await this.#host.kill();
    await sleep(50);
    this.#results.push({ moment });
    this.#checkAlive(`after kill ${this.#results.length}`);
    this.#o.say(`kill ${this.#results.length}/${this.#o.kills}: ${agentId} ${fault} +${moment.afterMs} ms, ${stood}`);
  }

  /** Once more before everything is well: in the middle of the start, or soon after it. */
  async #crashAgain(at: Round): Promise<void> {
    const share = this.#random.next();
    const early = this.#random.next() < 0.5;
    // Killed before it is ready, the start fails, as it should.
    if (early) void this.#restart().catch(() => undefined);
    else await this.#restart();
    await sleep(share * 1_500);
    await this.#crash(at, early);
  }

  /** Starts the host; returns when that was. */
  async #restart(): Promise<number> {
    const restartedAt = Date.now();
    const kills = this.#results.length;
    await this.#host.start();
    this.#readyMs.push(Date.now() - restartedAt);
    this.#checkAlive(`when the guard is back after kill ${kills}`);
    return restartedAt;
  }

  #checkAlive(when: string): void {
    for (const one of this.#bystanders.filter((some) => !isAlive(some)))
      this.#violations.died.push(`${one.instanceId} (pid ${one.pid}) is gone ${when}`);
  }

  /** Waits until every incident is resolved and the fleet well. One that was handed over is ordered to be respawned. */
  async #healed(at: Round, restartedAt: number): Promise<boolean> {
    try {
      await this.#host.until('every incident is resolved and the fleet healthy', () => this.#isHealed(at), healMs);
    } catch (error) {
      this.#violations.unhealed.push(`round ${at.round}, ${at.agentId} ${at.fault}: ${String(error)}`);
      return false;
    }
    const last = this.#results.at(-1) as KillResult;
    const resolvedMs = Date.now() - restartedAt;
    this.#results[this.#results.length - 1] = { ...last, resolvedMs };
    this.#o.say(`  all well ${resolvedMs} ms after the restart`);
    return true;
  }

  async #isHealed({ broken }: Round): Promise<boolean> {
    const incidents = (await this.#host.incidents()) as unknown as readonly Incident[];
    for (const incident of incidents) {
      this.#observer.note(incident);
      if (incident.state !== 'escalated' || this.#escalated.has(incident.id)) continue;
      this.#escalated.set(incident.id, `${incident.agentId}: ${incident.reason.code}: ${incident.reason.text}`);
      await this.#saboteur.order(incident.agentId);
    }
    if (incidents.some(({ state }) => state !== 'resolved') || (broken && isAlive(broken))) return false;
    const agents = await this.#host.agents();
    return (
      agents.length === agentIds.length &&
      agents.every(({ health, breaker }) => health === 'healthy' && breaker === 'closed')
    );
  }

  /** At rest each agent has the one process the inventory names, found again by pid, start time and key. */
  async #checkWorld(victim: string, heardBefore: ReadonlySet<string>): Promise<void> {
    this.#world.readLogs();
    const listed = new Map<string, string>();
    for (const { agent } of await this.#host.agents()) {
      const ref = agent.instance?.ref as { pid: number; startTime: string; key: string } | undefined;
      if (ref) listed.set(identity(ref), ref.key);
    }
    const alive = this.#world.look();
    for (const one of alive) {
      if (listed.get(identity(one)) !== one.key)
        this.#violations.orphans.push(`${one.instanceId} (pid ${one.pid}) is in no inventory`);
    }
    const missing = agentIds.filter((agentId) => !alive.some((one) => one.agentId === agentId));
    for (const agentId of missing) this.#violations.died.push(`${agentId} has no process, yet it is called healthy`);
    for (const incident of this.#observer.incidents) {
      if (heardBefore.has(incident.id) || incident.agentId === victim || attemptsOf(incident).length === 0) continue;
      this.#violations.bystanders.push(`${incident.agentId} was repaired: ${incident.signature}`);
    }
  }

  async #checkRecords(): Promise<void> {
    const records: Recorded[] = [];
    for (const { id } of this.#observer.incidents) {
      const answer = await this.#host.ask('GET', `/api/v1/incidents/${id}`);
      const { timeline, ...incident } = (answer.status === 200 ? answer.body : {}) as Incident &
        Pick<Recorded, 'timeline'>;
      const record = answer.status === 200 ? { incident: incident as Incident, timeline } : undefined;
      if (record) records.push(record);
      this.#add('lost', lost(id, this.#observer.entriesOf(id), record));
    }
    const { seen: processes, overlaps, starts: listened } = this.#world;
    this.#add('doneTwice', doneTwice(records, { processes, overlaps, listened }));
  }

  /** What did not heal at the first try is told whole: the fault was one, so it is worth a look. */
  #tellFailures(heardBefore: ReadonlySet<string>): void {
    for (const incident of this.#observer.incidents) {
      if (heardBefore.has(incident.id) || attemptsOf(incident).every(({ verdict }) => verdict === 'healed')) continue;
      for (const { at, type, reason } of this.#observer.entriesOf(incident.id))
        this.#o.say(`  ${new Date(at).toISOString()} ${incident.agentId} ${type}: ${reason.text}`);
    }
  }

  #add(kind: keyof Violations, found: readonly string[]): void {
    for (const text of found) if (!this.#violations[kind].includes(text)) this.#violations[kind].push(text);
  }
}
