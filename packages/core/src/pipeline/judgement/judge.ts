import type { Assessor, Clock, Doubt, IncidentFacts, Orchestrator, Random, Strategy } from '../../contracts/index.ts';
import { messageOf } from '../../contracts/index.ts';
import type { ApprovalSigner } from '../../decision/approval-signer.ts';
import { backoffMs } from '../../decision/budget.ts';
import { asCanary } from '../../decision/canary-plan.ts';
import { askGate } from '../../decision/gate.ts';
import { hungBy, tellingGrace } from '../../decision/hung.ts';
import { ladderStrategy } from '../../decision/ladder-strategy.ts';
import { threatAssessor } from '../../decision/threat-assessor.ts';
import type { DecideFacts } from '../../incident/index.ts';
import { hasActed } from '../../incident/index.ts';
import type { TogetherFacts } from '../../decision/together-facts.ts';
import type {
  AgentId,
  Assessment,
  Capability,
  Decision,
  EpochMs,
  GateVerdict,
  GroupId,
  History,
  Hold,
  Incident,
  IncidentId,
  Ms,
  Plan,
  Promotion,
  Reason,
  RecurrencePolicy,
  Rung,
} from '../../model/index.ts';
import { capabilityFor, stillByHand } from '../../model/index.ts';
import { approvalFacts } from '../approvals/approval-facts.ts';
import type { Failovers } from '../failover/failovers.ts';
import type { Holds } from '../holds/holds.ts';
import { absentAgent, rolloutSeen, touches } from '../incidents/incident-reading.ts';
import type { IncidentLog } from '../incidents/incident-log.ts';
import type { Insight } from './insight.ts';
import { prospects, remarksText } from './prospects.ts';
import type { Ownership } from '../ownership.ts';
import { backoffOf, hashOf, isContainment, isOrdered, planInHand, rungOfNobody, stepsNow } from './plan-in-hand.ts';
import type { Reservations } from '../budgets/reservations.ts';
import { activityOf, signsOf } from './activity.ts';
import type { AgentSight, View } from '../members/view.ts';

/** Who was deregistered is looked for again after this. */
const goneAgainMs: Ms = 1_000;

/** What failures that hang together mean for one incident. */
export interface TogetherSight {
  facts(incident: Incident): TogetherFacts;
  /** An attempt of the group that begins now is a canary of this trip of the fleet breaker. */
  canaryTrip(group: GroupId): number | undefined;
  /** Why people are not asked about this one of many now. */
  crowd(incident: Incident): Reason | undefined;
}

