import type { AgentId, Ms } from '../../model/index.ts';
import type { FaultSpec, Scenario } from './scenario.ts';
import { breaker } from './scenario.ts';
import type { GuardRig } from '../guard-rig.ts';
import type { FaultyOrchestrator } from './faulty-orchestrator.ts';
import type { Recorder } from './recorder.ts';
import type { Witness } from './witness.ts';

interface Cut {
  readonly whom: ReadonlySet<AgentId>;
  readonly untilMs: Ms;
}

/** Silence of fewer than this is no partition (R04). */
const leastSilent = 3;
/** Heartbeats may be late by this much and everybody still falls silent at once. */
const lateMs: Ms = 1_000;

/** What the network has to know of the stage it lies on. */
interface Ground {
  readonly rig: GuardRig;
  readonly recorder: Recorder;
  readonly scenario: Scenario;
  readonly witness: Witness;
  readonly orchestrator: FaultyOrchestrator;
  readonly agents: readonly AgentId[];
  readonly heartbeatsLateMs: Ms;
  /** Something that ends by itself, or with the faults. */
  forAWhile(forMs: Ms, end: () => void): void;
}

/** The network between the guard and everybody else: who is cut off, and who is to blame for being silent. */
export class Network {
  readonly #stage: Ground;
  readonly #cuts = new Set<Cut>();
  #canariesOut = 0;

  constructor(stage: Ground) {
    this.#stage = stage;
  }

  /** Nothing of these gets through for a while. */
  part({ whom, canaries, forMs }: Extract<FaultSpec, { kind: 'partition' }>): void {
    const cut: Cut = { whom: new Set(whom), untilMs: this.#stage.rig.clock.monotonic() + forMs };
    this.#cuts.add(cut);
    if (canaries) this.silenceCanaries(forMs);
    this.#reach();
    this.#stage.forAWhile(forMs, () => {
      this.#stage.recorder.line(`${whom.join(', ')} can be reached again`);
      this.#cuts.delete(cut);
      this.#reach();
    });
  }

  silenceCanaries(forMs: Ms): void {
    const { fleet } = this.#stage.rig;
    this.#canariesOut += 1;
    fleet.canaryAnswers = false;
    this.#stage.forAWhile(forMs, () => {
      this.#canariesOut -= 1;
      fleet.canaryAnswers = this.#canariesOut === 0;
      this.reconsider();
    });
  }

  /**
   * Something changed: whoever is cut off and could not be told from a dead agent now is to blame for it. Nobody is
   * while a canary is silent as well, or while so many are silent and nothing else that it has to be the network.
   */
  reconsider(): void {
    const { scenario, witness, rig } = this.#stage;
    if (this.#cuts.size === 0 || (scenario.canaries && this.#canariesOut > 0)) return;
    // Heartbeats that arrive late make silence begin at another moment for each: that is not at once any more.
    const silent = this.#stage.heartbeatsLateMs > lateMs ? new Set<AgentId>() : this.#silent();
    for (const { agents } of scenario.groups) {
      const ofGroup = agents.filter((agentId) => silent.has(agentId));
      if (isPartition(ofGroup.length, agents.length) || isPartition(silent.size, this.#stage.agents.length)) continue;
      for (const agentId of agents.filter((one) => this.#isCut(one)))
        witness.blame(agentId, this.#untilMs(agentId) - rig.clock.monotonic());
    }
  }

  /** Cut off, and nothing else is wrong with them. */
  #silent(): ReadonlySet<AgentId> {
    const { witness, orchestrator } = this.#stage;
    const all = new Set([...this.#cuts].flatMap(({ whom }) => [...whom]));
    const isWell = (agentId: AgentId): boolean =>
      orchestrator.world.find(agentId) !== undefined &&
      orchestrator.world.current(agentId).state === 'running' &&
      !witness.isGuilty(agentId);
    return new Set([...all].filter(isWell));
  }

  #isCut(agentId: AgentId): boolean {
    return [...this.#cuts].some(({ whom }) => whom.has(agentId));
  }

  #untilMs(agentId: AgentId): Ms {
    return Math.max(...[...this.#cuts].filter(({ whom }) => whom.has(agentId)).map(({ untilMs }) => untilMs));
  }

  #reach(): void {
    for (const agentId of this.#stage.agents) {
      this.#stage.rig.fleet.cutOff(agentId, this.#isCut(agentId));
    }
    this.reconsider();
  }
}

function isPartition(silent: number, size: number): boolean {
  return silent >= leastSilent && silent >= breaker.threshold * size;
}
