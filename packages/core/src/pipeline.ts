import type { AgentSlot, Clock, Logger } from './contracts/index.ts';
import { messageOf } from './contracts/index.ts';
import type { Detection, DetectionResult, HealthChange } from './detection/index.ts';
import type { Fleet } from './fleet/index.ts';
import type { Agent, AgentId, GroupId, Notice } from './model/index.ts';
import { stillByHand, worseHealth } from './model/index.ts';
import type { Collector, ProbeScheduler } from './monitoring/index.ts';
import { announceChange, announceFindings } from './pipeline/announcements.ts';
import type { LateAnswers } from './pipeline/failover/late-answers.ts';
import type { CheckpointRound } from './pipeline/rounds/checkpoint-round.ts';
import type { Leftovers } from './pipeline/incidents/leftovers.ts';
import type { DepartedRound } from './pipeline/rounds/departed-round.ts';
import type { LogRound } from './pipeline/rounds/log-round.ts';
import type { SecondLook } from './pipeline/rounds/second-look.ts';
import type { MemoryRound } from './pipeline/rounds/memory-round.ts';
import type { IncidentChange } from './pipeline/incidents/incident-change.ts';
import type { Incidents } from './pipeline/incidents/incidents.ts';
import type { IncidentLog } from './pipeline/incidents/incident-log.ts';
import type { Preparation } from './pipeline/approvals/preparation.ts';
import type { Reflection } from './pipeline/members/reflection.ts';
import type { Settle } from './pipeline/settle.ts';
import type { StormVoice } from './pipeline/storms/storm-voice.ts';
import type { Storms } from './pipeline/storms/storms.ts';
import type { Ownership } from './pipeline/ownership.ts';
import type { FleetSight } from './pipeline/members/fleet-sight.ts';
import type { Ledger } from './learning/index.ts';
import type { NotificationRouter } from './notification/index.ts';
import type { Executor } from './remediation/executor.ts';
import type { EventBus } from './runtime/index.ts';

/** Pause before an incident is opened again that could not be stored. */
const againMs = 1_000;

/** The stages, made by the composition root. */
export interface PipelineParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly bus: EventBus;
  readonly fleet: Fleet;
  readonly collector: Collector;
  readonly probes: ProbeScheduler;
  readonly detection: Detection;
  readonly sight: FleetSight;
  readonly incidents: Incidents;
  readonly incidentLog: IncidentLog;
  readonly executor: Executor;
  readonly leftovers: Leftovers;
  readonly ledger: Ledger;
  readonly notifications: NotificationRouter;
  readonly ownership: Ownership;
  readonly checkpointRound: CheckpointRound;
  readonly logRound: LogRound;
  readonly secondLook: SecondLook;
  readonly memoryRound: MemoryRound;
  readonly departedRound: DepartedRound;
  readonly settle: Settle;
  readonly storms: Storms;
  readonly stormVoice: StormVoice;
  readonly reflection: Reflection;
  readonly lateAnswers: LateAnswers;
  readonly preparation: Preparation;
  /** A part of the guard does not work now; `undefined`: it works again. */
  degraded(what: string, why: string | undefined): void;
}

/**
 * The way of the data, on one page:
 *
 *     signals ─► monitoring ─► detection ─► decision (assess → plan → gate → approve)
 *                                              │
 *        learning ◄─ verification ◄─ remediation (journal → reserve → act → observe)
 *                                              │
 *                                        notification
 *
 * The stages know nothing of each other; only this file knows their order.
 */
export class Pipeline {
  readonly #p: PipelineParts;
  /** Agents whose incident the store did not take; it is tried again by itself. */
  readonly #unopened = new Set<AgentId>();

  constructor(parts: PipelineParts) {
    this.#p = parts;
  }

