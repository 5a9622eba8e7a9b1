import type { Call, Clock, EvidenceItem, Grant, InventoryEvent, Orchestrator } from '../../contracts/index.ts';
import { guardError } from '../../contracts/index.ts';
import type { Action, AgentId, Decision, Instance, Intent, Ms, Receipt } from '../../model/index.ts';
import type { FakeInventory } from '../fake-inventory.ts';
import { refuse } from '../fake-orchestrator.ts';
import type { Cut, FaultSpec } from './scenario.ts';

export type OrchestratorFault = Extract<FaultSpec, { kind: 'orchestrator' }>['how'];

/** A whole fake: the world, and what a scenario does to it. */
export interface SimulatedWorld extends Orchestrator {
  readonly world: FakeInventory;
  crash(agentId: AgentId): void;
  goBy(guard: Pick<Clock, 'now'>): void;
  evidence?(instance: Instance, agentId: AgentId): Promise<readonly EvidenceItem[]>;
}

export interface OrchestratorWatch {
  /** `true`: the guard was cut off there and nothing may reach it any more. */
  cut(at: Cut['at'], side: 'before' | 'after'): boolean;
  /** A call came in; nothing was done yet. */
  called(intent: Intent, grant: Grant): void;
  /** The world began with it, and ended it. */
  began(intent: Intent): void;
  ended(intent: Intent, receipt: Receipt): void;
  /** It was asked again for something that was done and still holds. */
  repeated(intent: Intent): void;
  note(text: string): void;
  /** The inventory was read whole and is followed, or no longer is. */
  inSight(is: boolean): void;
}

const never = new Promise<never>(() => undefined);
/** How much longer a slow call takes. */
const slowByMs: Ms = 7_000;

/** Stands between the guard and a fake world: refuses, fails, answers late or never, loses sight, and watches. */
export class FaultyOrchestrator implements Orchestrator {
  readonly supports: Orchestrator['supports'];
  readonly world: FakeInventory;
  readonly #inner: SimulatedWorld;
  readonly #clock: Clock;
  #guard: Pick<Clock, 'now'>;
  readonly #watch: OrchestratorWatch;
  readonly #faults = new Map<OrchestratorFault, { left: number; untilMs: Ms }>();
  readonly #inventories = new Set<AbortController>();
  readonly #done = new Set<string>();
  #unlisted = 0;

  constructor(inner: SimulatedWorld, clock: Clock, watch: OrchestratorWatch) {
    this.#inner = inner;
    this.#clock = clock;
    this.#guard = clock;
    this.#watch = watch;
    this.supports = inner.supports;
    this.world = inner.world;
  }

  goBy(guard: Pick<Clock, 'now'>): void {
    this.#guard = guard;
    this.#inner.goBy(guard);
  }

  disturb(how: OrchestratorFault, times: number, forMs: Ms): void {
    this.#faults.set(how, { left: times, untilMs: this.#clock.monotonic() + forMs });
  }

