import type { Clock, GuardApi, Heartbeat, Subscription } from '../contracts/index.ts';
import { guardError, isGuardError } from '../contracts/index.ts';
import type { AgentId, AgentMetrics, Instance, Ms } from '../model/index.ts';
import type { ProbeAnswer, Prober, ProbeRequest } from '../monitoring/index.ts';
import type { AgentClient, AgentReply, AgentTarget, StateReply } from '../recovery/index.ts';
import { SimulatedRoles } from './simulated-roles.ts';

/** What a simulated agent can suffer from. The process is there in all of them; a crash is the orchestrator's to tell. */
export type AgentFault =
  | 'hang'
  | 'slow'
  /** Slow as well, but its work advances. */
  | 'busy'
  | 'errors'
  | 'silent'
  | 'not-ready'
  /** Works, and answers every probe with an error. */
  | 'deaf'
  /** Works, and is at an address that only it knows: the guard cannot call it. */
  | 'foreign'
  /** Answers every probe well and sends heartbeats, though nothing it has in hand advances. */
  | 'stuck'
  /** Its memory rises until it is ended for it. */
  | 'leak';

/** Where the instances of agents come from. */
export interface InstanceSource {
  readonly world: {
    place(agentId: AgentId): { readonly instances: readonly Instance[]; readonly isolated?: boolean };
    /** The current instance ends; needed for leaks to end one. */
    turn?(agentId: AgentId, state: 'exited', what: { readonly event: 'oom-killed'; readonly exitCode: number }): void;
  };
}

export interface SimulatedFleetOptions {
  readonly clock: Clock;
  readonly agents: readonly AgentId[];
  readonly source: InstanceSource;
  readonly groupOf: (agentId: AgentId) => string;
  /** Pause between two heartbeats; 0 = none are sent. */
  readonly heartbeatMs: Ms;
  /** Chance that a heartbeat is lost, 0–1, and where the chance comes from. [0] */
  readonly lossOf?: () => boolean;
  /** How late a heartbeat arrives. [0] */
  readonly delayOf?: () => Ms;
  /** Whether an isolated agent is out of reach for the guard as well, as off its networks. [false] */
  readonly isolationCuts?: boolean;
  /** How fast a leak is, and where it ends. [60 MB a minute, to 512 MB] */
  readonly leak?: { readonly mbPerMinute: number; readonly limitMb: number };
}

interface Suffering {
  readonly fault: AgentFault;
  /** New instances the fault outlives. */
  survives: number;
  instanceId: string;
  /** Since when the instance suffers from it. */
  sinceMs: Ms;
  /** The same by the wall clock. */
  sinceWall: number;
}

const calm: AgentMetrics = {
  avg_latency_ms: 20,
  p95_latency_ms: 40,
  p99_latency_ms: 60,
  error_rate: 0,
  requests_per_second: 10,
  cpu_usage: 0.1,
  memory_usage_mb: 100,
};

/**
 * Agents that live on the virtual clock: they register, send heartbeats, answer probes and take their state back, or
 * fail to, as they are told. Takes the place of the network for a guard under test.
 */
export class SimulatedFleet implements Prober, AgentClient {
  readonly #o: SimulatedFleetOptions;
  readonly #sufferings = new Map<AgentId, Suffering>();
  readonly #seqs = new Map<string, number>();
  readonly #registered = new Map<AgentId, string>();
  /** Registrations that were sent and not answered yet. */
  readonly #unanswered = new Set<AgentId>();
  readonly #timers = new Map<AgentId, Subscription>();
  /** States that were handed to instances, by instance. */
  readonly restored = new Map<string, Uint8Array>();
  /** Hears of a state that is handed to an instance which has one already and works with it. */
  onHandedTwice: (instanceId: string) => void = () => undefined;
  /** Who takes itself for a primary. */
  readonly roles = new SimulatedRoles();
  /** Whether the canaries of the guard answer; they do not while the guard itself is cut off. */
  canaryAnswers = true;
  readonly #tasks = new Map<AgentId, number>();
  /** Nothing of theirs gets through, whichever instance it is. */
  readonly #cutOff = new Set<AgentId>();
  #guard: GuardApi | undefined;