  /** monitoring → detection → decision: everything that arrived or is due, once a tick. */
  tick(): void {
    const { clock, collector, detection, probes, sight } = this.#p;
    const nowMs = clock.monotonic();
    const batch = collector.drain(nowMs);
    const { turned, spoken } = sight.observe(batch);
    const seen = detection.tick(batch, nowMs);
    for (const slot of this.#suspectedIn(seen)) {
      sight.bad(slot, nowMs);
      this.#p.logRound.hurry(slot);
    }
    for (const slot of this.#unseenBy(seen)) this.#p.secondLook.look(slot);
    for (const slot of turned) this.#p.reflection.syncSlot(slot);
    for (const group of spoken) this.#spoke(group);
    for (const slot of seen.confirm) void probes.confirm(slot);
    for (const slot of seen.ask) void probes.ask(slot, 'health');
    this.#tell(seen);
    const touched = this.#touched(seen);
    // All of them first: whether it is one failure or many is known before the first of them is decided.
    for (const agentId of touched.keys()) this.#p.storms.mark(agentId);
    for (const [agentId, worse] of touched) this.#decide(agentId, worse);
    this.#p.storms.tick(nowMs);
    this.#p.checkpointRound.tick(nowMs);
    this.#p.logRound.tick(nowMs);
    this.#p.memoryRound.tick(nowMs);
    this.#p.departedRound.tick(nowMs);
  }

  /** decision → remediation → verification → learning → notification: what follows from a stored change. */
  after(change: IncidentChange): void {
    const { bus, executor, ledger, notifications } = this.#p;
    const { incident, notices } = change;
    for (const record of change.ledger) ledger.remember(record);
    announceChange(bus, change);
    if (incident.state === 'acting') executor.drive(incident.id);
    if (change.decided.ended?.verdict === 'failed') this.#countFailure(incident.agentId);
    this.#p.storms.after(change);
    if (change.promoted) this.#p.reflection.syncGroup(incident.group);
    else this.#p.reflection.sync(incident.agentId);
    this.#p.preparation.sync(incident);
    for (const notice of notices) notifications.accept(notice);
    if (incident.state !== 'resolved') return;
    bus.emit('incident.resolved', { incident });
    // What was suspected while that was being written met an incident that was about to end, and would be lost.
    if (incident.outcome !== 'operator' && incident.outcome !== 'removed') this.#decide(incident.agentId);
  }

  /** A new agent, or a new instance of one: whatever was measured of the old one is dropped. */
  reset(slot: AgentSlot): void {
    const { collector, detection, sight } = this.#p;
    collector.reset(slot);
    detection.reset(slot);
    sight.reset(slot);
    this.reachable(slot);
    this.#p.reflection.reset(slot);
    this.#p.memoryRound.restore(slot);
  }

  /** Where or how the agent is asked and judged may have changed. */
  reachable(slot: AgentSlot): void {
    this.#p.detection.policyChanged(slot);
    const agent = this.#p.fleet.agent(slot)?.agent;
    if (agent) this.#p.storms.track(agent);
    this.#p.probes.track(slot);
    this.#p.checkpointRound.track(slot);
    this.#p.logRound.track(slot);
  }

  /** The agent left: nothing of it is kept, and its incident ends. */
  removed(slot: AgentSlot, agent: Agent): void {
    const { collector, detection, probes, sight, ledger, incidentLog, incidents } = this.#p;
    probes.remove(slot);
    this.#p.checkpointRound.remove(slot);
    this.#p.logRound.remove(slot);
    this.#p.memoryRound.remove(slot, agent.id, agent.group);
    detection.remove(slot);
    sight.remove(slot);
    collector.reset(slot);
    this.#p.reflection.forget(slot, agent.id);
    this.#p.storms.removed(agent);
    ledger.forget(agent.id);
    const open = incidentLog.openFor(agent.id);
    if (open) incidents.post(open.id, { type: 'removed' });
  }

  /** A person was told. Only a message about the present state counts for it. */
  async told(notice: Notice, notifier: string): Promise<void> {
    if (notice.kind === 'storm') return this.#p.stormVoice.told(notice.incidentId, notifier);
    const state = this.#p.incidentLog.get(notice.incidentId)?.state;
    const present =
      notice.kind === 'approval' ? state === 'awaiting-approval' : notice.kind === 'escalated' && state === 'escalated';
    if (!present) return;
    await this.#p.incidents.apply(notice.incidentId, { type: 'told', notifier });
  }

  /** The lease is there again: alarms and notices that were dropped because nothing could be written. */
  takeUp(): void {
    const { incidents, incidentLog, notifications, ownership, log } = this.#p;
    incidents.resume();
    for (const { agentId } of incidentLog.unresolved()) this.#decide(agentId);
    const shards = Array.from({ length: ownership.shards }, (_, shard) => shard);
    notifications
      .resume(shards)
      .catch((thrown: unknown) => log.error({ err: messageOf(thrown) }, 'waiting notices could not be read'));
  }

  /** An inventory is known (again): attempts that were under way are reconciled and carried on. */
  carryOn(): void {
    const { fleet, incidents, incidentLog, executor, leftovers, settle } = this.#p;
    for (const incident of incidentLog.unresolved()) {
      const { id, agentId, state } = incident;
      const slot = fleet.slotOf(agentId);
      const agent = slot === undefined ? undefined : fleet.agent(slot)?.agent;
      // It left while nobody looked; an incident about nobody would stay open for ever.
      if (!agent && settle.unlisted === 0) incidents.post(id, { type: 'removed' });
      if (!agent || !settle.isListed(agent.orchestrator)) continue;
      this.#p.reflection.sync(agentId);
      if (state === 'acting') executor.resume(id);
      else leftovers.consider(incident);
      this.#p.preparation.sync(incident);
    }
  }

  /** An agent says another role than before: who leads its group may be another, or known at last. */
  #spoke(group: GroupId): void {
    this.#p.reflection.syncGroup(group);
    this.#p.lateAnswers.look(group);
  }

