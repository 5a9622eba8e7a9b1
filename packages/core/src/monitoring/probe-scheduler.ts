import { setMaxListeners } from 'node:events';
import type {
  AgentSlot,
  AgentView,
  Clock,
  Component,
  Doubt,
  Logger,
  Metrics,
  Random,
  SignalDraft,
  Subscription,
} from '../contracts/index.ts';
import { messageOf } from '../contracts/index.ts';
import type { AgentId, InstanceId, Ms, ProbeName, ProbeSignal, ProbeWay } from '../model/index.ts';
import { isAskable, wayOf } from '../model/index.ts';
import type { CommandProber } from './command-prober.ts';
import { TimerWheel } from '../runtime/timer-wheel.ts';
import type { MonitoredFleet } from './ports.ts';
import { ProbeLanes } from './probe-lanes.ts';
import type { ProbeAnswer, Prober } from './prober.ts';
import type { SelfDoubt } from './self-doubt.ts';

/** How often the schedule is looked at. */
const lookEveryMs = 100;

const scheduled = ['liveness', 'readiness', 'performance'] as const satisfies readonly ProbeName[];
type Scheduled = (typeof scheduled)[number];

export interface ProbeSchedulerOptions {
  readonly fleet: MonitoredFleet;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly prober: Prober;
  /** Asks inside instances. [nobody can] */
  readonly commands?: Pick<CommandProber, 'probe'>;
  /** Stretches timeouts, and hears how questions ended. [none] */
  readonly doubt?: Doubt & Partial<Pick<SelfDoubt, 'probed'>>;
  /** Where answers go: the collector. */
  readonly report: (signal: SignalDraft) => void;
  /** Probes under way at once, over the fleet. [64] */
  readonly concurrency?: number;
}

export interface AskOptions {
  /** Another instance than the current one: a replacement that is not current yet. */
  readonly instanceId?: InstanceId;
}

interface Job {
  readonly slot: AgentSlot;
  readonly agentId: AgentId;
  readonly probe: ProbeName;
  readonly instanceId?: InstanceId;
  readonly confirming: boolean;
  /** The suspicion is of the instance that the guard has known since then, and of no later one. */
  readonly sinceMs?: Ms;
  readonly settle?: (signal: ProbeSignal) => void;
}

/**
 * Asks every agent with an endpoint, by the intervals of its policy, spread by jitter, from the start on; at once to
 * confirm a suspicion; and closely during a watch. Never two questions to one agent at a time, never more than
 * `concurrency` in all. What it learns it reports as probe signals; whether a failure counts is not decided here.
 */
export class ProbeScheduler implements Component {
  readonly #options: ProbeSchedulerOptions;
  readonly #fleet: MonitoredFleet;
  readonly #clock: Clock;
  readonly #wheels: { readonly [P in Scheduled]: TimerWheel };
  readonly #watchWheel: TimerWheel;
  readonly #watched = new Map<AgentSlot, Ms>();
  readonly #confirms = new Map<AgentSlot, { readonly sinceMs: Ms; readonly asked: Promise<ProbeSignal> }>();
  readonly #lanes: ProbeLanes<Job>;
  readonly #abort = new AbortController();
  #timer: Subscription | undefined;