  constructor(options: SimulatedFleetOptions) {
    this.#o = options;
  }

  /** The guard the agents talk to; `undefined` while there is none, as after a crash. */
  attach(guard: GuardApi | undefined): void {
    this.#guard = guard;
    // The answer to these never comes: the connection is gone.
    for (const agentId of this.#unanswered) this.#registered.delete(agentId);
    this.#unanswered.clear();
    if (guard) for (const [at, agentId] of this.#o.agents.entries()) this.#beatLater(agentId, 1 + at);
  }

  /** From now on the current instance suffers from it, and so do the next `survives` ones. */
  suffer(agentId: AgentId, fault: AgentFault, survives = 0): void {
    const { clock } = this.#o;
    const [sinceMs, sinceWall] = [clock.monotonic(), clock.now()];
    this.#sufferings.set(agentId, { fault, survives, instanceId: this.#newest(agentId).id, sinceMs, sinceWall });
  }

  /** How many tasks it says it has in hand from now on. [1] */
  occupy(agentId: AgentId, tasks: number): void {
    this.#tasks.set(agentId, tasks);
  }

  recover(agentId: AgentId): void {
    this.#sufferings.delete(agentId);
  }

  /** The network between guard and agent: while it is cut the agent works on, and neither hears of the other. */
  cutOff(agentId: AgentId, is: boolean): void {
    if (is) this.#cutOff.add(agentId);
    else this.#cutOff.delete(agentId);
  }

  /** What the current instance suffers from now. */
  faultOf(agentId: AgentId): AgentFault | undefined {
    const suffering = this.#sufferings.get(agentId);
    if (!suffering) return undefined;
    const { id } = this.#newest(agentId);
    if (id === suffering.instanceId) return suffering.fault;
    if (suffering.survives === 0) {
      this.#sufferings.delete(agentId);
      return undefined;
    }
    suffering.survives -= 1;
    suffering.instanceId = id;
    suffering.sinceMs = this.#o.clock.monotonic();
    suffering.sinceWall = this.#o.clock.now();
    return suffering.fault;
  }

  async probe(request: ProbeRequest, signal: AbortSignal): Promise<ProbeAnswer> {
    const { agentId, timeoutMs, probe } = request;
    if (agentId === 'canary') return this.#canary(timeoutMs);
    const isCut = this.#isCut(agentId);
    const state = this.#stateOf(agentId);
    if (state !== 'running' && !isCut) return { outcome: 'down', latencyMs: 1, detail: 'connection refused' };
    const fault = this.faultOf(agentId);
    if (this.#leaksOut(agentId, fault)) return { outcome: 'down', latencyMs: 1, detail: 'connection reset' };
    if (fault === 'foreign')
      return { outcome: 'unknown', latencyMs: 1, detail: 'the name does not exist', denied: true };
    if (fault === 'hang' || isCut) {
      await this.#o.clock.sleep(timeoutMs, signal);
      return { outcome: 'down', latencyMs: timeoutMs, detail: `no answer within ${timeoutMs} ms` };
    }
    const latencyMs = fault === 'slow' || fault === 'busy' ? Math.min(1_200, timeoutMs / 2) : 5;
    await this.#o.clock.sleep(latencyMs, signal);
    if (fault === 'deaf') return { outcome: 'down', latencyMs, statusCode: 500 };
    if (probe === 'readiness' && fault === 'not-ready')
      return { outcome: 'down', latencyMs, statusCode: 503, checks: { database: false } };
    const metrics = probe === 'performance' ? { metrics: this.#metricsOf(agentId, fault) } : {};
    return { outcome: 'up', latencyMs, statusCode: 200, ...metrics };
  }

  #isCut(agentId: AgentId): boolean {
    if (this.#cutOff.has(agentId)) return true;
    return this.#o.isolationCuts === true && this.#o.source.world.place(agentId).isolated === true;
  }

  #canary(timeoutMs: Ms): ProbeAnswer {
    if (this.canaryAnswers) return { outcome: 'up', latencyMs: 1, statusCode: 204 };
    return { outcome: 'down', latencyMs: timeoutMs, detail: 'no answer' };
  }

  async fetchState(): Promise<StateReply> {
    return { ok: true, state: { bytes: new Uint8Array([1, 2, 3]), contentType: 'application/octet-stream' } };
  }

  async putState({ agent, instance }: AgentTarget, state: { readonly bytes: Uint8Array }): Promise<AgentReply> {
    if (this.#stateOf(agent.id) !== 'running') return unanswered('connection refused');
    if (this.#isCut(agent.id)) return unanswered('no answer');
    if (this.faultOf(agent.id) === 'foreign')
      return { ok: false, unsupported: false, retryable: false, text: 'the name does not exist' };
    if (this.restored.has(instance.id) && this.faultOf(agent.id) === undefined) this.onHandedTwice(instance.id);
    this.restored.set(instance.id, state.bytes);
    return { ok: true };
  }

  async drain({ agent }: AgentTarget, _forMs: Ms): Promise<AgentReply> {
    return this.#isCut(agent.id) ? unanswered('no answer') : { ok: true };
  }

  async promote({ agent, instance }: AgentTarget, { epoch }: { readonly epoch: number }): Promise<AgentReply> {
    if (this.#stateOf(agent.id) !== 'running') return unanswered('connection refused');
    if (this.#isCut(agent.id) || this.faultOf(agent.id) === 'hang') return unanswered('no answer');
    const why = this.roles.promote(agent.id, instance.id, epoch);
    if (this.roles.isAnswerLost()) return unanswered('no answer');
    return why === undefined ? { ok: true } : { ok: false, unsupported: false, retryable: false, text: why };
  }

  /** While a new instance lives beside the old it is the new one that speaks: the old one has failed. */
  #newest(agentId: AgentId): Instance {
    const newest = this.#o.source.world.place(agentId).instances.at(-1);
    if (!newest) throw guardError('GUARD_AGENT_UNKNOWN', { agentId });
    return newest;
  }

  #stateOf(agentId: AgentId): Instance['state'] {
    try {
      return this.#newest(agentId).state ?? 'running';
    } catch (thrown) {
      if (isGuardError(thrown)) return 'exited';
      throw thrown;
    }
  }

  #beatLater(agentId: AgentId, afterMs: Ms): void {
    this.#timers.get(agentId)?.dispose();
    if (this.#o.heartbeatMs === 0) return;
    const timer = this.#o.clock.after(afterMs, () => {
      if (!this.#guard) return;
      this.#beat(agentId, this.#guard);
      this.#beatLater(agentId, this.#o.heartbeatMs);
    });
    this.#timers.set(agentId, timer);
  }

  #beat(agentId: AgentId, guard: GuardApi): void {
    if (this.#stateOf(agentId) !== 'running') {
      // When it begins again it introduces itself again.
      this.#registered.delete(agentId);
      return;
    }
    const instance = this.#newest(agentId);
    const fault = this.faultOf(agentId);
    if (fault === 'hang' || this.#leaksOut(agentId, fault) || this.#isCut(agentId)) return;
    this.#register(agentId, instance, guard);
    if (fault === 'errors') this.#reportErrors(agentId, instance, guard);
    if (fault === 'silent' || this.#o.lossOf?.()) return;
    const seq = (this.#seqs.get(instance.id) ?? 0) + 1;
    this.#seqs.set(instance.id, seq);
    const progress = this.#progressOf(agentId, fault);
    const metrics = this.#metricsOf(agentId, fault);
    const role = this.roles.said(agentId, instance.id);
    const beat = { agentId, instance: instance.id, seq, metrics, ...progress, ...role };
    const lateMs = this.#o.delayOf?.() ?? 0;
    if (lateMs > 0) this.#o.clock.after(lateMs, () => this.#send(beat));
    else this.#send(beat);
  }

  #progressOf(agentId: AgentId, fault: AgentFault | undefined): Pick<Heartbeat, 'progress'> {
    if (fault === 'slow' || fault === 'errors') return {};
    const stoodAt = fault === 'stuck' ? this.#sufferings.get(agentId)?.sinceWall : undefined;
    const lastProgressAt = stoodAt ?? this.#o.clock.now();
    return { progress: { activeTasks: this.#tasks.get(agentId) ?? 1, lastProgressAt } };
  }

  #send(beat: Heartbeat): void {
    const ack = this.#guard?.heartbeat(beat);
    // Nobody knows it any more: it introduces itself again with the next heartbeat.
    if (ack === 'unknown') this.#registered.delete(beat.agentId);
    if (ack === 'epoch') this.#follow(beat);
    if (ack !== undefined && ack !== 'unknown' && beat.instance !== undefined)
      this.roles.answered(beat.agentId, beat.instance);
  }

  #follow({ agentId, instance = '' }: Heartbeat): void {
    const leader = this.#guard?.agents.get(agentId).leadership;
    if (leader) this.roles.follow(agentId, instance, leader);
  }

  /** As a real agent does at its start: says where it is to be reached. */
  #register(agentId: AgentId, instance: Instance, guard: GuardApi): void {
    if (this.#registered.get(agentId) === instance.id) return;
    this.#registered.set(agentId, instance.id);
    const endpoint = instance.endpoint ?? `http://127.0.0.1/${encodeURIComponent(agentId)}`;
    const { generation, id } = instance;
    this.#unanswered.add(agentId);
    const group = this.#o.groupOf(agentId);
    const role = this.roles.declared(agentId);
    const said = { id: agentId, group, instance: id, generation, endpoint, ...(role ? { role } : {}) };
    guard.agents.register(said).then(
      () => this.#unanswered.delete(agentId),
      () => {
        // Replaced meanwhile, or the guard is not ready: the next heartbeat tries again.
        this.#unanswered.delete(agentId);
        this.#registered.delete(agentId);
      },
    );
  }

  #reportErrors(agentId: AgentId, instance: Instance, guard: GuardApi): void {
    try {
      guard.ingest({
        kind: 'error',
        agentId,
        instanceId: instance.id,
        message: 'job failed: connection reset',
        count: 20,
      });
    } catch (thrown) {
      if (!isGuardError(thrown, 'GUARD_AGENT_UNKNOWN')) throw thrown;
    }
  }

  /** Memory used up to the limit: the system ends the instance. */
  #leaksOut(agentId: AgentId, fault: AgentFault | undefined): boolean {
    if (fault !== 'leak' || this.#memoryOf(agentId) < this.#leak.limitMb) return false;
    this.#o.source.world.turn?.(agentId, 'exited', { event: 'oom-killed', exitCode: 137 });
    return true;
  }

  get #leak(): NonNullable<SimulatedFleetOptions['leak']> {
    return this.#o.leak ?? { mbPerMinute: 60, limitMb: 512 };
  }

  #memoryOf(agentId: AgentId): number {
    const suffering = this.#sufferings.get(agentId);
    if (suffering?.fault !== 'leak') return 100;
    return 100 + ((this.#o.clock.monotonic() - suffering.sinceMs) / 60_000) * this.#leak.mbPerMinute;
  }

  #metricsOf(agentId: AgentId, fault: AgentFault | undefined): AgentMetrics {
    if (fault === 'leak') return { ...calm, memory_usage_mb: this.#memoryOf(agentId) };
    if (fault === 'errors') return { ...calm, error_rate: 1 };
    if (fault === 'slow' || fault === 'busy')
      return { ...calm, avg_latency_ms: 900, p95_latency_ms: 1_500, p99_latency_ms: 2_000 };
    return calm;
  }
}

function unanswered(text: string): AgentReply {
  return { ok: false, unsupported: false, retryable: true, text };
}
