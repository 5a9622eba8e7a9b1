import { setTimeout as sleep } from 'node:timers/promises';
import { ContainerFleet, until } from '../../../examples/reference-host/test/docker/container-fleet.ts';
import { EngineLog } from '../../../examples/reference-host/test/docker/engine-log.ts';
import { startsByHand } from '../docker/baseline.ts';
import { OwnDaemon } from '../docker/daemon.ts';
import type { Spread } from '../docker/report.ts';
import { isWell, wellAt } from '../docker/truth.ts';
import { type Contestant, memoryMb } from './contestant.ts';
import { Guarded, PollingRestarter, RestartPolicy } from './contestants.ts';
import { type ComparedFault, comparedFaults, type ComparedKind } from './faults.ts';
import { Swarm } from './swarm.ts';

export interface ComparisonOptions {
  /** Faults of each kind for each contestant, on its agents in turn. */
  readonly rounds: number;
  readonly kinds: readonly ComparedKind[];
  readonly say: (line: string) => void;
}

/** What became of one fault in the hands of one contestant. */
export interface Outcome {
  readonly contestant: string;
  readonly kind: ComparedKind;
  /** From the fault until the agent worked again; absent when it did not within the patience. */
  readonly healedMs?: number;
  /** From the end of the container until one was started again. */
  readonly downMs?: number;
}

export interface ComparisonReport {
  readonly comparison: 'docker';
  readonly contestants: readonly string[];
  readonly kinds: readonly ComparedKind[];
  readonly outcomes: readonly Outcome[];
  /** `POST /containers/:id/start` of a killed container by hand, on the same engine in the same run. */
  readonly baselineStartMs: Spread;
  readonly durationMs: number;
}

/** More would cost this machine more in health checks alone than what is measured. */
const agents = 2;
const patienceMs = 45_000;
/**
 * Faults of one agent, after which everybody begins anew: one that fails a third time within minutes is made anew by the
 * guard instead of started again, and what was learned of other faults counts against it, too.
 */
const faultsEach = 2;
/** A guard that has just been started looks around before it does anything; no fault is meant for that time. */
const lookAroundMs = 5_000;
/** Who has not healed a kind of fault at all in this many rounds will not in the next. */
const hopeless = 2;
const restMs = 3_000;
/** One after another: what one of them starts must not hold up the next. Each round begins with another one. */
const staggerMs = 1_500;
const quietMs = 30_000;

/** The same faults at the same moments for everybody, on one engine: who heals what, and how soon. */
export class Comparison {
  readonly #o: ComparisonOptions;
  readonly #daemon = new OwnDaemon({ liveRestore: false });
  readonly #logs = new Map<string, EngineLog>();
  readonly #outcomes: Outcome[] = [];
  #contestants: readonly Contestant[] = [];
  #closed: Promise<void> | undefined;

  constructor(options: ComparisonOptions) {
    this.#o = options;
  }