  constructor(options: ProbeSchedulerOptions) {
    this.#options = options;
    // One signal for every question under way.
    setMaxListeners(0, this.#abort.signal);
    this.#fleet = options.fleet;
    this.#clock = options.clock;
    const wheel = (): TimerWheel => new TimerWheel(options.clock.monotonic());
    this.#wheels = { liveness: wheel(), readiness: wheel(), performance: wheel() };
    this.#watchWheel = wheel();
    this.#lanes = new ProbeLanes({ max: options.concurrency ?? 64, isFirst: isVital, run: (job) => this.#run(job) });
  }

  async start(): Promise<void> {
    this.#timer ??= this.#clock.after(lookEveryMs, () => this.#look());
  }

  /** Breaks off every question and resolves when none is under way. Those who wait get the outcome `unknown`. */
  async stop(): Promise<void> {
    this.#timer?.dispose();
    this.#abort.abort();
    for (const job of await this.#lanes.stop()) this.#settleUnknown(job, 'the guard stops');
    this.#options.prober.close?.();
  }

  /** The agent is new, or its endpoint or policy changed: what it is to be asked is scheduled. */
  track(slot: AgentSlot): void {
    const view = this.#fleet.agent(slot);
    const addressed = this.#fleet.endpointOf(slot) !== undefined;
    for (const probe of scheduled) {
      const wheel = this.#wheels[probe];
      if (!view || !isAskable(view.policy.probes, probe, addressed)) wheel.cancel(slot);
      else if (wheel.deadline(slot) === undefined) {
        // Anywhere in the first interval: a fleet that starts together is not asked together.
        wheel.schedule(slot, this.#clock.monotonic() + this.#options.random.next() * view.policy.probes[probe].everyMs);
      }
    }
  }

  /** The agent left: it is asked nothing more. */
  remove(slot: AgentSlot): void {
    for (const probe of scheduled) this.#wheels[probe].cancel(slot);
    this.unwatch(slot);
    this.#confirms.delete(slot);
    for (const job of this.#lanes.drop(slot)) this.#settleUnknown(job, 'the agent left');
  }

  /**
   * Asks `/health` at once (the liveness path where there is none) and reports the answer as confirming. While a
   * question to the agent is under way it comes next; a second call waits for the first. An instance that has taken the
   * suspected one's place by then is not asked: it may be starting, and nothing is suspected of it.
   */
  confirm(slot: AgentSlot): Promise<ProbeSignal> {
    const sinceMs = this.#fleet.agent(slot)?.sinceMs ?? 0;
    const known = this.#confirms.get(slot);
    if (known?.sinceMs === sinceMs) return known.asked;
    const asked = this.#enqueue(slot, { probe: 'health', confirming: true, sinceMs }, true);
    const confirm = { sinceMs, asked };
    this.#confirms.set(slot, confirm);
    const forget = (): void => {
      if (this.#confirms.get(slot) === confirm) this.#confirms.delete(slot);
    };
    void asked.then(forget);
    return asked;
  }

  /** Asks one thing at once, for whoever needs the answer itself; it is reported, too. Never rejects. */
  ask(slot: AgentSlot, probe: ProbeName, options: AskOptions = {}): Promise<ProbeSignal> {
    return this.#enqueue(slot, { probe, confirming: false, ...options }, true);
  }

  /** Enhanced monitoring: health and readiness every `everyMs` from now on, beside the schedule. */
  watch(slot: AgentSlot, everyMs: Ms): void {
    this.#watched.set(slot, everyMs);
    this.#watchWheel.schedule(slot, this.#clock.monotonic());
  }

  unwatch(slot: AgentSlot): void {
    this.#watched.delete(slot);
    this.#watchWheel.cancel(slot);
  }

  #look(): void {
    this.#timer = this.#clock.after(lookEveryMs, () => this.#look());
    const nowMs = this.#clock.monotonic();
    for (const probe of scheduled) {
      for (const slot of dueOf(this.#wheels[probe], nowMs)) {
        const view = this.#fleet.agent(slot);
        if (!view) continue;
        this.#wheels[probe].schedule(slot, nowMs + this.#spread(view.policy.probes[probe].everyMs, view));
        this.#scheduleJob(slot, probe);
      }
    }
    for (const slot of dueOf(this.#watchWheel, nowMs)) {
      this.#watchWheel.schedule(slot, nowMs + (this.#watched.get(slot) as Ms));
      this.#scheduleJob(slot, 'health');
      this.#scheduleJob(slot, 'readiness');
    }
  }

  #spread(everyMs: Ms, view: AgentView): Ms {
    return everyMs * (1 + view.policy.probes.jitter * (2 * this.#options.random.next() - 1));
  }

  /** A question that still waits is not asked twice: the guard is slow then, and more questions would not help. */
  #scheduleJob(slot: AgentSlot, probe: ProbeName): void {
    const agentId = this.#fleet.agent(slot)?.agent.id;
    if (agentId === undefined || this.#lanes.waiting(slot).some((job) => job.probe === probe)) return;
    this.#lanes.push({ slot, agentId, probe, confirming: false }, false);
  }

  #enqueue(
    slot: AgentSlot,
    wanted: Pick<Job, 'probe' | 'confirming' | 'instanceId' | 'sinceMs'>,
    urgent: boolean,
  ): Promise<ProbeSignal> {
    const agentId = this.#fleet.agent(slot)?.agent.id ?? '';
    return new Promise((settle) => {
      const job: Job = { slot, agentId, ...wanted, settle };
      if (this.#abort.signal.aborted) this.#settleUnknown(job, 'the guard stops');
      else this.#lanes.push(job, urgent);
    });
  }

  async #run(job: Job): Promise<void> {
    const view = this.#fleet.agent(job.slot);
    if (view?.agent.id !== job.agentId) return this.#settleUnknown(job, 'the agent left');
    if (job.sinceMs !== undefined && job.sinceMs !== view.sinceMs)
      return this.#settleUnknown(job, 'the suspected instance was replaced');
    // The instance that is asked, not the one that is current when the answer comes.
    const instanceId = job.instanceId ?? view.agent.instance?.id;
    const answer = await this.#answer(job, view);
    if (this.#abort.signal.aborted) return this.#settleUnknown(job, 'the guard stops');
    this.#options.metrics.count('praetorian_probes_total', 1, { probe: job.probe, outcome: answer.outcome });
    if (this.#isOfFormerLife(job.slot, instanceId, view))
      return this.#settleUnknown(job, 'the instance was started anew while it was asked');
    const draft: SignalDraft = {
      kind: 'probe',
      agentId: job.agentId,
      probe: job.probe,
      ...(instanceId === undefined ? {} : { instanceId }),
      ...answer,
      ...(job.confirming ? { confirming: true } : {}),
    };
    this.#report(draft);
    job.settle?.({ ...draft, receivedMs: this.#clock.monotonic() });
  }

  /** It was asked before it was started anew, under the same name: what came of that says nothing of it now. */
  #isOfFormerLife(slot: AgentSlot, instanceId: InstanceId | undefined, asked: AgentView): boolean {
    const now = this.#fleet.agent(slot);
    if (now === undefined || now.sinceMs === asked.sinceMs) return false;
    return instanceId === asked.agent.instance?.id && instanceId === now.agent.instance?.id;
  }

  async #answer(job: Job, view: AgentView): Promise<ProbeAnswer> {
    const { probes } = view.policy;
    const way = wayOf(probes, job.probe);
    if (!way) return { outcome: 'unknown', latencyMs: 0, detail: `the ${job.probe} probe is switched off` };
    const answer = await this.#ask(job, view, way);
    // An agent with the three probes only has no `/health`.
    const other = job.probe === 'health' && answer.statusCode === 404 ? wayOf(probes, 'liveness') : undefined;
    return other && other !== way ? this.#ask(job, view, other) : answer;
  }

  async #ask(job: Job, view: AgentView, way: ProbeWay): Promise<ProbeAnswer> {
    const { doubt } = this.#options;
    // A guard that is slow itself gives the agents more time.
    const timeoutMs = way.timeoutMs * (doubt?.stretch() ?? 1);
    const answer = await this.#send(job, view, { ...way, timeoutMs }).catch((error: unknown): ProbeAnswer => ({
      outcome: 'unknown',
      latencyMs: 0,
      detail: messageOf(error),
    }));
    // Only what goes over the network says something of the guard's own way to the agents.
    const overNetwork = way.type !== 'command' && this.#fleet.endpointOf(job.slot, job.instanceId) !== undefined;
    if (overNetwork && !this.#abort.signal.aborted) doubt?.probed?.(job.agentId, answer, timeoutMs);
    return answer;
  }

  async #send({ slot, agentId, probe, instanceId }: Job, view: AgentView, way: ProbeWay): Promise<ProbeAnswer> {
    const { type, path, port, command, timeoutMs } = way;
    if (type === 'command') {
      const question = { agent: view.agent, instanceId, probe, command: command ?? [], timeoutMs };
      const { commands } = this.#options;
      return commands ? commands.probe(question, this.#abort.signal) : nobodyRuns;
    }
    const at = this.#fleet.endpointOf(slot, instanceId);
    if (!at) return { outcome: 'unknown', latencyMs: 0, detail: 'the agent has no address' };
    const { tls } = view.policy.probes;
    const elsewhere = port === undefined ? {} : { port };
    return this.#options.prober.probe(
      { agentId, at, type, path, ...elsewhere, tls, probe, timeoutMs },
      this.#abort.signal,
    );
  }

  #report(draft: SignalDraft): void {
    try {
      this.#options.report(draft);
    } catch (error) {
      // The agent left while it was asked, or a prober answered nonsense.
      this.#options.log.debug({ agentId: draft.agentId, err: error }, 'a probe answer was not taken');
    }
  }

  #settleUnknown(job: Job, detail: string): void {
    const { agentId, probe } = job;
    job.settle?.({
      kind: 'probe',
      agentId,
      probe,
      outcome: 'unknown',
      latencyMs: 0,
      detail,
      receivedMs: this.#clock.monotonic(),
    });
  }
}

/** Of an agent that hangs every question takes all its time: whether it is alive must not wait for all the others. */
function isVital({ probe }: Job): boolean {
  return probe === 'liveness' || probe === 'health';
}

const nobodyRuns: ProbeAnswer = {
  outcome: 'unknown',
  latencyMs: 0,
  detail: 'nobody can run commands here',
  unaskable: true,
};

function dueOf(wheel: TimerWheel, nowMs: Ms): readonly AgentSlot[] {
  const due: AgentSlot[] = [];
  wheel.due(nowMs, due);
  return due;
}
