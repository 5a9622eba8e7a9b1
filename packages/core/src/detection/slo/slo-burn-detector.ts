import type { AgentSlot, Detector, Evaluation, FleetView, SignalBatch, Suspicion } from '../../contracts/index.ts';
import type { Health, Ms, Reason, SloPolicy, SloStatus } from '../../model/index.ts';
import { burnText, figuresOf, judgeBurn, type Burning } from './slo-burn.ts';
import { SloRecord, type SavedRecord } from './slo-record.ts';

/** An agent's budgets are looked at this often at most. */
const everyMs: Ms = 10_000;
/** What stands is looked at again even if nothing arrives. */
const againMs: Ms = 60_000;

interface Kept {
  readonly record: SloRecord;
  /** Not judged before this. */
  nextMs: Ms;
  /** Something bad was counted since the last judgement, or something stands. */
  restless: boolean;
  pages: readonly Burning[];
  tickets: readonly Burning[];
  /** A page stood when the guard stopped. */
  paged: boolean;
}

interface Saved extends SavedRecord {
  readonly nextInMs: Ms;
  readonly restless: boolean;
  readonly paged: boolean;
}

/**
 * Counts every agent's service levels and alerts on how fast their error budgets burn. A page is a suspicion; a ticket
 * is only told, as a remark: it never leads to an action. Keeps nothing of an agent that reports nothing.
 */
export class SloBurnDetector implements Detector {
  readonly consumes = ['heartbeat', 'metrics', 'probe'] as const;
  readonly #fleet: FleetView;
  readonly #kept: (Kept | undefined)[] = [];
  readonly #unsaved = new Set<AgentSlot>();

  constructor({ fleet }: { readonly fleet: FleetView }) {
    this.#fleet = fleet;
  }

  observe({ signals }: SignalBatch): void {
    for (const { slot, signal } of signals) {
      if (signal.kind === 'lifecycle' || signal.kind === 'error') continue;
      const { metrics, receivedMs } = signal;
      const view = metrics || signal.kind === 'probe' ? this.#fleet.agent(slot) : undefined;
      if (!view) continue;
      const kept = this.#of(slot, view.agent.id);
      if (signal.kind === 'probe' && signal.outcome === 'up') kept.record.measured(signal.latencyMs, receivedMs);
      if (!metrics) continue;
      kept.restless = kept.record.report(metrics, view.policy.slo, receivedMs) || kept.restless;
      this.#unsaved.add(slot);
    }
  }

  evaluate(due: readonly AgentSlot[], nowMs: Ms): readonly Evaluation[] {
    const evaluations: Evaluation[] = [];
    for (const slot of due) {
      const kept = this.#kept[slot];
      const view = this.#fleet.agent(slot);
      if (!kept?.restless || !view || nowMs < kept.nextMs) continue;
      const stood = kept.pages.length > 0 || kept.paged;
      this.#judge(kept, view.policy.slo, nowMs);
      const stands = kept.pages.length > 0;
      if (!stood && !stands) continue;
      evaluations.push({
        slot,
        suspicions: stands ? [suspicionOf(kept.pages)] : [],
        ...(stands ? { wakeAtMs: nowMs + againMs } : {}),
      });
    }
    return evaluations;
  }

  /** The agent's health, as the engine sees it: what availability is counted by. */
  judged(slot: AgentSlot, health: Health, nowMs: Ms): void {
    const agent = this.#fleet.agent(slot)?.agent;
    if (!agent) return;
    const kept = this.#of(slot, agent.id);
    if (!kept.record.health(health, nowMs)) return;
    kept.restless = true;
    this.#unsaved.add(slot);
  }

  /** Counts are the agent's and stay; who is another agent begins anew. */
  reset(slot: AgentSlot): void {
    const kept = this.#kept[slot];
    const agent = this.#fleet.agent(slot)?.agent;
    if (!kept || agent?.id !== kept.record.agentId) {
      this.#kept[slot] = undefined;
      this.#unsaved.delete(slot);
      return;
    }
    kept.record.newInstance();
    this.#kept[slot] = { ...blank(kept.record), restless: kept.tickets.length > 0 };
  }

