import type { Actor, Clock, Random, StateStore } from '../contracts/index.ts';
import { guardError } from '../contracts/index.ts';
import type { AgentId, GroupId, Hold, HoldScope, Json, Ms } from '../model/index.ts';
import { covers, isId } from '../model/index.ts';
import { keys } from '../state/keys.ts';

const longestMs: Ms = 30 * 86_400_000;

export interface HoldRequest extends Actor {
  readonly scope: HoldScope;
  readonly reason: string;
  readonly ttlMs: Ms;
  readonly maintenance?: boolean;
}

/** The operator's holds: durable, each with an end (R14). */
export class Holds {
  readonly #store: StateStore;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #holds = new Map<string, Hold>();

  constructor(store: StateStore, clock: Clock, random: Random) {
    this.#store = store;
    this.#clock = clock;
    this.#random = random;
  }

  async load(): Promise<void> {
    let after: string | undefined;
    for (;;) {
      const page = await this.#store.list(keys.holds, { limit: 500, ...(after ? { after } : {}) });
      for (const { value } of page) {
        const hold = value as unknown as Hold;
        this.#holds.set(hold.id, hold);
      }
      after = page.at(-1)?.key;
      if (page.length < 500 || after === undefined) return;
    }
  }

  list(): readonly Hold[] {
    const now = this.#clock.now();
    for (const [id, hold] of this.#holds) if (hold.until <= now) this.#holds.delete(id);
    return [...this.#holds.values()].sort((a, b) => a.at - b.at);
  }

  /** The hold on an agent that lasts longest, if any. */
  on(agentId: AgentId, group: GroupId): Hold | undefined {
    if (this.#holds.size === 0) return undefined;
    const now = this.#clock.now();
    let longest: Hold | undefined;
    for (const hold of this.#holds.values()) {
      if (covers(hold, agentId, group, now) && (!longest || hold.until > longest.until)) longest = hold;
    }
    return longest;
  }

  async add(request: HoldRequest): Promise<Hold> {
    const why = problem(request);
    if (why) throw guardError('GUARD_HOLD_INVALID', { why });
    const at = this.#clock.now();
    const hold: Hold = {
      id: `hold_${this.#random.ulid()}`,
      scope: request.scope,
      reason: request.reason,
      by: request.by,
      at,
      until: at + request.ttlMs,
      maintenance: request.maintenance ?? false,
    };
    await this.#store.commit(
      'holds',
      [{ op: 'put', key: keys.hold(hold.id), value: hold as unknown as Json, when: 'absent', ttlMs: request.ttlMs }],
      { durability: 'sync' },
    );
    this.#holds.set(hold.id, hold);
    return hold;
  }

  async release(id: string): Promise<Hold> {
    const hold = this.#holds.get(id);
    if (!hold) throw guardError('GUARD_HOLD_UNKNOWN', { holdId: id });
    await this.#store.commit('holds', [{ op: 'delete', key: keys.hold(id), when: 'any' }], { durability: 'sync' });
    this.#holds.delete(id);
    return hold;
  }
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
