import type { AgentId, BreakerPolicy, EpochMs, GroupId } from '../../model/index.ts';
import type { AilingChange } from './ailing.ts';

/** Silence of fewer than this is no partition (R04). */
const leastSilent = 3;

/** Whoever falls silent within this many windows after the last one did is part of the same silence. */
const windowsOfOne = 10;

/** Entries of those who are heard again that may be kept beside as many as there are of those who are silent. */
const spareEntries = 64;

/** Where silence is counted: in a group, or (`undefined`) in the whole fleet. */
class Scope {
  readonly silent = new Map<AgentId, EpochMs>();
  /** In the order in which they fell silent; those who are heard again are taken out when they are met or are many. */
  #order: { readonly agentId: AgentId; readonly at: EpochMs }[] = [];
  on = false;
  #underSince: EpochMs | undefined;
  /** Whoever falls silent until then is part of the silence that is on. */
  #reaches: EpochMs | undefined;

  fell(agentId: AgentId, at: EpochMs): void {
    this.silent.set(agentId, at);
    this.#order.push({ agentId, at });
    // While one is silent for long, others may come and go for days.
    if (this.#order.length > 2 * this.silent.size + spareEntries)
      this.#order = this.#order.filter((entry) => this.silent.get(entry.agentId) === entry.at);
  }

  /** Entries in the order. */
  get kept(): number {
    return this.#order.length;
  }

  heard(agentId: AgentId): void {
    this.silent.delete(agentId);
    if (this.silent.size === 0) this.#order.length = 0;
  }

  /** Whether there is a partition now, after this look. */
  look(now: EpochMs, size: number, { threshold, windowMs }: BreakerPolicy): boolean {
    this.#extend(now, windowsOfOne * windowMs);
    const many = this.silent.size >= leastSilent && this.silent.size >= threshold * size;
    if (!this.on) {
      if (many && this.#fellSince(now - windowMs)) this.on = true;
      this.#extend(now, windowsOfOne * windowMs);
      this.#underSince = undefined;
    } else if (many) this.#underSince = undefined;
    else {
      // Ahead of now: the wall clock was set back, and the time that has to pass begins anew.
      this.#underSince = Math.min(this.#underSince ?? now, now);
      // Agents come back one after another and not whole at once: the last of them are not taken for dead.
      if (now - this.#underSince >= windowMs) this.on = false;
    }
    return this.on;
  }

  /** Whether somebody here fell silent together with those there. */
  fellWith(greater: Scope): boolean {
    const reaches = greater.#reaches ?? Infinity;
    for (const at of this.silent.values()) if (at <= reaches) return true;
    return false;
  }

  /** One after another, with pauses that are not too long, they fell silent together. */
  #extend(now: EpochMs, reachMs: number): void {
    if (!this.on) this.#reaches = undefined;
    else {
      const last = this.#order.at(-1)?.at ?? now;
      if (this.#reaches === undefined || last <= this.#reaches) this.#reaches = last + reachMs;
    }
  }

  /** It is part of a greater one. */
  hold(): void {
    this.on = true;
    this.#underSince = undefined;
  }

  /** Whether enough fell silent since then that are silent still. */
  #fellSince(since: EpochMs): boolean {
    let count = 0;
    for (let at = this.#order.length - 1; at >= 0 && count < leastSilent; at -= 1) {
      const entry = this.#order[at] as { agentId: AgentId; at: EpochMs };
      if (this.silent.get(entry.agentId) !== entry.at) this.#order.splice(at, 1);
      else if (entry.at < since) break;
      else count += 1;
    }
    return count >= leastSilent;
  }
}

/**
 * Whether many are silent at once, in a group or over the whole fleet, so that a partition is likelier than their death
 * (R04). Costs what changes.
 */
export class Partitions {
  readonly #groups = new Map<GroupId, Scope>();
  readonly #fleet = new Scope();

  /** A silence that was known when the guard stopped goes on until it is seen to end. */
  restore(group: GroupId): void {
    this.#scope(group).on = true;
    // It may have been that of the whole fleet; if it was not, that is seen at once.
    this.#fleet.on = true;
  }

  note({ agentId, before, after }: AilingChange): void {
    if (before?.silentSince !== undefined && before.silentSince !== after?.silentSince) {
      this.#groups.get(before.group)?.heard(agentId);
      this.#fleet.heard(agentId);
    }
    if (after?.silentSince === undefined || before?.silentSince === after.silentSince) return;
    this.#scope(after.group).fell(agentId, after.silentSince);
    this.#fleet.fell(agentId, after.silentSince);
  }

  /** Looks at a group and the fleet again. */
  look(group: GroupId, of: { now: EpochMs; groupSize: number; fleetSize: number; policy: BreakerPolicy }): void {
    this.#fleet.look(of.now, of.fleetSize, of.policy);
    const scope = this.#groups.get(group);
    if (scope && this.#fleet.on && scope.fellWith(this.#fleet)) scope.hold();
    if (scope && !scope.look(of.now, of.groupSize, of.policy) && scope.silent.size === 0) this.#groups.delete(group);
  }

  /** Agents of the group that are silent. */
  silent(group: GroupId): number {
    return this.#groups.get(group)?.silent.size ?? 0;
  }

  get silentInFleet(): number {
    return this.#fleet.silent.size;
  }

  /** How many times somebody fell silent that are kept, over the fleet: not many more than there are silent. */
  get keptInFleet(): number {
    return this.#fleet.kept;
  }

  /** Groups with somebody silent, or with a partition. */
  groups(): readonly GroupId[] {
    return [...this.#groups.keys()];
  }

  /** Whether silence in the group is that of many. */
  covers(group: GroupId): boolean {
    const scope = this.#groups.get(group);
    return scope?.on ?? false;
  }

  get fleetWide(): boolean {
    return this.#fleet.on;
  }

  #scope(group: GroupId): Scope {
    const scope = this.#groups.get(group) ?? new Scope();
    this.#groups.set(group, scope);
    return scope;
  }
}
