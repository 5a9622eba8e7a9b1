import type { Clock } from '../../contracts/index.ts';
import { isIsolated } from '../../incident/index.ts';
import type { AgentId, Decision, EpochMs, GroupId, Incident, Ms, Promotion, Reason } from '../../model/index.ts';
import { allAttempts, currentAttempt, stillByHand } from '../../model/index.ts';
import { mayPromote, type PromotionFacts } from '../../recovery/may-promote.ts';
import type { Holds } from '../holds/holds.ts';
import type { IncidentLog } from '../incidents/incident-log.ts';
import type { View } from '../members/view.ts';
import type { Leaderships } from './leaderships.ts';
import type { Part, Roles } from './roles.ts';

export interface FailoversOptions {
  readonly clock: Clock;
  readonly roles: Roles;
  readonly leaderships: Pick<Leaderships, 'lastAt' | 'of'>;
  readonly view: Pick<View, 'see'>;
  readonly holds: Pick<Holds, 'on'>;
  readonly incidents: Pick<IncidentLog, 'openFor'>;
}

type Fence = PromotionFacts['primary']['fencedBy'];

/** What is known of the failovers of groups at this moment: who could take over, and whether that may be. Reads only. */
export class Failovers {
  readonly #o: FailoversOptions;

  constructor(options: FailoversOptions) {
    this.#o = options;
  }

  /**
   * Who could take the place of the incident's agent, or why nobody can; `undefined` when there is nothing to ask: the
   * policy has no failover, the agent does not lead its group, or it was tried in this incident.
   */
  offer(incident: Incident, canIsolate: boolean): Decision<Promotion> | undefined {
    const { policy, group, agentId } = incident;
    if ((policy.failover?.when ?? 'off') === 'off') return undefined;
    if (allAttempts(incident).some(({ plan }) => plan.promotion !== undefined)) return undefined;
    if (this.#o.roles.statusOf(group, agentId)?.primary !== agentId) return undefined;
    const epoch = this.#o.roles.nextEpoch(group);
    const answers = this.#o.roles
      .replicasOf(group, agentId)
      .toSorted(nearestFirst)
      .map((replica) => {
        const fencedBy = this.#fence(incident) ?? (canIsolate ? 'isolated' : undefined);
        return this.#ask(incident, replica, { fencedBy, lastAt: this.#lastAt(group) });
      });
    const fit = answers.find((answer) => answer.act) ?? answers[0];
    if (!fit) return { act: false, reason: noReplica(group) };
    return fit.act ? { act: true, value: { to: fit.value, epoch }, reason: fit.reason } : fit;
  }

  /** Whether the promotion of the incident's attempt may be done now (R13); before the fence stands, whether it may then. */
  check(incident: Incident, { to, epoch }: Promotion): Decision<AgentId> {
    const { group, agentId } = incident;
    const replica = this.#o.roles.replicasOf(group, agentId).find((part) => part.agentId === to);
    // It was called already, and its answer was lost.
    if (this.leads(group, to, epoch))
      return { act: true, value: to, reason: { code: 'may-promote', text: `${to} leads epoch ${epoch} already.` } };
    const leader = this.#o.roles.leaderOf(group);
    const { epoch: ordered = 0, last } = this.#o.leaderships.of(group) ?? {};
    const isReserved = ordered === epoch && last?.from === agentId;
    // Once it is reserved the primary it takes the place of need not say any more that it leads.
    const isOvertaken = leader ? leader.epoch >= epoch || (!isReserved && leader.agentId !== agentId) : !isReserved;
    if (isOvertaken || ordered > epoch) return { act: false, reason: deposed(agentId, leader) };
    if (!replica) {
      const text = `${to} is no replica of group ${group} any more.`;
      return { act: false, reason: { code: 'replica-unfit', text, remedy: 'Wait for a replica, or choose another.' } };
    }
    const fencedBy = this.#fence(incident) ?? (isStillToBeFenced(incident) ? 'isolated' : undefined);
    // From its reservation on the last one is this one.
    return this.#ask(incident, replica, { fencedBy, lastAt: isReserved ? undefined : this.#lastAt(group) });
  }

  /** The agent says itself that it does not lead. */
  hasSteppedDown(agentId: AgentId): boolean {
    return this.#o.roles.isReplica(agentId);
  }

  /** Whether the agent says that it leads that epoch. */
  leads(group: GroupId, agentId: AgentId, epoch: number): boolean {
    const leader = this.#o.roles.leaderOf(group);
    return leader?.agentId === agentId && leader.epoch === epoch;
  }

  #lastAt(group: GroupId): EpochMs | undefined {
    return this.#o.leaderships.lastAt(group, this.#o.clock.now());
  }

