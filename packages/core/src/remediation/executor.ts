import { setMaxListeners } from 'node:events';
import { messageOf } from '../contracts/index.ts';
import { nextStep, stepById } from '../incident/index.ts';
import { formatDuration } from '../model/index.ts';
import type {
  AgentId,
  Effect,
  EpochMs,
  Incident,
  IncidentId,
  InstanceId,
  Ms,
  Reason,
  Receipt,
  StepRecord,
} from '../model/index.ts';
import { withDeadline } from '../runtime/index.ts';
import { affectedBy, touchesAgent } from './effect-reach.ts';
import { tidy } from './leftover.ts';
import { perform } from './perform.ts';
import type { ExecutorPorts } from './ports.ts';
import { reconcile } from './reconcile.ts';
import type { Resolved } from './resolve-step.ts';
import { resolveStep } from './resolve-step.ts';
import { SettlingWait } from './settling-wait.ts';

type Acting = Extract<Incident, { state: 'acting' }>;
type Started = Extract<StepRecord, { state: 'started' }>;

interface Attempting {
  readonly key: string;
  readonly deadlineMs: Ms;
  /** When it was begun before, by a guard that did not see its end. [it was not] */
  readonly begunAt?: EpochMs;
}

/**
 * Steps that one run of the executor has in hand, by key: with what came of them, or begun and not done yet. While the store
 * does not take the one or the other, that is what is known of them.
 */
type InHand = Map<string, Receipt | 'not-done'>;

/** Least time a step gets, also when the attempt's time is over because the guard was away. */
const leastMs: Ms = 5_000;
/** Pause before a step is tried again after the store or a plugin threw. */
const againMs: Ms = 1_000;

/**
 * The one place where the world is changed: journal → reserve → act → observe → terminal (R11). It takes the next
 * step of an incident, asks the gate at that moment, stores what it is about to do, does it, finds out what became of
 * it and stores that too. A step that was started before a crash is reconciled, never blindly done again.
 */
export class Executor {
  readonly #ports: ExecutorPorts;
  readonly #running = new Map<IncidentId, { readonly agentId: AgentId | undefined; readonly done: Promise<void> }>();
  readonly #stop = new AbortController();
  /** When the guard last got to know the fleet: the time of an attempt under way counts anew from there. */
  #settledAt: EpochMs = 0;
  readonly #settling = new SettlingWait();

