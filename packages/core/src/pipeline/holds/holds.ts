import type { Actor, Clock, Random, StateStore, StoreOp } from '../../contracts/index.ts';
import { guardError } from '../../contracts/index.ts';
import type { AgentId, AuditDraft, GroupId, Hold, HoldScope, Json, Ms } from '../../model/index.ts';
import { covers, isId } from '../../model/index.ts';
import type { AuditLog } from '../../state/index.ts';
import { guardChain, keys } from '../../state/index.ts';
import { holdFrom, longestMs } from './stored-hold.ts';
import type { Windows } from './windows.ts';

export interface HoldRequest extends Actor {
  readonly scope: HoldScope;
  readonly reason: string;
  readonly ttlMs: Ms;
  readonly maintenance?: boolean;
}

export interface HoldsOptions {
  readonly store: StateStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly audit: AuditLog;
  readonly windows: Windows;
  /** A hold was placed, or a window opened. */
  placed(hold: Hold): void;
  /** Released by a person, or run out. */
  ended(hold: Hold, by: string | undefined): void;
  /** Its record is not what was stored. */
  degraded(hold: Hold, why: string): void;
}

/** The operator's holds, durable, each with an end, and the windows of maintenance that are open now (R14). */
export class Holds {
  readonly #o: HoldsOptions;
  readonly #holds = new Map<string, Hold>();
  /** Windows that were open at the last look. */
  #open: readonly Hold[] = [];

  constructor(options: HoldsOptions) {
    this.#o = options;
  }

  async load(): Promise<void> {
    let after: string | undefined;
    for (;;) {
      const page = await this.#o.store.list(keys.holds, { limit: 500, ...(after ? { after } : {}) });
      for (const { key, value } of page) {
        const { hold, damaged } = holdFrom(key.slice(keys.holds.length), value, this.#o.clock.now());
        this.#holds.set(hold.id, hold);
        if (damaged) this.#o.degraded(hold, 'its record is damaged; release it if nothing is to be held');
      }
      after = page.at(-1)?.key;
      if (page.length < 500 || after === undefined) return;
    }
  }

  /** What is in force now, oldest first. */
  list(): readonly Hold[] {
    return [...this.placed(), ...this.#o.windows.open()].sort((a, b) => a.at - b.at);
  }

  /** What people placed and what has not run out. */
  placed(): readonly Hold[] {
    const now = this.#o.clock.now();
    return [...this.#holds.values()].filter(({ until }) => until > now);
  }

  /** Tells of what ran out and of windows that opened or closed. Called with every tick. */
  tick(): void {
    const now = this.#o.clock.now();
    for (const [id, hold] of this.#holds) {
      if (hold.until > now) continue;
      this.#holds.delete(id);
      this.#o.ended(hold, undefined);
    }
    const before = this.#open;
    this.#open = this.#o.windows.open();
    if (this.#open === before || (this.#open.length === 0 && before.length === 0)) return;
    const isNew = (hold: Hold): boolean => !before.some(({ id, at }) => id === hold.id && at === hold.at);
    const isOver = (hold: Hold): boolean => !this.#open.some(({ id, at }) => id === hold.id && at === hold.at);
    for (const hold of before.filter(isOver)) this.#o.ended(hold, undefined);
    for (const hold of this.#open.filter(isNew)) this.#o.placed(hold);
  }

  /** What covers an agent and lasts longest, if anything does. */
  on(agentId: AgentId, group: GroupId): Hold | undefined {
    let longest: Hold | undefined;
    for (const hold of this.#covering(agentId, group)) if (!longest || hold.until > longest.until) longest = hold;
    return longest;
  }

  /** Whether nobody is to be called for the agent now. */
  isQuiet(agentId: AgentId, group: GroupId): boolean {
    for (const { maintenance } of this.#covering(agentId, group)) if (maintenance) return true;
    return false;
  }

  *#covering(agentId: AgentId, group: GroupId): Iterable<Hold> {
    const open = this.#o.windows.open();
    if (this.#holds.size === 0 && open.length === 0) return;
    const now = this.#o.clock.now();
    for (const hold of this.#holds.values()) if (covers(hold, agentId, group, now)) yield hold;
    for (const hold of open) if (covers(hold, agentId, group, now)) yield hold;
  }

  async add(request: HoldRequest): Promise<Hold> {
    const why = problem(request);
    if (why) throw guardError('GUARD_HOLD_INVALID', { why });
    const { clock, random } = this.#o;
    const at = clock.now();
    const hold: Hold = {
      id: `hold_${random.ulid()}`,
      scope: request.scope,
      reason: request.reason,
      by: request.by,
      at,
      until: at + request.ttlMs,
      maintenance: request.maintenance ?? false,
    };
    const { id, by, scope, reason, until, maintenance } = hold;
    const data = { scope, reason, until, maintenance, ...noteOf(request) };
    await this.#commit(
      { actor: by, action: 'hold', subject: id, data },
      {
        op: 'put',
        key: keys.hold(id),
        value: hold as unknown as Json,
        when: 'absent',
        ttlMs: request.ttlMs,
      },
    );
    this.#holds.set(hold.id, hold);
    this.#o.placed(hold);
    return hold;
  }

  async release(id: string, actor: Actor): Promise<Hold> {
    if (this.#o.windows.open().some((window) => window.id === id))
      throw guardError('GUARD_HOLD_WINDOW', { holdId: id });
    const hold = this.#holds.get(id);
    if (!hold) throw guardError('GUARD_HOLD_UNKNOWN', { holdId: id });
    const data = { reason: hold.reason, ...noteOf(actor) };
    const draft = { actor: actor.by, action: 'release', subject: id, data };
    await this.#commit(draft, { op: 'delete', key: keys.hold(id), when: 'any' });
    // It may have run out, or been released by another, while that was written.
    if (this.#holds.delete(id)) this.#o.ended(hold, actor.by);
    return hold;
  }

  /** The hold and the line about it in the audit log, all or nothing. */
  async #commit(draft: AuditDraft, op: StoreOp): Promise<void> {
    const { store, audit } = this.#o;
    await audit.write(guardChain, [draft], (ops) => store.commit('holds', [op, ...ops], { durability: 'sync' }));
  }
}

function noteOf({ note }: Actor): { readonly note?: string } {
  return note === undefined ? {} : { note };
}

function problem({ scope, reason, by, ttlMs }: HoldRequest): string | undefined {
  if (scope.kind === 'group' && !isId(scope.group))
    return `scope.group is ${JSON.stringify(scope.group)}, not a group id`;
  if (scope.kind === 'agent' && !isId(scope.agentId))
    return `scope.agentId is ${JSON.stringify(scope.agentId)}, not an agent id`;
  if (!['fleet', 'group', 'agent'].includes(scope.kind))
    return `scope.kind is ${JSON.stringify(scope.kind)}; allowed: fleet, group, agent`;
  if (typeof reason !== 'string' || reason.trim() === '' || reason.length > 500)
    return 'reason must have 1–500 characters';
  if (typeof by !== 'string' || by.trim() === '') return 'by is missing';
  if (!(ttlMs > 0 && ttlMs <= longestMs))
    return `its time to live is ${ttlMs} ms; allowed: more than 0, at most 30 days`;
  return undefined;
}
