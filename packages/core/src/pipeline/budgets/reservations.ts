import type { Logger, StoreOp, Versions } from '../../contracts/index.ts';
import { messageOf } from '../../contracts/index.ts';
import type { Budget } from '../../decision/budget.ts';
import { askBudget, backoffUntil, reserve } from '../../decision/budget.ts';
import type { GateFacts } from '../../decision/gate-facts.ts';
import type { SharedAnswer, SharedAsk, SharedBudget } from '../../decision/shared-budget.ts';
import { askShared, isUntold, rungWeights, spendShared } from '../../decision/shared-budget.ts';
import type { Decided } from '../../incident/index.ts';
import type {
  AgentId,
  EpochMs,
  GateVerdict,
  GroupId,
  Incident,
  IncidentId,
  Ms,
  Policy,
  Rung,
} from '../../model/index.ts';
import { keys } from '../../state/keys.ts';
import type { Budgets } from './budgets.ts';
import type { SharedBudgets } from './shared-budgets.ts';
import type { StoreTime } from './store-time.ts';

export interface ReservationsOptions {
  readonly log: Logger;
  readonly time: StoreTime;
  readonly budgets: Budgets;
  readonly shared: SharedBudgets;
  groupSize(group: GroupId): number;
  fleetSize(): number;
}

/** What a decision changes of the budgets, as writes for its commit. */
export interface Reservation {
  readonly ops: readonly StoreOp[];
  /** After the commit. */
  committed(versions: Versions): void;
  /** After a commit that failed. */
  forget(): void;
}

/** So long a place that was taken is kept for an attempt whose commit failed. */
const takenForMs: Ms = 60_000;

/** Reserves an attempt's place in all budgets before anything is done (R09). */
export class Reservations {
  readonly #o: ReservationsOptions;
  /** Taken from the budget of the fleet for attempts that are not stored yet. */
  readonly #taken = new Map<IncidentId, { readonly attempt: number; readonly weight: number; readonly at: EpochMs }>();

  constructor(options: ReservationsOptions) {
    this.#o = options;
  }

  /** Reads what decisions about the agent rest on, if it is not in memory. */
  async load(shard: number, agentId: AgentId, group: GroupId): Promise<void> {
    await this.#o.budgets.load(shard, agentId);
    await this.#o.shared.load(shard, group);
  }

