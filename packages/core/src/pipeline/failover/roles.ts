import type { RoleStatus } from '../../contracts/index.ts';
import type { AgentId, GroupId, Leadership, Ms, Promotion, Role } from '../../model/index.ts';

/** What is said of the part one agent has in its group. */
export interface Part {
  readonly agentId: AgentId;
  /** What its label or the config says: how it began. */
  readonly declared?: Role | undefined;
  /** What its current instance said last of itself. */
  readonly said: { readonly role?: Role; readonly epoch?: number; readonly lag?: Ms };
}

export interface RolesOptions {
  /** That of one agent; `undefined`: it is not there. */
  part(agentId: AgentId): Part | undefined;
  members(group: GroupId): readonly Part[];
  leadership(group: GroupId): Leadership | undefined;
}

interface Leader {
  readonly agentId: AgentId;
  readonly epoch: number;
}

/**
 * Who leads a group now. The highest epoch decides: that of the guard's last failover, or a higher one that an agent
 * says it leads, because a person promoted it. What a label declares counts only while nobody has said anything else.
 */
export class Roles {
  readonly #o: RolesOptions;

  constructor(options: RolesOptions) {
    this.#o = options;
  }

  /** The one that leads; `undefined` while nobody does, or it is not clear who. */
  leaderOf(group: GroupId): Leader | undefined {
    const known = this.#o.leadership(group);
    return leaderAmong(this.#o.members(group), {
      made: known && this.#made(known),
      unclear: known?.last.outcome === 'unknown' ? known.epoch : undefined,
    });
  }

  /** The part of an agent; `undefined` when neither it nor anybody else said that it has one. */
  statusOf(group: GroupId, agentId: AgentId): RoleStatus | undefined {
    const own = this.#o.part(agentId);
    // Most groups have no roles: nobody else is looked at.
    if (!own || ((own.said.role ?? own.declared) === undefined && !this.#wasPromoted(group, agentId))) return undefined;
    const leader = this.leaderOf(group);
    const { lag } = own.said;
    return {
      role: leader
        ? leader.agentId === agentId
          ? 'primary'
          : 'replica'
        : (own.said.role ?? own.declared ?? 'replica'),
      epoch: leader?.epoch ?? this.#o.leadership(group)?.epoch ?? 0,
      ...(leader ? { primary: leader.agentId } : {}),
      ...(lag === undefined ? {} : { lagMs: lag }),
    };
  }

  /** The order of which it is not known whether it was followed, for an agent with a role; `undefined`: it is clear who leads. */
  unclear(group: GroupId, agentId: AgentId): Promotion | undefined {
    const known = this.#o.leadership(group);
    if (known?.last.outcome !== 'unknown' || !this.statusOf(group, agentId) || this.leaderOf(group)) return undefined;
    return { to: known.last.to, epoch: known.epoch };
  }

  /** Those who could take the place of the one that leads: all that have a role and do not say that they lead themselves. */
  replicasOf(group: GroupId, leader: AgentId): readonly Part[] {
    return this.#o
      .members(group)
      .filter(
        ({ agentId, said, declared }) =>
          agentId !== leader && said.role !== 'primary' && (said.role ?? declared) !== undefined,
      );
  }

  /** The current instance says that it is a replica. */
  isReplica(agentId: AgentId): boolean {
    return this.#o.part(agentId)?.said.role === 'replica';
  }

  /** An epoch that nobody has led yet. */
  nextEpoch(group: GroupId): number {
    const ordered = this.#o.leadership(group)?.epoch ?? 0;
    return 1 + this.#o.members(group).reduce((most, { said }) => Math.max(most, said.epoch ?? 0), ordered);
  }

  /**
   * Whether the agent has to be told who leads: it takes itself for the primary and is not, or it is and does not know it,
   * because it was started anew; or it is not clear who leads, and then nobody does. Only by what the guard ordered, and
   * not one that knows a later epoch. `said`: what it is saying at this moment. [what it said last]
   */
  isToBeTold(group: GroupId, agentId: AgentId, said = this.#o.part(agentId)?.said): boolean {
    const known = this.#o.leadership(group);
    if (!known || !said || (said.epoch ?? 0) > known.epoch) return false;
    const leader = this.#made(known);
    if (leader?.agentId === agentId) return said.role !== 'primary' || said.epoch !== leader.epoch;
    return (leader !== undefined || known.last.outcome === 'unknown') && this.#claims(agentId, said, known);
  }

  /** It takes itself for the primary, and not because it was called to be. */
  #claims(agentId: AgentId, { role, epoch }: Part['said'], { epoch: ordered, last }: Leadership): boolean {
    if (last.to === agentId && epoch === ordered) return false;
    return (role ?? this.#o.part(agentId)?.declared) === 'primary';
  }

  /** Who leads by an order of the guard: by its record, or it says itself that it followed. */
  #made({ epoch, last, primary }: Leadership): Leader | undefined {
    const { said } = this.#o.part(last.to) ?? {};
    if (said?.role === 'primary' && said.epoch === epoch) return { agentId: last.to, epoch };
    return last.outcome === 'unknown' ? undefined : primary;
  }

  #wasPromoted(group: GroupId, agentId: AgentId): boolean {
    return this.#o.leadership(group)?.primary?.agentId === agentId;
  }
}

interface Known {
  /** Made the leader by the guard. */
  readonly made: Leader | undefined;
  /** The guard ordered this epoch and does not know who leads it: no older one counts. */
  readonly unclear: number | undefined;
}

function leaderAmong(members: readonly Part[], { made, unclear }: Known): Leader | undefined {
  const claims = members.filter(({ said }) => said.role === 'primary');
  const highest = claims.reduce((most, { said }) => Math.max(most, said.epoch ?? 0), -1);
  if (made && made.epoch >= highest) return made;
  if (unclear !== undefined && highest <= unclear) return undefined;
  if (claims.length > 0) {
    const leading = claims.filter(({ said }) => (said.epoch ?? 0) === highest);
    const [one] = leading;
    return one && leading.length === 1 ? { agentId: one.agentId, epoch: highest } : undefined;
  }
  const [declared, another] = members.filter((part) => part.declared === 'primary' && part.said.role === undefined);
  return declared && !another ? { agentId: declared.agentId, epoch: 0 } : undefined;
}