  constructor(ports: ExecutorPorts) {
    // One signal for every recovery under way.
    setMaxListeners(0, this.#stop.signal);
    this.#ports = ports;
  }

  /** Carries an incident's attempt to its end. A second call while the first runs does nothing. */
  drive(incidentId: IncidentId): void {
    if (this.#running.has(incidentId) || this.#stop.signal.aborted) return;
    const agentId = this.#ports.incident(incidentId)?.agentId;
    const done = this.#drive(incidentId).finally(() => {
      this.#running.delete(incidentId);
      this.#settling.over(incidentId);
      // Between the last look and the end of the run the incident may have begun another attempt.
      if (!this.#stop.signal.aborted && this.#acting(incidentId)) this.drive(incidentId);
    });
    this.#running.set(incidentId, { agentId, done });
  }

  /**
   * Takes up an attempt that a guard before this one began. The instance it brought is current, although the
   * inventory may still show the one beside it.
   */
  resume(incidentId: IncidentId): void {
    const attempt = this.#acting(incidentId)?.incident.attempt;
    const agentId = this.#ports.incident(incidentId)?.agentId;
    if (agentId !== undefined && attempt?.replacement && !attempt.failure)
      this.#ports.adopt(agentId, attempt.replacement);
    this.drive(incidentId);
  }

  /** Ends what attempts left behind, unless an attempt is under way; that waits for this then. See `tidy`. */
  async tidy(incidentId: IncidentId): Promise<Ms | undefined> {
    const incident = this.#ports.incident(incidentId);
    if (!incident || this.#stop.signal.aborted) return undefined;
    if (this.#running.has(incidentId)) return againMs;
    const done = tidy(this.#ports, incident, this.#stop.signal);
    const settled = done.then(
      () => undefined,
      () => undefined,
    );
    this.#running.set(incidentId, { agentId: incident.agentId, done: settled });
    try {
      return await done;
    } finally {
      this.#running.delete(incidentId);
      if (!this.#stop.signal.aborted && this.#acting(incidentId)) this.drive(incidentId);
    }
  }

  /** Whether hands are still on the agent for another incident, be it closed already. */
  worksOn(agentId: AgentId, but: IncidentId): boolean {
    for (const [incidentId, run] of this.#running) if (run.agentId === agentId && incidentId !== but) return true;
    return false;
  }

  /** Incidents being worked on now. */
  get busy(): number {
    return this.#running.size;
  }

  /** Stops after the step in hand; what is unfinished is reconciled at the next start. */
  async stop(): Promise<void> {
    this.#stop.abort(new DOMException('the guard stops', 'AbortError'));
    await Promise.allSettled([...this.#running.values()].map(({ done }) => done));
  }

  #acting(incidentId: IncidentId): { incident: Acting; step: StepRecord } | undefined {
    const incident = this.#ports.incident(incidentId);
    if (incident?.state !== 'acting') return undefined;
    const step = nextStep(incident.attempt);
    return step ? { incident, step } : undefined;
  }

  async #drive(incidentId: IncidentId): Promise<void> {
    const { signal } = this.#stop;
    const inHand: InHand = new Map();
    while (!signal.aborted) {
      let next: { incident: Acting; step: StepRecord } | undefined;
      try {
        await this.#ports.confirm(incidentId);
        next = this.#acting(incidentId);
        if (!next) return;
        // Whatever it did now could not be written down, and another guard may be at work (R12).
        if (!this.#ports.owns(next.incident.group)) await this.#ports.clock.sleep(againMs, signal);
        else if (next.step.state === 'started') await this.#resume(next.incident, next.step, inHand);
        else await this.#begin(next.incident, next.step, inHand);
      } catch (thrown) {
        if (signal.aborted) return;
        this.#ports.log.error(
          { incidentId, step: next?.step.id, err: messageOf(thrown) },
          'a step could not be carried on; it is tried again',
        );
        await this.#ports.clock.sleep(againMs, signal).catch(() => undefined);
      }
    }
  }

  async #begin(incident: Acting, step: StepRecord, inHand: InHand): Promise<void> {
    const key = `${incident.id}/${incident.attempt.number}/${step.id}`;
    const resolved = await this.#resolved(incident, step, key);
    if (resolved.kind === 'skip') {
      await this.#ports.apply(incident.id, { type: 'step-skipped', stepId: step.id, reason: resolved.reason });
      return;
    }
    if (resolved.kind === 'stale') {
      await this.#ports.apply(incident.id, { type: 'step-refused', stepId: step.id, reason: resolved.reason });
      return;
    }
    if (resolved.kind === 'inadmissible') {
      const { effect, reason } = resolved;
      const failed = { result: 'failed', retryable: false, code: reason.code, text: reason.text } as const;
      const receipt: Receipt = { key, at: this.#ports.clock.now(), ...failed };
      await this.#ports.apply(incident.id, { type: 'step-inadmissible', stepId: step.id, key, effect, receipt });
      return;
    }
    if (touchesAgent(resolved.effect) && !(await this.#passesGate(incident, step, resolved.affects))) return;
    inHand.set(key, 'not-done');
    const journaled = await this.#ports.apply(incident.id, {
      type: 'step-started',
      stepId: step.id,
      key,
      effect: resolved.effect,
    });
    if (!isStarted(journaled, step.id)) return;
    this.#ports.onStep(incident, step, key);
    inHand.delete(key);
    const receipt = await this.#carryOut(incident, step, resolved.effect, key);
    if (receipt) await this.#finish(incident, step, receipt, inHand);
  }

  async #resolved(incident: Acting, step: StepRecord, key: string): Promise<Resolved> {
    const { signal } = this.#stop;
    try {
      const look = (inner: AbortSignal): Promise<Resolved> =>
        resolveStep(this.#ports, incident, { step, key, signal: inner });
      return await withDeadline(this.#ports.clock, look, step.timeoutMs, { what: `Preparing ${step.id}`, signal });
    } catch (thrown) {
      if (signal.aborted || this.#ports.clock.now() < this.#endOf(incident)) throw thrown;
      // Who cannot even say what would be done must not keep the incident for ever.
      return {
        kind: 'stale',
        reason: { code: 'step-failed', text: `${step.id} was not prepared: ${messageOf(thrown)}` },
      };
    }
  }

  /** `false`: the step is not done now; either its attempt was ended, or it is tried again after the wait. */
  async #passesGate(incident: Acting, step: StepRecord, affects: readonly string[]): Promise<boolean> {
    const verdict = this.#ports.gate(incident, affects);
    // That the guard was away and has to look around first is no fault of the attempt.
    const settling = verdict.verdict === 'wait' && verdict.reason.code === 'settling';
    if (!settling) this.#settling.over(incident.id);
    if (verdict.verdict === 'proceed') return true;
    const refuse = async (reason: Reason): Promise<false> => {
      await this.#ports.apply(incident.id, { type: 'step-refused', stepId: step.id, reason });
      return false;
    };
    if (verdict.verdict === 'refuse') return refuse(verdict.reason);
    const { reason, untilMs } = verdict;
    if (settling && this.#settling.isTooLong(incident))
      return refuse({ ...reason, text: `${reason.text} The attempt does not wait longer.` });
    if (!settling && untilMs > this.#endOf(incident) + leastMs)
      return refuse({ ...reason, text: `${reason.text} The attempt does not wait that long.` });
    const pauseMs = Math.max(50, untilMs - this.#ports.clock.now());
    await this.#ports.clock.sleep(pauseMs, this.#stop.signal);
    if (settling) {
      this.#settling.add(incident, pauseMs);
      this.#settledAt = this.#ports.clock.now();
    }
    return false;
  }

  /** `undefined`: it stays begun, and is taken up again when the guard knows the fleet again. */
  async #carryOut(incident: Acting, step: StepRecord, effect: Effect, key: string): Promise<Receipt | undefined> {
    const deadlineMs = this.#timeFor(incident, step);
    const receipt =
      this.#calledOff(incident, effect, key) ?? (await this.#attempt(incident, effect, { key, deadlineMs }));
    if (receipt.result !== 'unknown' || effect.type !== 'action') return receipt;
    this.#ports.log.warn(
      { incidentId: incident.id, step: step.id, text: receipt.text },
      'outcome not known; reconciling',
    );
    const proven = await reconcile(this.#ports, incident, effect, this.#stop.signal);
    if (proven.result !== 'failed') return proven;
    // It may be half done: to call it off because the guard has lost the fleet from sight would leave it so.
    if (this.#isSettling(incident, effect)) return undefined;
    // Proven not done: once more under the same key.
    const second =
      this.#calledOff(incident, effect, key) ?? (await this.#attempt(incident, effect, { key, deadlineMs }));
    return second.result === 'unknown' ? reconcile(this.#ports, incident, effect, this.#stop.signal) : second;
  }

  #isSettling(incident: Acting, { intent: { affects } }: Extract<Effect, { type: 'action' }>): boolean {
    if (this.#ports.incident(incident.id)?.state !== 'acting') return false;
    const verdict = this.#ports.gate(incident, affects);
    return verdict.verdict === 'wait' && verdict.reason.code === 'settling';
  }

  /** The gate has the last word, at the moment of applying (R02): journaling and reconciling took their time. */
  #calledOff(incident: Acting, effect: Effect, key: string): Receipt | undefined {
    const affects = affectedBy(effect);
    if (!affects) return undefined;
    const at = this.#ports.clock.now();
    if (this.#ports.incident(incident.id)?.state !== 'acting')
      return { key, at, result: 'cancelled', text: 'The incident was closed meanwhile.' };
    const verdict = this.#ports.gate(incident, affects);
    return verdict.verdict === 'proceed' ? undefined : { key, at, result: 'cancelled', text: verdict.reason.text };
  }

  async #attempt(incident: Acting, effect: Effect, at: Attempting): Promise<Receipt> {
    const { signal } = this.#stop;
    const { key, deadlineMs, begunAt } = at;
    const objection = (): string | undefined => {
      const off = this.#calledOff(incident, effect, key);
      return off?.result === 'cancelled' ? off.text : undefined;
    };
    try {
      const work = (inner: AbortSignal): Promise<Receipt> =>
        perform(this.#ports, { incident, effect, key, deadlineMs, signal: inner, objection, begunAt });
      return await withDeadline(this.#ports.clock, work, deadlineMs, { what: key, signal });
    } catch (thrown) {
      if (signal.aborted) throw thrown;
      const at = this.#ports.clock.now();
      const text = `no answer within ${formatDuration(deadlineMs)}`;
      if (affectedBy(effect)) return { key, at, result: 'unknown', text };
      return { key, at, result: 'failed', retryable: true, code: 'step-failed', text };
    }
  }

  /**
   * What is begun and has no outcome in the store. What came of it may be known all the same; after a crash of the guard it
   * is looked for by its key before anything else touches the agent.
   */
  async #resume(incident: Acting, step: Started, inHand: InHand): Promise<void> {
    const { effect, key } = step;
    const known = inHand.get(key);
    if (known !== undefined && known !== 'not-done') {
      await this.#finish(incident, step, known, inHand);
      return;
    }
    const isNew = known === 'not-done';
    if (effect.type !== 'action') {
      await this.#callAgain(incident, step, { effect, isNew, inHand });
      return;
    }
    const proven = await reconcile(this.#ports, incident, effect, this.#stop.signal);
    if (proven.result !== 'failed') {
      await this.#finish(incident, step, proven, inHand);
      return;
    }
    if (!(await this.#passesGate(incident, step, effect.intent.affects))) return;
    const receipt = await this.#carryOut(incident, step, effect, key);
    if (receipt) await this.#finish(incident, step, receipt, inHand);
  }

  /**
   * Control commands, evidence and a wait may be done twice without harm. An order to lead may be given again with the same
   * epoch, as long as the old primary is fenced; a state is handed over again only to who does not work yet.
   */
  async #callAgain(
    incident: Acting,
    step: Started,
    of: { readonly effect: Effect; readonly isNew: boolean; readonly inHand: InHand },
  ): Promise<void> {
    const { effect, isNew, inHand } = of;
    const { key, startedAt } = step;
    if (touchesAgent(effect) && !(await this.#passesGate(incident, step, affectedBy(effect) ?? []))) return;
    inHand.delete(key);
    const at = { key, deadlineMs: this.#timeFor(incident, step), ...(isNew ? {} : { begunAt: startedAt }) };
    await this.#finish(incident, step, await this.#attempt(incident, effect, at), inHand);
  }

  async #finish(incident: Acting, step: StepRecord, receipt: Receipt, inHand: InHand): Promise<void> {
    inHand.set(receipt.key, receipt);
    if (receipt.result === 'succeeded' && receipt.instance) this.#ports.adopt(incident.agentId, receipt.instance);
    const gone = receipt.result === 'succeeded' ? retiredBy(this.#ports.incident(incident.id), step.id) : undefined;
    // It may have been the current one: then the one beside it counts again.
    if (gone !== undefined) await this.#ports.retired(incident.agentId, gone);
    await this.#ports.apply(incident.id, { type: 'step-finished', stepId: step.id, receipt });
  }

  /** The step's own limit, within what is left of the attempt's. */
  #timeFor(incident: Acting, step: StepRecord): Ms {
    return Math.min(step.timeoutMs, Math.max(leastMs, this.#endOf(incident) - this.#ports.clock.now()));
  }

  #endOf({ attempt }: Acting): EpochMs {
    return Math.max(attempt.startedAt, this.#settledAt) + attempt.plan.timeoutMs;
  }
}

/** The instance that a step ended, when that is what it was for. */
function retiredBy(incident: Incident | undefined, stepId: string): InstanceId | undefined {
  const step = incident?.state === 'acting' ? stepById(incident.attempt, stepId) : undefined;
  const effect = step?.state === 'started' ? step.effect : undefined;
  const action = effect?.type === 'action' ? effect.intent.action : undefined;
  return action?.kind === 'retire' ? action.instanceId : undefined;
}

function isStarted(incident: Incident | undefined, stepId: string): boolean {
  return (
    incident?.state === 'acting' &&
    incident.attempt.steps.some((step) => step.id === stepId && step.state === 'started')
  );
}
