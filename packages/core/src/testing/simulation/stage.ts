import type { Subscription } from '../../contracts/index.ts';
import { isGuardError, messageOf } from '../../contracts/index.ts';
import type { AgentId, Incident, Ms } from '../../model/index.ts';
import { seededRandom } from '../../runtime/index.ts';
import { FakeOrchestrator } from '../fake-orchestrator.ts';
import { FakeWorkloadOrchestrator } from '../fake-workload-orchestrator.ts';
import type { GuardRig } from '../guard-rig.ts';
import { createGuardRig } from '../guard-rig.ts';
import type { VirtualClock } from '../virtual-clock.ts';
import type { SimulatedWorld } from './faulty-orchestrator.ts';
import { FaultyOrchestrator } from './faulty-orchestrator.ts';
import { FaultyStore } from './faulty-store.ts';
import { FailoverWitness } from './failover-witness.ts';
import { Network } from './network.ts';
import { Recorder } from './recorder.ts';
import type { Cut, Scenario } from './scenario.ts';
import { configOf } from './scenario.ts';
import { Witness } from './witness.ts';

/** A guard that cannot start is started again after this, as by a supervisor. */
const restartMs: Ms = 2_000;
/** A cut that never comes to pass becomes a plain crash after this. */
const cutWithinMs: Ms = 20_000;

/** Guard, fleet, store and orchestrator of one run, with everything that can be done to them. */
export class Stage {
  readonly scenario: Scenario;
  readonly recorder: Recorder;
  readonly witness: Witness;
  readonly rig: GuardRig;
  readonly store: FaultyStore;
  readonly orchestrator: FaultyOrchestrator;
  readonly network: Network;
  readonly failovers: FailoverWitness;
  readonly #parts: Parts;
  readonly #timers: Subscription[] = [];
  /** What ends with the faults at the latest. */
  readonly #passing = new Set<() => void>();
  #up = true;
  #life = 0;

  private constructor(scenario: Scenario, parts: Parts, rig: GuardRig) {
    this.scenario = scenario;
    this.#parts = parts;
    this.rig = rig;
    this.recorder = parts.recorder as Recorder;
    this.witness = parts.witness as Witness;
    this.store = parts.store as FaultyStore;
    this.orchestrator = parts.orchestrator as FaultyOrchestrator;
    this.network = new Network(this);
    parts.crash = () => this.crash(parts.downMs);
    declareRoles(scenario, rig.fleet);
    rig.fleet.onHandedTwice = (id) => this.recorder.violate('I3', `${id} is given a state, and works with one already`);
    this.failovers = new FailoverWitness({
      scenario,
      roles: rig.fleet.roles,
      world: this.orchestrator,
      stored: () => this.stored(),
      isUnclear: (group) =>
        rig
          .guard()
          .agents.list({ group })
          .items.some(({ remarks = [] }) => remarks.some(({ code }) => code === 'leader-unknown')),
      violate: (text) => this.recorder.violate('I12', text),
    });
  }

  static async set(scenario: Scenario, record = false): Promise<Stage> {
    const parts: Parts = { cut: undefined, crash: () => undefined, downMs: 0, loss: 0, lateMs: 0 };
    const chance = seededRandom(`simulation/${scenario.seed}/chance`, { now: () => 0 });
    const rig = await createGuardRig({
      seed: scenario.seed,
      record,
      agents: scenario.groups.flatMap((group) => group.agents),
      groupOf: (agentId) => agentId.split('.')[0] as string,
      config: configOf(scenario),
      heartbeatMs: 3_000,
      isolationCuts: scenario.groups.some(({ failover }) => failover?.cuts),
      lossOf: () => parts.loss > 0 && chance.next() < parts.loss,
      delayOf: () => (parts.lateMs > 0 ? Math.floor(chance.next() * parts.lateMs) : 0),
      onEvent: (event) => parts.recorder?.event(event),
      storeOf: (inner, clock) => {
        parts.recorder = new Recorder(clock);
        parts.witness = new Witness(scenario, clock, parts.recorder);
        return (parts.store = new FaultyStore(inner, clock, storeWatch(parts)));
      },
      orchestrator: (clock) =>
        (parts.orchestrator = new FaultyOrchestrator(worldOf(scenario, clock), clock, orchestratorWatch(parts))),
    });
    parts.orchestrator?.world.listen((event) => parts.witness?.book.hear(event));
    return new Stage(scenario, parts, rig);
  }

  get agents(): readonly AgentId[] {
    return this.scenario.groups.flatMap((group) => group.agents);
  }

  /** The guard is there and started. */
  get up(): boolean {
    return this.#up && this.rig.guard().status().state === 'running';
  }

  /** Something that belongs to a fault; it no longer happens once the faults are over. */
  later(afterMs: Ms, run: () => void): void {
    this.#timers.push(this.rig.clock.after(afterMs, run));
  }

