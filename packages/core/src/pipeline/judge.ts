import type { Assessor, Clock, Doubt, IncidentFacts, Orchestrator, Random, Strategy } from '../contracts/index.ts';
import { messageOf } from '../contracts/index.ts';
import { askBudget, backoffMs, backoffUntil } from '../decision/budget.ts';
import { askGate } from '../decision/gate.ts';
import { ladderStrategy } from '../decision/ladder-strategy.ts';
import { planHash } from '../decision/plan-hash.ts';
import { threatAssessor } from '../decision/threat-assessor.ts';
import type { DecideFacts } from '../incident/index.ts';
import type {
  AgentId,
  Assessment,
  Capability,
  Decision,
  GateVerdict,
  History,
  Hold,
  Incident,
  IncidentId,
  Instance,
  Plan,
  Rung,
} from '../model/index.ts';
import { stepsFor } from '../recovery/genesis.ts';
import type { Budgets } from './budgets.ts';
import type { Holds } from './holds.ts';
import type { IncidentLog } from './incident-log.ts';
import type { Ownership } from './ownership.ts';
import type { AgentSight, View } from './view.ts';

export interface JudgeOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly view: View;
  readonly budgets: Budgets;
  readonly holds: Holds;
  readonly log: IncidentLog;
  readonly ownership: Ownership;
  /** How far the guard doubts itself, and whether a canary failed. */
  readonly doubt: Doubt;
  assessor(name: string): Assessor;
  strategy(name: string): Strategy;
  orchestrator(name: string): Orchestrator | undefined;
  history(
    agentId: AgentId,
    question: { readonly signature: string; readonly now: number; readonly current: string },
  ): History;
  /** Whether the guard knows the agents of an orchestrator, or of none, again. */
  settled(orchestrator: string | undefined): { readonly settled: boolean; readonly at: number };
  /** A plugin's assessor or strategy does not work now, or works again. */
  degraded(what: string, why: string | undefined): void;
  /** Whether an action for another incident of the agent is under way, be that incident closed already. */
  busy(agentId: AgentId, but: IncidentId): boolean;
}

/**
 * Gathers what a decision rests on: assessment, plan, steps and the gate's answer, all for this moment. Reads only;
 * the decision itself is the reducer's.
 */
export class Judge {
  readonly #options: JudgeOptions;

  constructor(options: JudgeOptions) {
    this.#options = options;
  }

  /**
   * The facts for a decision about an incident. The policy is the one the incident was opened under (R28).
   * @param share 0–1: the draw of the backoff's jitter.
   */
  facts(incident: Incident, share: number = this.#options.random.next()): DecideFacts {
    const { clock, view, holds, budgets } = this.#options;
    const sight = view.see(incident.agentId);
    const now = clock.now();
    const facts = this.#incidentFacts(incident, sight, now);
    const assessment = this.#assess(incident, facts);
    const can = this.#capabilities(sight, incident.policy.ladder.restartScope);
    const proposal = this.#propose(incident, facts, { assessment, can });
    const plan = planInHand(incident) ?? (proposal.act ? proposal.value : undefined);
    const rung = plan?.rung ?? rungOfNobody(proposal);
    const hold = holds.on(incident.agentId, incident.group);
    const { instance, orchestrator } = facts.agent;
    const { settled } = this.#options.settled(orchestrator);
    return {
      now,
      health: facts.health,
      findings: facts.findings,
      soundForMs: sight?.soundForMs ?? 0,
      ...(instance ? { instance } : {}),
      assessment,
      proposal,
      steps: plan ? stepsFor(plan, can, drainMs(incident, facts)) : [],
      verdict: this.gate(incident, {
        rung,
        begun: false,
        affects: this.#affectedBy(rung, incident, can),
      }),
      planHash: hashOf(incident, plan, instance),
      ...(hold ? { hold } : {}),
      ...(settled ? {} : { unsettled: true }),
      backoffMs: backoffMs(budgets.get(incident.agentId).streak, share, incident.policy.gate.backoff),
    };
  }