  paused(lostMs: Ms, nowMs: Ms): void {
    for (const kept of this.#kept) kept?.record.paused(lostMs, nowMs);
  }

  serviceLevels(slot: AgentSlot, nowMs: Ms): SloStatus | undefined {
    const kept = this.#kept[slot];
    const slo = this.#fleet.agent(slot)?.policy.slo;
    if (!kept || !slo) return undefined;
    const measured = kept.record.latency(nowMs);
    const objectives = figuresOf(kept.record, slo, nowMs);
    if (objectives.length === 0 && !measured) return undefined;
    return { windowMs: slo.burn.windowMs, objectives, ...(measured ? { measured } : {}) };
  }

  remarks(slot: AgentSlot, nowMs: Ms): readonly Reason[] {
    const kept = this.#kept[slot];
    const slo = this.#fleet.agent(slot)?.policy.slo;
    if (!kept || !slo || kept.tickets.length === 0) return [];
    // Nothing may have arrived since it was judged, and burning ends by that as well.
    const still = judgeBurn(kept.record, slo, nowMs).filter(({ rate }) => rate.alert === 'ticket');
    return worstOf(still).map((burning) => ({
      code: 'slo-ticket',
      text: `${capital(burnText(burning))}.`,
      remedy: 'Look into it within days; the guard does nothing about it.',
    }));
  }

  unsaved(): readonly AgentSlot[] {
    return [...this.#unsaved];
  }

  save(slot: AgentSlot, nowMs: Ms): Uint8Array | undefined {
    this.#unsaved.delete(slot);
    const kept = this.#kept[slot];
    if (!kept) return undefined;
    const { record, restless, pages, nextMs } = kept;
    const saved: Saved = { ...record.save(nowMs), nextInMs: nextMs - nowMs, restless, paged: pages.length > 0 };
    return new TextEncoder().encode(JSON.stringify(saved));
  }

  load(slot: AgentSlot, bytes: Uint8Array, savedMs: Ms): void {
    const agent = this.#fleet.agent(slot)?.agent;
    if (!agent) return;
    const kept = blank(new SloRecord(agent.id));
    const saved = JSON.parse(new TextDecoder().decode(bytes)) as Saved;
    kept.record.load(saved, savedMs);
    kept.nextMs = savedMs + saved.nextInMs;
    kept.restless = saved.restless;
    kept.paged = saved.paged;
    this.#kept[slot] = kept;
  }

  #judge(kept: Kept, slo: SloPolicy, nowMs: Ms): void {
    const burning = judgeBurn(kept.record, slo, nowMs);
    kept.record.raised.clear();
    for (const { key } of burning) kept.record.raised.add(key);
    kept.pages = burning.filter(({ rate }) => rate.alert === 'page');
    kept.tickets = burning.filter(({ rate }) => rate.alert === 'ticket');
    kept.paged = false;
    kept.nextMs = nowMs + everyMs;
    // What is bad now may burn the budget only after more of it.
    kept.restless = burning.length > 0;
  }

  #of(slot: AgentSlot, agentId: string): Kept {
    return (this.#kept[slot] ??= blank(new SloRecord(agentId)));
  }
}

function blank(record: SloRecord): Kept {
  return { record, nextMs: 0, restless: false, pages: [], tickets: [], paged: false };
}

/** Of each objective the line that burns fastest. */
function worstOf(burning: readonly Burning[]): readonly Burning[] {
  const worst = new Map<Burning['objective'], Burning>();
  for (const one of burning) {
    const known = worst.get(one.objective);
    if (!known || one.rate.factor > known.rate.factor) worst.set(one.objective, one);
  }
  return [...worst.values()];
}

function suspicionOf(pages: readonly Burning[]): Suspicion {
  const slow = pages.every(({ objective }) => objective === 'latencyP95' || objective === 'latencyP99');
  const about = pages.some(({ objective }) => objective === 'errorRate') ? 'errors' : slow ? 'latency' : 'tasks';
  const worst = worstOf(pages);
  return {
    kind: 'slo-burn',
    evidence: 'telemetry',
    implies: 'degraded',
    strength: 0.8,
    text: worst.map(burnText).join('; '),
    signature: `slo-burn-${about}`,
    data: { alert: 'page', objectives: worst.map(({ objective }) => objective), ...(slow ? { slow } : {}) },
  };
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