  /** Something that lasts a while and ends with the faults at the latest. */
  forAWhile(forMs: Ms, end: () => void): void {
    const once = (): void => {
      if (this.#passing.delete(once)) end();
    };
    this.#passing.add(once);
    this.later(forMs, once);
  }

  disturbHeartbeats(loss: number, lateMs: Ms): void {
    this.#parts.loss = loss;
    this.#parts.lateMs = lateMs;
  }

  get heartbeatsLateMs(): Ms {
    return this.#parts.lateMs;
  }

  /** The guard is killed where the cut says, at the latest after a while. */
  crashAt(cut: Cut, downMs: Ms): void {
    const armed = { cut, left: cut.skip };
    this.#parts.cut = armed;
    this.#parts.downMs = downMs;
    this.later(cutWithinMs, () => {
      if (this.#parts.cut === armed) this.crash(downMs);
    });
  }

  crash(downMs: Ms): void {
    this.#parts.cut = undefined;
    if (!this.#up) return;
    this.recorder.line('the guard is killed');
    this.#up = false;
    this.#life += 1;
    this.rig.crash();
    this.rig.clock.after(downMs, () => void this.#boot());
  }

  /** The operator asks the guard for something; what it answers is noted. */
  ask(what: string, request: () => Promise<unknown>): true {
    const life = this.#life;
    this.recorder.line(`operator: ${what}`);
    request().then(
      () => this.recorder.line(`operator: ${what} – done`),
      (thrown: unknown) => {
        this.recorder.line(`operator: ${what} – ${messageOf(thrown)}`);
        if (!isGuardError(thrown) && life === this.#life)
          this.recorder.violate('I8', `${what} was refused without a typed error: ${messageOf(thrown)}`);
      },
    );
    return true;
  }

  stored(): readonly Incident[] {
    return [...this.witness.incidents.values()].map((kept) => kept.incident);
  }

  /** Everything that is disturbed works again; what the agents suffered from is over. */
  heal(): void {
    this.recorder.line('the faults are over');
    this.#parts.cut = undefined;
    for (const timer of this.#timers) timer.dispose();
    for (const end of this.#passing) end();
    this.disturbHeartbeats(0, 0);
    this.store.heal();
    this.orchestrator.heal();
    for (const agentId of this.agents) this.rig.fleet.recover(agentId);
  }

  async #boot(): Promise<void> {
    const life = this.#life;
    this.recorder.line('the guard is started');
    this.witness.booted();
    this.#up = true;
    try {
      await this.rig.boot();
      if (life === this.#life) this.recorder.line('the guard runs');
    } catch (thrown) {
      if (life !== this.#life) return;
      this.recorder.line(`the guard could not start: ${messageOf(thrown)}`);
      this.crash(restartMs);
    }
  }
}

/** What is made while the rig is, and shared with the hooks in it. */
interface Parts {
  recorder?: Recorder;
  witness?: Witness;
  store?: FaultyStore;
  orchestrator?: FaultyOrchestrator;
  cut: { readonly cut: Cut; left: number } | undefined;
  crash: () => void;
  downMs: Ms;
  loss: number;
  lateMs: Ms;
}

function cutHere(parts: Parts, at: Cut['at'], side: Cut['side']): boolean {
  const armed = parts.cut;
  if (!armed || armed.cut.at !== at || armed.cut.side !== side) return false;
  if (armed.left > 0) {
    armed.left -= 1;
    return false;
  }
  parts.recorder?.line(`cut ${side} ${at}`);
  parts.crash();
  return true;
}

function storeWatch(parts: Parts): ConstructorParameters<typeof FaultyStore>[2] {
  return {
    cut: (side) => cutHere(parts, 'commit', side),
    committed: (ops, answered) => parts.witness?.committed(ops, answered),
    refused: (ops, why) => {
      const [first] = ops;
      parts.recorder?.line(`refused ${first && 'key' in first ? first.key : 'a commit'}: ${why}`);
    },
  };
}

function orchestratorWatch(parts: Parts): ConstructorParameters<typeof FaultyOrchestrator>[2] {
  return {
    cut: (at, side) => cutHere(parts, at, side),
    called: (intent, grant) => parts.witness?.called(intent, grant),
    began: (intent) => parts.witness?.began(intent),
    ended: (intent, receipt) => parts.witness?.ended(intent, receipt),
    repeated: (intent) => parts.witness?.repeated(intent),
    note: (text) => parts.recorder?.line(text),
    inSight: (is) => parts.witness?.book.inSight(is),
  };
}

function declareRoles({ groups }: Scenario, { roles }: GuardRig['fleet']): void {
  for (const { agents, failover } of groups) {
    if (!failover) continue;
    roles.loseAnswers(failover.lost);
    for (const [at, agentId] of agents.entries())
      roles.declare(agentId, at === 0 ? 'primary' : 'replica', failover.lagsMs[at] ?? 0);
  }
}

function worldOf(scenario: Scenario, clock: VirtualClock): SimulatedWorld {
  if (scenario.orchestrator === 'workload') {
    const workloads = Object.fromEntries(scenario.groups.map((group) => [group.id, group.agents.length]));
    return new FakeWorkloadOrchestrator({ clock, workloads, takesMs: 700 });
  }
  const agents = scenario.groups.flatMap((group) =>
    group.agents.map((id) => ({ id, group: group.id, endpoint: `http://127.0.0.1/${id}` })),
  );
  return new FakeOrchestrator({ clock, agents, takesMs: { restart: 300, recreate: 800, respawn: 1_500, retire: 200 } });
}