  /** A plugin that throws must not leave the incident undecided: the built-in assessor takes its place. */
  #assess(incident: Incident, facts: IncidentFacts): Assessment {
    const { assessor: name } = incident.policy;
    return this.#orBuiltIn(`assessor ${name}`, {
      plugin: () => this.#options.assessor(name).assess(facts),
      builtIn: () => threatAssessor.assess(facts),
    });
  }

  #propose(
    incident: Incident,
    facts: IncidentFacts,
    on: { readonly assessment: Assessment; readonly can: readonly Capability[] },
  ): Decision<Plan> {
    const { strategy: name } = incident.policy;
    return this.#orBuiltIn(`strategy ${name}`, {
      plugin: () => this.#options.strategy(name).propose(facts, on.assessment, on.can),
      builtIn: () => ladderStrategy.propose(facts, on.assessment, on.can),
    });
  }

  #orBuiltIn<T>(what: string, ways: { readonly plugin: () => T; readonly builtIn: () => T }): T {
    try {
      const answer = ways.plugin();
      this.#options.degraded(what, undefined);
      return answer;
    } catch (thrown) {
      this.#options.degraded(what, `${messageOf(thrown)}; the built-in one decides`);
      return ways.builtIn();
    }
  }

  /** Asks the gate on the present view. */
  gate(
    incident: Incident,
    of: { readonly rung: Rung | undefined; readonly begun: boolean; readonly affects: readonly AgentId[] },
  ): GateVerdict {
    const { clock, view, budgets, ownership } = this.#options;
    const now = clock.now();
    const sight = view.see(incident.agentId);
    if (!sight || !of.rung) return nothingToDo;
    const { settled, at } = this.#options.settled(sight.agent.orchestrator);
    const budget = budgets.get(incident.agentId);
    const hold = this.#holdOn(incident, of.affects);
    const others = [...this.#options.log.acting()].filter((other) => other.id !== incident.id);
    const inRecovery = of.affects.filter(
      (agentId) =>
        others.some((other) => other.agentId === agentId || touches(other, agentId)) ||
        this.#options.busy(agentId, incident.id),
    );
    return askGate({
      now,
      agent: sight.agent,
      health: sight.health,
      findings: sight.findings,
      policy: incident.policy,
      rung: of.rung,
      begun: of.begun,
      ordered: isOrdered(incident),
      failedAttempts: incident.attempts.filter((attempt) => attempt.verdict === 'failed' && attempt.proven).length,
      affects: of.affects,
      unselected: of.affects.filter((agentId) => !view.knows(agentId)),
      inRecovery,
      ...(hold ? { hold } : {}),
      settled,
      settledAt: at,
      budget: askBudget(budget, incident.policy.gate.attempts, now),
      notBefore: backoffUntil(budget, incident.policy.gate.backoff.capMs, now),
      groupSize: view.groupSize(incident.group),
      groupInFlight: others.filter((other) => other.group === incident.group).length,
      alikeInFlight: others.filter((other) => view.see(other.agentId)?.agent.orchestrator === sight.agent.orchestrator)
        .length,
      ...(sight.progressAgoMs === undefined ? {} : { progressAgoMs: sight.progressAgoMs }),
      ...(sight.answeredAgoMs === undefined ? {} : { answeredAgoMs: sight.answeredAgoMs }),
      owned: ownership.owns(incident.group),
    });
  }

  /** The hold that lasts longest of those on whom it would touch: a held agent is left alone by siblings' recoveries too. */
  #holdOn(incident: Incident, affects: readonly AgentId[]): Hold | undefined {
    const { holds, view } = this.#options;
    const touched = new Map([[incident.agentId, incident.group]]);
    for (const agentId of affects) touched.set(agentId, view.see(agentId)?.agent.group ?? incident.group);
    return [...touched]
      .map(([agentId, group]) => holds.on(agentId, group))
      .reduce((a, b) => (!a || (b && b.until > a.until) ? b : a), undefined);
  }

  /** Whom a rung would touch: an action on the workload touches the whole group. */
  #affectedBy(rung: Rung | undefined, incident: Incident, can: readonly Capability[]): readonly AgentId[] {
    const whole = can.some((capability) => capability.action === rung && capability.scope === 'workload');
    return whole ? this.#options.view.members(incident.group) : [incident.agentId];
  }

  #incidentFacts(incident: Incident, sight: AgentSight | undefined, now: number): IncidentFacts {
    return {
      now,
      agent: sight?.agent ?? absentAgent(incident),
      health: sight?.health ?? 'unknown',
      findings: sight?.findings ?? [],
      metrics: sight?.metrics ?? {},
      attempts: incident.attempts,
      severityAtLeast: incident.severityAtLeast,
      history: this.#options.history(incident.agentId, { signature: incident.signature, now, current: incident.id }),
      policy: incident.policy,
    };
  }

  #capabilities(sight: AgentSight | undefined, scope: 'instance' | 'workload'): readonly Capability[] {
    const name = sight?.agent.orchestrator;
    const supports = name === undefined ? [] : (this.#options.orchestrator(name)?.supports ?? []);
    // What would touch siblings is as good as missing, unless it is allowed or there are none.
    const whole = scope === 'workload' || this.#options.view.groupSize(sight?.agent.group ?? '') <= 1;
    return whole ? supports : supports.filter((capability) => capability.scope === 'instance');
  }
}

const nothingToDo: GateVerdict = {
  verdict: 'proceed',
  reason: { code: 'nothing-wrong', text: 'There is nothing to be done, so there is nothing to allow.' },
  rules: [],
};

/** A person is not called sooner, and on no less evidence, than a restart would be allowed for an agent that can be acted on. */
function rungOfNobody(proposal: Decision<Plan>): Rung | undefined {
  return !proposal.act && proposal.reason.code === 'no-orchestrator' ? 'restart' : undefined;
}

function planInHand(incident: Incident): Plan | undefined {
  if (incident.requested) return incident.requested.plan;
  return incident.state === 'awaiting-approval' ? incident.approval.plan : undefined;
}

function hashOf({ id, configVersion }: Incident, plan: Plan | undefined, instance: Instance | undefined): string {
  return plan ? planHash({ incidentId: id, instanceId: instance?.id, plan, configVersion }) : '';
}

/** A person asked for what is under way, by an order or an approval. */
function isOrdered(incident: Incident): boolean {
  if (incident.requested) return true;
  return incident.state === 'acting' && incident.attempt.orderedBy !== undefined;
}

function touches(incident: Extract<Incident, { state: 'acting' }>, agentId: AgentId): boolean {
  return incident.attempt.steps.some(
    (step) => step.state === 'started' && step.effect.type === 'action' && step.effect.intent.affects.includes(agentId),
  );
}

/** Stands in for an agent that was deregistered while its incident is being closed. */
function absentAgent(incident: Incident): IncidentFacts['agent'] {
  return {
    id: incident.agentId,
    group: incident.group,
    labels: {},
    dependsOn: [],
    criticality: 0,
    source: 'registration',
  };
}

/** An agent that has failed cannot finish what it has: it is not asked to. */
function drainMs({ policy }: Incident, { health }: IncidentFacts): number {
  return health === 'failed' ? 0 : policy.ladder.drainMs;
}