  #ask(
    { agentId, policy }: Incident,
    { agentId: to, said }: Part,
    { fencedBy, lastAt }: { readonly fencedBy: Fence; readonly lastAt: EpochMs | undefined },
  ): Decision<AgentId> {
    const now = this.#o.clock.now();
    const settledAt = (lastAt ?? 0) + policy.watch.forMs;
    const { maxLagMs = 0, restMs = 0 } = policy.failover ?? {};
    return mayPromote({
      now,
      primary: { id: agentId, ...(fencedBy ? { fencedBy } : {}) },
      replica: { id: to, health: this.#fitness(to), ...(said.lag === undefined ? {} : { lagMs: said.lag }) },
      maxLagMs,
      ...(lastAt === undefined ? {} : { last: { at: lastAt, ...(settledAt <= now ? { settledAt } : {}) } }),
      restMs,
    });
  }

  /** What stands against promoting the agent, in a few words; `healthy`: nothing. */
  #fitness(agentId: AgentId): string {
    const { view, holds, incidents } = this.#o;
    const sight = view.see(agentId);
    if (!sight) return 'gone';
    const { agent, health } = sight;
    const byHand = stillByHand(agent.instance);
    if (byHand) return `${byHand === 'is stopping' ? 'being stopped' : byHand} by hand`;
    if (holds.on(agentId, agent.group)) return 'held';
    if (agent.rollout !== undefined) return 'left to a rollout';
    return incidents.openFor(agentId) ? 'in an incident of its own' : health;
  }

  /** What proves now that the agent writes no more; that nothing is heard of it proves nothing. */
  #fence(incident: Incident): Fence {
    const instance = this.#o.view.see(incident.agentId)?.agent.instance;
    if (isIsolated({ attempts: allAttempts(incident) }, instance)) return 'isolated';
    return instance?.state === 'exited' && instance.mayRun !== true ? 'stopped' : undefined;
  }
}

/** The attempt isolates the agent before it comes to the promotion. */
function isStillToBeFenced(incident: Incident): boolean {
  const attempt = currentAttempt(incident);
  // Not begun: what is planned is known to isolate, or to need no fence.
  if (attempt?.plan.promotion === undefined) return true;
  return attempt.steps.some(
    ({ spec, state }) =>
      spec.type === 'action' && spec.action === 'isolate' && (state === 'planned' || state === 'started'),
  );
}

function nearestFirst(one: Part, other: Part): number {
  const far: Ms = Number.MAX_SAFE_INTEGER;
  return (one.said.lag ?? far) - (other.said.lag ?? far) || (one.agentId < other.agentId ? -1 : 1);
}

function noReplica(group: GroupId): Reason {
  const text = `Group ${group} has no replica.`;
  return { code: 'no-replica', text, remedy: 'Give another agent of the group the role replica.' };
}

function deposed(agentId: AgentId, leader: { readonly agentId: AgentId; readonly epoch: number } | undefined): Reason {
  const now = leader ? `${leader.agentId} leads epoch ${leader.epoch}` : 'it is not clear who leads';
  return { code: 'not-primary', text: `${agentId} is not the primary any more: ${now}.` };
}