  /** What the budgets say of a rung now; moments by the guard's clock. */
  facts(
    { agentId, group, policy }: Incident,
    rung: Rung,
  ): Pick<GateFacts, 'budget' | 'notBefore' | 'groupBudget' | 'globalBudget'> {
    const { budgets, shared, time } = this.#o;
    const now = time.now();
    const weight = rungWeights[rung];
    const own = budgets.get(agentId);
    const attempts = askBudget(own, policy.gate.attempts, now);
    const local = (answer: SharedAnswer): SharedAnswer => ({ ...answer, at: time.toLocal(answer.at) });
    const { group: ofGroup, global } = policy.gate.budgets;
    return {
      budget: { ...attempts, at: time.toLocal(attempts.at) },
      notBefore: time.toLocal(backoffUntil(own, longestBackoffMs(policy), now)),
      groupBudget: local(
        askShared(shared.group(group), { limit: ofGroup, size: this.#o.groupSize(group), weight, now }),
      ),
      globalBudget: local(askShared(shared.global, { limit: global, size: this.#o.fleetSize(), weight, now })),
    };
  }

  /** Attempts on the agent since it was last well for long. */
  streak(agentId: AgentId): number {
    return this.#o.budgets.get(agentId).streak;
  }

  /** Whether a wait for a budget is one that people have not been told of. */
  isUntold({ group, policy }: Incident, { reason }: GateVerdict): boolean {
    const { shared, time } = this.#o;
    const { budgets } = policy.gate;
    if (reason.code === 'group-budget-exhausted') return isUntold(shared.group(group), budgets.group, time.now());
    return reason.code === 'global-budget-exhausted' && isUntold(shared.global, budgets.global, time.now());
  }

  /**
   * The place of an attempt in the budget of the fleet, which lies in no shard and is taken before the attempt is
   * stored. `false`: it was used up meanwhile, and the decision has to be made anew.
   */
  async admit({ incident, begins }: Decided, forced: boolean): Promise<boolean> {
    if (!begins || incident.state !== 'acting') return true;
    const weight = weightOf(incident);
    if (weight === 0) return true;
    const { id, attempt, policy } = incident;
    const now = this.#o.time.now();
    const taken = this.#taken.get(id);
    // Its commit failed and is tried again: a store that takes the one and not the other must not use up the budget.
    if (taken && taken.attempt === attempt.number && taken.weight >= weight && now - taken.at < takenForMs) return true;
    const limit = policy.gate.budgets.global;
    const spender = { incidentId: id, attempt: attempt.number, weight };
    const isAdmitted = await this.#o.shared.reserve({ limit, size: this.#o.fleetSize() }, spender, forced);
    if (isAdmitted) this.#taken.set(id, { attempt: attempt.number, weight, at: now });
    return isAdmitted;
  }

  /** The changes of the budgets of agent and group. */
  of(shard: number, decided: Decided): Reservation {
    const { agentId, group, because } = decided.incident;
    const { budgets, shared } = this.#o;
    const own = this.#ofAgent(decided);
    const theirs = this.#ofGroup(decided);
    return {
      ops: [
        ...(own ? [budgets.opFor(shard, agentId, own)] : []),
        ...(theirs ? [shared.opFor(shard, group, theirs)] : []),
      ],
      committed: (versions) => {
        if (decided.begins || decided.incident.state === 'resolved') this.#taken.delete(decided.incident.id);
        if (own) budgets.committed(agentId, own, versions[keys.budget(shard, agentId)] as string);
        if (theirs) shared.committed(group, theirs, versions[keys.groupBudget(shard, group)] as string);
        if (decided.notices.includes('blocked') && because.code === 'global-budget-exhausted') this.#toldOfGlobal();
      },
      forget: () => {
        if (own) budgets.forget(agentId);
        if (theirs) shared.forget(group);
      },
    };
  }

  /** An attempt that begins is counted now; one that failed sets the earliest moment of the next. */
  #ofAgent({ incident, begins, ended }: Decided): Budget | undefined {
    const { gate } = incident.policy;
    const { time, budgets } = this.#o;
    const budget = budgets.get(incident.agentId);
    if (begins) return reserve(budget, gate.attempts, time.now(), gate.backoff.resetAfterMs);
    if (ended?.verdict === 'failed' && incident.state === 'open')
      return { ...budget, notBefore: time.toStore(incident.nextAt) };
    return undefined;
  }

  #ofGroup({ incident, begins, notices }: Decided): SharedBudget | undefined {
    const budget = this.#o.shared.group(incident.group);
    const now = this.#o.time.now();
    const weight = begins ? weightOf(incident) : 0;
    if (weight > 0) return spendShared(budget, { ...this.#ask(incident, weight), now });
    const told = notices.includes('blocked') && incident.because.code === 'group-budget-exhausted';
    return told ? { ...budget, toldAt: now } : undefined;
  }

  #ask({ group, policy }: Incident, weight: number): Omit<SharedAsk, 'now'> {
    return { limit: policy.gate.budgets.group, size: this.#o.groupSize(group), weight };
  }

  /** Told twice is better than never: it is noted after the message was stored. */
  #toldOfGlobal(): void {
    this.#o.shared
      .told()
      .catch((thrown: unknown) =>
        this.#o.log.warn({ err: messageOf(thrown) }, 'that people were told of the budget of the fleet was not noted'),
      );
  }
}

/** The longest pause that can have been drawn after any rung. */
function longestBackoffMs({ gate, ladder }: Policy): Ms {
  const own = [ladder.restart, ladder.recreate, ladder.respawn].map(({ backoff }) => backoff?.capMs ?? 0);
  return Math.max(gate.backoff.capMs, ...own);
}

function weightOf(incident: Incident): number {
  return incident.state === 'acting' ? rungWeights[incident.attempt.plan.rung] : 0;
}