  async run(): Promise<ComparisonReport> {
    const { rounds, kinds, say } = this.#o;
    const startedAt = Date.now();
    const agentIds = Array.from({ length: agents }, (_, at) => `fleet.${at + 1}`);
    const turns = Array.from({ length: rounds }, (_, at) => agentIds[at % agents] as string);
    try {
      await this.#daemon.open();
      const { engine } = this.#daemon;
      await engine.ask('POST', '/swarm/init', { ListenAddr: '127.0.0.1:0', AdvertiseAddr: '127.0.0.1' });
      let baselineStartMs: Spread | undefined;
      for (const kind of kinds) {
        for (const [turn, agentId] of turns.entries()) {
          if (turn % (agents * faultsEach) === 0) {
            await this.#leave();
            await this.#enter(kind, agentIds);
            // On an engine that has all the others to look after, too.
            baselineStartMs ??= await startsByHand(engine, { memoryMb });
            say(`${kind}: ${this.#contestants.length} contestants look after ${agents} agents each`);
          }
          await this.#round(kind, agentId, turn);
        }
        await this.#leave();
      }
      const contestants = [...new Set(this.#outcomes.map(({ contestant }) => contestant))];
      const durationMs = Date.now() - startedAt;
      if (!baselineStartMs) throw new Error('there is no kind of fault to compare');
      return { comparison: 'docker', contestants, kinds, outcomes: this.#outcomes, baselineStartMs, durationMs };
    } finally {
      await this.close();
    }
  }

  /** Removes all of it; what it is in the middle of fails. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #enter(kind: ComparedKind, agentIds: readonly string[]): Promise<void> {
    const { engine, gateway } = this.#daemon;
    const { asked = true }: ComparedFault = comparedFaults[kind];
    this.#contestants = [
      new RestartPolicy(new ContainerFleet(engine), asked),
      new Swarm(engine),
      new PollingRestarter(new ContainerFleet(engine), asked),
      new Guarded(new ContainerFleet(engine), asked),
      new Guarded(new ContainerFleet(engine), asked, { host: gateway }),
    ];
    for (const contestant of this.#contestants) {
      const log = new EngineLog(engine, contestant.label);
      this.#logs.set(contestant.name, log);
      log.start();
      await contestant.open(agentIds);
      for (const agentId of agentIds)
        await until(`${agentId} of ${contestant.name} works`, () => isWell(contestant, agentId));
    }
    await sleep(lookAroundMs);
  }

  async #leave(): Promise<void> {
    for (const contestant of this.#contestants)
      await contestant.close().catch((error: unknown) => {
        this.#o.say(`${contestant.name} has left something behind: ${String(error)}`);
      });
    for (const log of this.#logs.values()) await log.stop();
    this.#contestants = [];
    this.#logs.clear();
  }

  async #close(): Promise<void> {
    await this.#leave();
    await this.#daemon.close();
  }

  /** One fault for everybody who may still heal it; then everybody works again, by hand where need be. */
  async #round(kind: ComparedKind, agentId: string, turn: number): Promise<void> {
    const able = this.#contestants.filter(({ name }) => !this.#isHopeless(name, kind));
    const suffering = able.map(async (contestant, at) => {
      await sleep(((at + turn) % able.length) * staggerMs);
      return this.#suffer(contestant, kind, agentId);
    });
    const outcomes = await Promise.all(suffering);
    this.#outcomes.push(...outcomes);
    const told = outcomes.map(({ contestant, healedMs }) => `${contestant} ${healedMs ?? 'not'}`);
    this.#o.say(`${kind} ${agentId}, ms: ${told.join('; ')}`);
    await sleep(restMs);
    for (const contestant of this.#contestants)
      await until(`${agentId} of ${contestant.name} works again`, () => isWell(contestant, agentId), quietMs);
  }

  #isHopeless(name: string, kind: ComparedKind): boolean {
    const mine = this.#outcomes.filter((one) => one.contestant === name && one.kind === kind);
    return mine.length >= hopeless && mine.every(({ healedMs }) => healedMs === undefined);
  }

  async #suffer(contestant: Contestant, kind: ComparedKind, agentId: string): Promise<Outcome> {
    const fault: ComparedFault = comparedFaults[kind];
    const before = await contestant.inspect(agentId);
    const at = Date.now();
    await fault.inject(before, this.#daemon.engine);
    const startedAfter = Math.max(at, Date.parse(before.State.StartedAt) + 1);
    const healedAt = await wellAt(contestant, agentId, { withinMs: patienceMs, startedAfter });
    const events = this.#logs.get(contestant.name)?.of(agentId, at) ?? [];
    const died = events.find(({ action }) => action === 'die');
    const started = died && events.find((event) => event.action === 'start' && event.at > died.at);
    if (healedAt === undefined) await contestant.mend(agentId);
    const from = fault.fromEnd === true && died ? died.at : at;
    return {
      contestant: contestant.name,
      kind,
      ...(healedAt === undefined ? {} : { healedMs: Math.round(healedAt - from) }),
      ...(died && started ? { downMs: Math.round(started.at - died.at) } : {}),
    };
  }
}
