import { isGuardError, messageOf } from '../../contracts/index.ts';
import type { AgentId, Instance } from '../../model/index.ts';
import { FakeOrchestrator } from '../fake-orchestrator.ts';
import { FakeWorkloadOrchestrator } from '../fake-workload-orchestrator.ts';
import type { GuardRig } from '../guard-rig.ts';
import { createGuardRig } from '../guard-rig.ts';
import type { VirtualClock } from '../virtual-clock.ts';
import { Narrator } from './narrator.ts';
import type { Script } from './script.ts';
import { agentsOf } from './script.ts';

type ScenarioOrchestrator = FakeOrchestrator | FakeWorkloadOrchestrator;

/** Heartbeats of the simulated agents, unless the config of the scenario says otherwise. */
const heartbeatMs = 30_000;

/** What a scenario plays in: a guard on the virtual clock, its fleet, and who writes down what happens. */
export class ScenarioWorld {
  readonly rig: GuardRig;
  readonly narrator: Narrator;
  readonly orchestrator: ScenarioOrchestrator;
  readonly agents: readonly AgentId[];

  private constructor(rig: GuardRig, parts: Parts, script: Script) {
    this.rig = rig;
    this.narrator = parts.narrator as Narrator;
    this.orchestrator = parts.orchestrator as ScenarioOrchestrator;
    this.agents = agentsOf(script);
  }

  static async make(script: Script, everyMs: number = heartbeatMs): Promise<ScenarioWorld> {
    const parts: Parts = {};
    const rig = await createGuardRig({
      orchestrator: (clock) => {
        parts.narrator = new Narrator(clock);
        return (parts.orchestrator = orchestratorOf(script, clock));
      },
      agents: agentsOf(script),
      groupOf: (agentId) => agentId.split('.')[0] as string,
      config: script.config,
      heartbeatMs: everyMs,
      leak: { mbPerMinute: 2, limitMb: 400 },
      onEvent: (event) => parts.narrator?.event(event),
    });
    return new ScenarioWorld(rig, parts, script);
  }

  /** The agents a word names: `all`, a whole group `web.*`, or single ones `web.1,web.2`. */
  named(word: string): readonly AgentId[] {
    if (word === 'all') return this.agents;
    return word.split(',').flatMap((name) => {
      const group = name.endsWith('.*') ? name.slice(0, -1) : undefined;
      return group === undefined ? [name] : this.agents.filter((agentId) => agentId.startsWith(group));
    });
  }

  /** Sets what the current instance does, and lets the orchestrator tell it. */
  turn(agentId: AgentId, state: Instance['state'], what: Parameters<FakeOrchestrator['world']['turn']>[2]): void {
    this.orchestrator.world.turn(agentId, state, what);
  }

  /** Asks the guard for something; a refusal is written down. */
  ask(request: () => Promise<unknown>): void {
    request().catch((thrown: unknown) => {
      const code = isGuardError(thrown) ? thrown.code : 'untyped';
      this.narrator.line(`! refused: ${code}: ${messageOf(thrown)}`);
    });
  }

  /** The id of the unresolved incident of an agent; the agent's own id when there is none, so that the guard says so. */
  async incidentOf(agentId: AgentId): Promise<string> {
    const open = await this.rig.guard().incidents.list({ agentId, state: 'unresolved' });
    return open.items[0]?.id ?? `inc_none_of_${agentId}`;
  }

  /** How it ended: the fleet by health, and what was really done to it. */
  async conclude(): Promise<void> {
    const byHealth = new Map<string, string[]>();
    for (const status of this.rig.guard().agents.list({ limit: 1_000 }).items) {
      const word = status.breaker === 'closed' ? status.health : `${status.health} (breaker ${status.breaker})`;
      byHealth.set(word, [...(byHealth.get(word) ?? []), status.agent.id]);
    }
    for (const [word, ids] of byHealth) this.narrator.plain(`= ${word}: ${ids.join(' ')}`);
    const acts = this.orchestrator.executed.map(({ action }) =>
      action.kind === 'scale' ? `scale ${action.group}` : `${action.kind} ${action.agentId}`,
    );
    this.narrator.plain(`= done: ${acts.length === 0 ? 'nothing' : acts.join(', ')}`);
    const open = (await this.rig.incidents()).filter((incident) => incident.state !== 'resolved');
    const left = open.map((incident) => `${incident.agentId} ${incident.state}`).toSorted();
    this.narrator.plain(`= open: ${left.length === 0 ? 'nothing' : left.join(', ')}`);
  }
}

interface Parts {
  narrator?: Narrator;
  orchestrator?: ScenarioOrchestrator;
}

function orchestratorOf(script: Script, clock: VirtualClock): ScenarioOrchestrator {
  if (script.orchestrator === 'workload') {
    return new FakeWorkloadOrchestrator({ clock, workloads: script.groups, takesMs: 2_000 });
  }
  const agents = agentsOf(script).map((id) => ({
    id,
    group: id.split('.')[0] as string,
    endpoint: `http://127.0.0.1/${id}`,
  }));
  return new FakeOrchestrator({
    clock,
    agents,
    takesMs: { restart: 2_000, recreate: 5_000, respawn: 8_000, retire: 1_000 },
  });
}