  /** Agents against whom a suspicion was raised or, until this moment, stood. */
  *#suspectedIn({ raised, cleared }: DetectionResult): Iterable<AgentSlot> {
    for (const { agentId } of [...raised, ...cleared]) {
      const slot = this.#p.fleet.slotOf(agentId);
      if (slot !== undefined) yield slot;
    }
  }

  /** Agents against whom something is held since this tick that their orchestrators have not told. */
  *#unseenBy({ raised }: DetectionResult): Iterable<AgentSlot> {
    for (const { agentId, evidence } of raised) {
      const slot = evidence === 'orchestrator' ? undefined : this.#p.fleet.slotOf(agentId);
      if (slot !== undefined) yield slot;
    }
  }

  /** Whose picture changed in a tick, and whether for the worse. */
  #touched(seen: DetectionResult): ReadonlyMap<AgentId, boolean> {
    const agents = new Map<AgentId, boolean>();
    for (const cleared of seen.cleared) agents.set(cleared.agentId, false);
    for (const { agentId, from, to } of seen.health) {
      agents.set(agentId, to !== 'unknown' && worseHealth(from, to) === to);
    }
    for (const finding of seen.raised) agents.set(finding.agentId, true);
    return agents;
  }

  /**
   * An agent's picture changed: its incident hears of it, or a new one is opened. One that gets better, as when a person
   * has just started it, is not interfered with because of what still stands against it.
   */
  #decide(agentId: AgentId, worse = true): void {
    const { incidents, log } = this.#p;
    if (!this.#needsIncident(agentId, worse) || this.#unopened.has(agentId)) return;
    incidents.open(agentId).catch((thrown: unknown) => {
      if (this.#unopened.has(agentId)) return;
      log.error({ agentId, err: messageOf(thrown) }, 'an incident could not be opened; it is tried again');
      this.#openLater(agentId);
    });
  }

  /** One try at a time, on the picture of that moment: an agent's picture may change often while the store is away. */
  #openLater(agentId: AgentId): void {
    this.#unopened.add(agentId);
    this.#p.clock.after(againMs, () => {
      const opened = this.#needsIncident(agentId, true) ? this.#p.incidents.open(agentId) : Promise.resolve();
      opened.then(
        () => this.#unopened.delete(agentId),
        () => this.#openLater(agentId),
      );
    });
  }

  /** Whether an incident has to be opened for what is known of the agent; one that is open hears of it. */
  #needsIncident(agentId: AgentId, worse: boolean): boolean {
    const { incidents, incidentLog, sight } = this.#p;
    this.#p.reflection.sync(agentId);
    const seen = sight.see(agentId);
    if (!seen) return false;
    const { health, findings } = seen;
    const open = incidentLog.openFor(agentId);
    if (open) {
      incidents.post(open.id, { type: 'findings', findings, health });
      return false;
    }
    // Not being ready takes an agent out of the routes and is alone no reason to repair it.
    const suspected = findings.some((finding) => finding.kind !== 'not-ready');
    if (!worse || !suspected || (health !== 'degraded' && health !== 'failed')) return false;
    // Whoever stopped it knows that it stands still (R14).
    return !stillByHand(seen.agent.instance);
  }

  #tell(seen: DetectionResult): void {
    announceFindings(this.#p.bus, seen);
    for (const change of seen.health) this.#tellHealth(change);
    for (const { what, why } of seen.degraded) this.#p.degraded(what, why);
    for (const what of seen.recovered) this.#p.degraded(what, undefined);
  }

  #tellHealth({ slot, agentId, from, to }: HealthChange): void {
    const { fleet, reflection, bus } = this.#p;
    const group = fleet.agent(slot)?.agent.group ?? '';
    reflection.show(agentId, to);
    if (to === 'failed') this.#noteFailure(agentId);
    bus.emit('agent.health-changed', { agentId, group, from, to, breaker: reflection.breaker(agentId) });
  }

  #countFailure(agentId: AgentId): void {
    const slot = this.#p.fleet.slotOf(agentId);
    if (slot !== undefined) this.#p.detection.addFailedAttempt(slot);
  }

  /** Failures are counted durably: a restart of the guard must not forget that an agent keeps failing. */
  #noteFailure(agentId: AgentId): void {
    const { ledger, ownership, fleet, clock, log } = this.#p;
    const slot = fleet.slotOf(agentId);
    const group = slot === undefined ? undefined : fleet.agent(slot)?.agent.group;
    if (group === undefined) return;
    ledger
      .noteFailure(agentId, clock.now(), { fence: ownership.fence(group) })
      .catch((thrown: unknown) => log.error({ agentId, err: messageOf(thrown) }, 'a failure could not be counted'));
  }
}
