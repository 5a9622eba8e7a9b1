import type { Clock, Logger } from '../../contracts/index.ts';
import { messageOf } from '../../contracts/index.ts';
import type { IncidentEvent } from '../../incident/index.ts';
import type { Attempt, Incident, IncidentId, Ms, Prepared } from '../../model/index.ts';
import { doingOf, formatDuration } from '../../model/index.ts';
import type { LoadedCheckpoint } from '../../recovery/index.ts';
import type { ExecutorPorts } from '../../remediation/ports.ts';
import { resolveStep } from '../../remediation/resolve-step.ts';
import { withDeadline } from '../../runtime/index.ts';

/** Time an orchestrator and the store have to say what a plan needs. */
const lookMs: Ms = 15_000;

type Awaiting = Extract<Incident, { state: 'awaiting-approval' }>;

export interface PreparationOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly ports: ExecutorPorts;
  /** The newest checkpoint of an agent that may be restored, read and verified. */
  latestCheckpoint(agentId: string): Promise<LoadedCheckpoint | undefined>;
  /** Stores an event nobody waits for. */
  post(id: IncidentId, event: IncidentEvent): void;
}

/**
 * Looks up what a plan needs while it waits for approval, so that whoever is asked sees whether it can be done, and it
 * starts at once when they agree. Changes nothing in the world.
 */
export class Preparation {
  readonly #o: PreparationOptions;
  /** By incident: the plan that is being looked up. */
  readonly #running = new Map<IncidentId, string>();
  readonly #stop = new AbortController();

  constructor(options: PreparationOptions) {
    this.#o = options;
  }

  /** Begins to look, when the incident waits and nobody has looked yet. */
  sync(incident: Incident): void {
    if (incident.state !== 'awaiting-approval' || incident.approval.prepared || this.#stop.signal.aborted) return;
    const { planHash } = incident.approval;
    if (this.#running.get(incident.id) === planHash) return;
    this.#running.set(incident.id, planHash);
    void this.#run(incident);
  }

  stop(): void {
    this.#stop.abort(new DOMException('the guard stops', 'AbortError'));
  }

  async #run(incident: Awaiting): Promise<void> {
    const { id, approval } = incident;
    const { planHash } = approval;
    const prepared = await this.#prepare(incident);
    if (this.#running.get(id) === planHash) this.#running.delete(id);
    if (prepared) this.#o.post(id, { type: 'prepared', planHash, prepared });
  }

  async #prepare(incident: Awaiting): Promise<Prepared | undefined> {
    const { clock, log } = this.#o;
    const { signal } = this.#stop;
    const what = `Preparing ${incident.id}`;
    try {
      return await withDeadline(clock, (inner) => this.#look(incident, inner), lookMs, { what, signal });
    } catch (thrown) {
      if (signal.aborted) return undefined;
      log.warn({ incidentId: incident.id, err: messageOf(thrown) }, 'a plan that waits could not be prepared');
      return { at: clock.now(), ok: false, text: messageOf(thrown) };
    }
  }

  async #look(incident: Awaiting, signal: AbortSignal): Promise<Prepared> {
    const action = await this.#action(incident, signal);
    const state = incident.approval.plan.restoreState ? await this.#state(incident.agentId) : undefined;
    return {
      at: this.#o.clock.now(),
      ok: action.ok,
      text: [action.text, state?.text].filter((text) => text !== undefined).join(' '),
      ...(state?.checkpointId === undefined ? {} : { checkpointId: state.checkpointId }),
    };
  }

  /** Asks the orchestrator as it will be asked when people have agreed. */
  async #action(incident: Awaiting, signal: AbortSignal): Promise<Pick<Prepared, 'ok' | 'text'>> {
    const { approval, agentId } = incident;
    const { plan, steps } = approval;
    const step = steps.find(({ spec }) => spec.type === 'action' && spec.action !== 'restoreState');
    if (!step) return { ok: true, text: `The ${doingOf(plan)} needs nothing.` };
    const acting = asIfApproved(incident, this.#o.ports.agent(agentId)?.instance);
    const key = `${incident.id}/prepare`;
    const resolved = await resolveStep(this.#o.ports, acting, { step: { ...step, state: 'planned' }, key, signal });
    if (resolved.kind === 'inadmissible' || resolved.kind === 'stale') return { ok: false, text: resolved.reason.text };
    const others = resolved.kind === 'effect' ? resolved.affects.filter((id) => id !== agentId) : [];
    const touches = others.length === 0 ? '' : `, and it touches ${others.join(', ')} too`;
    return {
      ok: true,
      text: `The orchestrator would ${plan.promotion ? 'isolate' : doingOf(plan)} ${agentId} now${touches}.`,
    };
  }

  async #state(agentId: string): Promise<{ readonly text: string; readonly checkpointId?: string }> {
    const found = await this.#o.latestCheckpoint(agentId);
    if (!found) return { text: 'There is no usable checkpoint: it would start without its state.' };
    const { id, version, at } = found.checkpoint;
    const age = formatDuration(Math.max(0, this.#o.clock.now() - at));
    return { text: `Its state of ${age} ago (checkpoint ${version}) was read and verified.`, checkpointId: id };
  }
}

function asIfApproved(incident: Awaiting, instance: Attempt['instance']): Extract<Incident, { state: 'acting' }> {
  const attempt: Attempt = {
    number: incident.attempts.length + 1,
    plan: incident.approval.plan,
    severity: incident.assessment?.severity ?? incident.severityAtLeast,
    steps: [],
    startedAt: incident.changedAt,
    proven: false,
    ...(instance ? { instance } : {}),
  };
  return { ...incident, state: 'acting', attempt };
}