  /** The inventory breaks off, and cannot be listed `again` times. */
  breakInventory(again: number): void {
    this.#unlisted = again;
    this.#watch.inSight(false);
    for (const one of this.#inventories) one.abort(new DOMException('broken off', 'AbortError'));
  }

  heal(): void {
    this.#faults.clear();
    this.#unlisted = 0;
  }

  crash(agentId: AgentId): void {
    this.#inner.crash(agentId);
  }

  async *inventory(call: Call): AsyncGenerator<InventoryEvent> {
    if (this.#unlisted > 0) {
      this.#unlisted -= 1;
      throw failed('list', '*');
    }
    const broken = new AbortController();
    const onAbort = (): void => broken.abort(call.signal.reason);
    call.signal.addEventListener('abort', onAbort);
    this.#inventories.add(broken);
    try {
      for await (const event of this.#inner.inventory({ ...call, signal: broken.signal })) {
        if (event.type === 'synced') this.#watch.inSight(true);
        yield event;
      }
      if (!call.signal.aborted) throw failed('follow', '*');
    } finally {
      this.#inventories.delete(broken);
      call.signal.removeEventListener('abort', onAbort);
    }
  }

  async prepare(action: Action, key: string, call: Call): Promise<Decision<Intent>> {
    if (this.#watch.cut('prepare', 'before')) return never;
    if (this.#strikes('refuse')) return refuse('The simulated orchestrator refuses.');
    const decision = await this.#inner.prepare(action, key, call);
    return this.#watch.cut('prepare', 'after') ? never : decision;
  }

  async execute(intent: Intent, grant: Grant, call: Call): Promise<Receipt> {
    if (this.#watch.cut('execute', 'before')) return never;
    this.#watch.called(intent, grant);
    const { key } = grant;
    if (this.#strikes('fail')) return this.#failure(key, 'It failed, as it was told to.');
    if (this.#strikes('throw')) throw failed('execute', key);
    if (this.#strikes('slow')) await this.#clock.sleep(slowByMs);
    // The time is over before it began: a decent orchestrator does not begin any more.
    if (call.signal.aborted || this.#guard.now() >= grant.deadline)
      return this.#failure(key, 'The deadline had passed before it began.');
    if (this.#done.has(key) && (await this.#inner.reconcile(intent, call)).result === 'succeeded')
      this.#watch.repeated(intent);
    const receipt = await this.#act(intent, grant, call);
    if (this.#watch.cut('execute', 'after')) return never;
    if (this.#strikes('lose-reply')) return this.#unknown(key, 'The reply was lost.');
    if (this.#strikes('no-reply')) return never;
    return receipt;
  }

  async reconcile(intent: Intent, call: Call): Promise<Receipt> {
    if (this.#watch.cut('reconcile', 'before')) return never;
    if (this.#strikes('blind')) throw failed('inspect', intent.key);
    const receipt = await this.#inner.reconcile(intent, call);
    this.#watch.note(`reconcile ${intent.key}: ${receipt.result}`);
    return this.#watch.cut('reconcile', 'after') ? never : receipt;
  }

  async evidence(instance: Instance, agentId: AgentId): Promise<readonly EvidenceItem[]> {
    return (await this.#inner.evidence?.(instance, agentId)) ?? [];
  }

  /** The world carries on to the end, whatever became of the one who asked. */
  async #act(intent: Intent, grant: Grant, call: Call): Promise<Receipt> {
    const patient = { ...grant, deadline: Number.MAX_SAFE_INTEGER };
    const whole = this.#inner.execute(intent, patient, { ...call, signal: new AbortController().signal });
    this.#watch.began(intent);
    const ending = whole.then((receipt) => {
      if (receipt.result === 'succeeded') this.#done.add(intent.key);
      this.#watch.ended(intent, receipt);
      return receipt;
    });
    const givenUp = new Promise<Receipt>((resolve) => {
      call.signal.addEventListener('abort', () => resolve(this.#unknown(grant.key, 'Not finished in time.')));
    });
    return Promise.race([ending, givenUp]);
  }

  #strikes(how: OrchestratorFault): boolean {
    const fault = this.#faults.get(how);
    if (!fault || fault.left === 0 || this.#clock.monotonic() > fault.untilMs) return false;
    fault.left -= 1;
    this.#watch.note(`orchestrator: ${how}`);
    return true;
  }

  #failure(key: string, text: string): Receipt {
    return {
      key,
      at: this.#clock.now(),
      result: 'failed',
      retryable: true,
      code: 'GUARD_ORCHESTRATOR_FAILED',
      text,
    };
  }

  #unknown(key: string, text: string): Receipt {
    return { key, at: this.#clock.now(), result: 'unknown', text };
  }
}

function failed(verb: string, agentId: string): Error {
  return guardError('GUARD_ORCHESTRATOR_FAILED', { orchestrator: 'world', verb, agentId, why: 'simulated' });
}