export interface JudgeOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly view: View;
  readonly reservations: Reservations;
  readonly holds: Holds;
  readonly log: IncidentLog;
  readonly insight: Insight;
  readonly ownership: Ownership;
  readonly failovers: Pick<Failovers, 'offer' | 'check' | 'hasSteppedDown'>;
  readonly signer: ApprovalSigner;
  /** What hangs together: fleet breaker, partition, dependencies. */
  readonly storms: TogetherSight;
  /** How far the guard doubts itself, and whether a canary failed. */
  readonly doubt: Doubt;
  assessor(name: string): Assessor;
  strategy(name: string): Strategy;
  orchestrator(name: string): Orchestrator | undefined;
  history(
    agentId: AgentId,
    question: {
      readonly signature: string;
      readonly now: number;
      readonly current: string;
      readonly recurrence: RecurrencePolicy;
    },
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
    const { clock, view, holds, reservations } = this.#options;
    const sight = view.see(incident.agentId);
    const now = clock.now();
    const facts = this.#incidentFacts(incident, sight, now);
    const assessment = this.#assess(incident, facts);
    const can = this.#capabilities(sight, incident.policy.ladder.restartScope);
    const canary = planInHand(incident) ? undefined : this.#options.storms.canaryTrip(incident.group);
    const proposal = this.#propose(incident, facts, { assessment, can, canary });
    const plan = planInHand(incident) ?? (proposal.act ? proposal.value : undefined);
    const rung = plan?.rung ?? rungOfNobody(proposal);
    const hold = holds.on(incident.agentId, incident.group);
    const { instance, orchestrator } = facts.agent;
    const { settled } = this.#options.settled(orchestrator);
    const steps = stepsNow(incident, facts, { plan, can });
    const planHash = hashOf(incident, { plan, steps, instance });
    const crowd = this.#options.storms.crowd(incident);
    const { promotion } = plan ?? {};
    const affects = promotion ? [incident.agentId, promotion.to] : this.#affectedBy(rung, incident, can);
    const verdict = this.gate(incident, { rung, begun: isContainment(plan), affects, promotion });
    return {
      now,
      health: facts.health,
      findings: facts.findings,
      soundForMs: sight?.soundForMs ?? 0,
      healings: facts.history.healings ?? 0,
      assessment,
      proposal,
      steps,
      ...given({ instance, canary, crowd, hold }),
      verdict,
      ...(reservations.isUntold(incident, verdict) ? { untold: true } : {}),
      ...prospects({
        incident,
        facts,
        can,
        proposal,
        verdict,
        gateOfContainment: (by) => {
          const charged = by !== 'escalate';
          return this.gate(incident, { rung: by, begun: true, charged, affects: [incident.agentId] });
        },
        hasSteppedDown: () => this.#options.failovers.hasSteppedDown(incident.agentId),
        hasHealthyPeer: () => this.#hasHealthyPeer(incident),
      }),
      planHash,
      approval: approvalFacts(this.#options.signer, incident, { planHash, now }),
      ...(settled ? {} : { unsettled: true }),
      backoffMs: backoffMs(reservations.streak(incident.agentId), share, backoffOf(incident)),
    };
  }

  /** What the ledger says of the failure of an incident. */
  past(incident: Pick<Incident, 'agentId' | 'signature' | 'policy'> & { readonly id?: string }, now: number): History {
    const { agentId, signature, policy, id: current = '' } = incident;
    return this.#options.history(agentId, { signature, now, current, recurrence: policy.recurrence });
  }

  /** Whether the agent is proven to hang at this moment. */
  hangs(incident: Incident): boolean {
    const { clock, view } = this.#options;
    return hungBy(this.#incidentFacts(incident, view.see(incident.agentId), clock.now())).length > 0;
  }

  /** A plugin that throws must not leave the incident undecided: the built-in assessor takes its place. */
  #assess(incident: Incident, facts: IncidentFacts): Assessment {
    const { assessor: name } = incident.policy;
    const assessment = this.#orBuiltIn(`assessor ${name}`, {
      plugin: () => this.#options.assessor(name).assess(facts),
      builtIn: () => threatAssessor.assess(facts),
    });
    this.#options.degraded(`rules for ${incident.agentId}`, remarksText(assessment));
    return assessment;
  }

  #propose(
    incident: Incident,
    facts: IncidentFacts,
    on: { readonly assessment: Assessment; readonly can: readonly Capability[]; readonly canary: number | undefined },
  ): Decision<Plan> {
    const { strategy: name } = incident.policy;
    const proposal = this.#orBuiltIn(`strategy ${name}`, {
      plugin: () => this.#options.strategy(name).propose(facts, on.assessment, on.can),
      builtIn: () => ladderStrategy.propose(facts, on.assessment, on.can),
    });
    return tellingGrace(on.canary === undefined ? proposal : asCanary(proposal, { can: on.can, facts }));
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
    of: {
      readonly rung: Rung | undefined;
      readonly begun: boolean;
      readonly affects: readonly AgentId[];
      readonly charged?: boolean;
      readonly promotion?: Promotion | undefined;
    },
  ): GateVerdict {
    const { clock, view, reservations, ownership } = this.#options;
    const now = clock.now();
    const sight = view.see(incident.agentId);
    if (!of.rung) return nothingToDo;
    if (!sight) return left(incident.agentId, now);
    const { settled, at } = this.#options.settled(sight.agent.orchestrator);
    const hold = this.#holdOn(incident, of.affects);
    const past = this.past(incident, now);
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
      ...(of.charged ? { charged: true } : {}),
      acted: incident.state === 'acting' && hasActed(incident.attempt),
      ...this.#options.storms.facts(incident),
      ordered: isOrdered(incident),
      failedAttempts: incident.attempts.filter((attempt) => attempt.verdict === 'failed' && attempt.proven).length,
      affects: of.affects,
      ...(of.promotion ? { promotion: this.#options.failovers.check(incident, of.promotion) } : {}),
      unselected: of.affects.filter((agentId) => !view.knows(agentId)),
      inRecovery,
      stoppedBeside: of.affects.filter(
        (agentId) => agentId !== incident.agentId && stillByHand(view.see(agentId)?.agent.instance) !== undefined,
      ),
      ...(hold ? { hold } : {}),
      ...(past.moves === undefined ? {} : { moves: past.moves }),
      ...rolloutSeen(incident),
      settled,
      settledAt: at,
      ...reservations.facts(incident, of.rung),
      groupSize: view.groupSize(incident.group),
      groupInFlight: others.filter((other) => other.group === incident.group).length,
      globalInFlight: others.filter((other) => this.#moves(other)).length,
      ...(sight.progressAgoMs === undefined ? {} : { progressAgoMs: sight.progressAgoMs }),
      ...(sight.answeredAgoMs === undefined ? {} : { answeredAgoMs: sight.answeredAgoMs }),
      beats: sight.beats,
      asked: sight.asked,
      wasAlive: sight.wasAlive,
      stretch: this.#options.doubt.stretch(),
      ...activityOf(sight),
      owned: ownership.owns(incident.group),
    });
  }

  /** An attempt whose orchestrator the guard does not know again stands still, and takes nobody's turn. */
  #moves({ agentId }: Incident): boolean {
    return this.#options.settled(this.#options.view.see(agentId)?.agent.orchestrator).settled;
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

  #hasHealthyPeer({ group, agentId }: Incident): boolean {
    const { view } = this.#options;
    return view.members(group).some((other) => other !== agentId && view.see(other)?.health === 'healthy');
  }

  #incidentFacts(incident: Incident, sight: AgentSight | undefined, now: number): IncidentFacts {
    const agent = sight?.agent ?? absentAgent(incident);
    return {
      ...this.#options.insight.of(incident, agent, sight?.findings ?? []),
      now,
      agent,
      health: sight?.health ?? 'unknown',
      findings: sight?.findings ?? [],
      metrics: sight?.metrics ?? {},
      attempts: incident.attempts,
      severityAtLeast: incident.severityAtLeast,
      history: this.past(incident, now),
      policy: incident.policy,
      ...(sight ? { signs: signsOf(sight) } : {}),
      ...this.#failover(incident, sight),
    };
  }

  /** While the fleet breaker is not closed its canaries come first: more than a primary has failed (R01). */
  #failover(incident: Incident, sight: AgentSight | undefined): Pick<IncidentFacts, 'failover'> {
    const { failovers, storms } = this.#options;
    const { breaker } = storms.facts(incident).fleetBreaker ?? {};
    if (!sight || (breaker && breaker.state !== 'closed')) return {};
    const can = this.#capabilities(sight, incident.policy.ladder.restartScope);
    const failover = failovers.offer(incident, capabilityFor(can, 'isolate') !== undefined);
    return failover ? { failover } : {};
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

/** Nothing is known of it by which anything could be allowed; its incident is about to end. */
function left(agentId: AgentId, now: EpochMs): GateVerdict {
  const reason = { code: 'agent-removed', text: `${agentId} was deregistered.` } as const;
  return { verdict: 'wait', untilMs: now + goneAgainMs, reason, rules: [] };
}

/** Only what there is. */
function given<T extends object>(parts: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(parts).filter(([, part]) => part !== undefined)) as never;
}
