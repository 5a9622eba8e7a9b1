import type { AgentSlot, Clock, ControlPlane, Logger } from '../../contracts/index.ts';
import type { Detection } from '../../detection/index.ts';
import type { Fleet } from '../../fleet/index.ts';
import type { AgentId, BreakerState, GroupId, Health } from '../../model/index.ts';
import type { Collector, ProbeScheduler } from '../../monitoring/index.ts';
import { breakerFor } from '../../remediation/breaker.ts';
import type { Roles } from '../failover/roles.ts';
import { ControlPlaneVoice } from './control-plane-voice.ts';
import type { FleetSight } from './fleet-sight.ts';
import type { IncidentLog } from '../incidents/incident-log.ts';
import type { Ownership } from '../ownership.ts';

export interface ReflectionOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly fleet: Fleet;
  readonly collector: Collector;
  readonly probes: ProbeScheduler;
  readonly detection: Detection;
  readonly sight: FleetSight;
  readonly roles: Pick<Roles, 'isToBeTold'>;
  readonly incidentLog: IncidentLog;
  readonly controlPlane: ControlPlane;
  readonly ownership: Ownership;
}

/**
 * Keeps in step with an agent's health and incident what merely follows from them: the watch, the pace of its probes,
 * its breaker, what it is told in answer to heartbeats, and what the control plane shows. Decides nothing.
 */
export class Reflection {
  readonly #o: ReflectionOptions;
  readonly #voice: ControlPlaneVoice;
  readonly #breakers = new Map<AgentId, BreakerState>();
  readonly #watched = new Map<AgentSlot, number>();
  /** Agents with an open incident. */
  readonly #troubled = new Set<AgentSlot>();

  constructor(options: ReflectionOptions) {
    this.#o = options;
    this.#voice = new ControlPlaneVoice(options);
  }

  /** Brings everything that follows from an agent's health and incident up to date: watch, probes' pace, breaker. */
  sync(agentId: AgentId): void {
    const { fleet, detection, incidentLog, sight, collector } = this.#o;
    const slot = fleet.slotOf(agentId);
    if (slot === undefined) return;
    const incident = incidentLog.openFor(agentId);
    this.#trouble(slot, incident !== undefined);
    this.#watch(slot, incident?.state === 'watching' ? incident.policy.watch.everyMs : undefined);
    const { health } = detection.status(slot);
    const breaker = breakerFor({
      health,
      consecutiveErrors: sight.consecutiveErrors(slot),
      ...(incident ? { incident: incident.state, safeState: incident.policy.ladder.safeState } : {}),
    });
    const isCutOff = breaker === 'open' && incident?.state === 'escalated';
    const group = fleet.agent(slot)?.agent.group ?? '';
    // Who leads comes first: one that does not know it may still be writing (R13).
    const isToBeTold = this.#o.roles.isToBeTold(group, agentId);
    collector.instruct(slot, isToBeTold ? 'epoch' : isCutOff ? 'isolated' : 'none');
    if (this.#breakers.get(agentId) === breaker) return;
    this.#breakers.set(agentId, breaker);
    this.#voice.tell({ kind: 'route', agentId, breaker });
  }

  /** Another leads the group: its members are told so. */
  syncGroup(group: GroupId): void {
    for (const slot of this.#o.fleet.byGroup(group)) this.syncSlot(slot);
  }

  syncSlot(slot: AgentSlot): void {
    const agentId = this.#o.fleet.agent(slot)?.agent.id;
    if (agentId !== undefined) this.sync(agentId);
  }

  /** The control plane shows the agent's health. */
  show(agentId: AgentId, health: Health): void {
    this.#voice.tell({ kind: 'status', agentId, health });
  }

  breaker(agentId: AgentId): BreakerState {
    return this.#breakers.get(agentId) ?? 'closed';
  }

  /** New instance: the detectors have forgotten that it is watched. */
  reset(slot: AgentSlot): void {
    this.#watched.delete(slot);
  }

  /** The agent left. */
  forget(slot: AgentSlot, agentId: AgentId): void {
    this.#troubled.delete(slot);
    this.#watched.delete(slot);
    this.#breakers.delete(agentId);
    this.#voice.forget(agentId);
  }

  /** What an agent does during an incident is not how it usually behaves. */
  #trouble(slot: AgentSlot, troubled: boolean): void {
    if (this.#troubled.has(slot) === troubled) return;
    if (troubled) this.#troubled.add(slot);
    else this.#troubled.delete(slot);
    this.#o.detection.setTroubled(slot, troubled);
  }

  /** Enhanced monitoring begins or ends; `everyMs` undefined = it ends. */
  #watch(slot: AgentSlot, everyMs: number | undefined): void {
    const { detection, probes } = this.#o;
    if (this.#watched.get(slot) === everyMs) return;
    detection.setWatched(slot, everyMs !== undefined);
    if (everyMs === undefined) {
      this.#watched.delete(slot);
      probes.unwatch(slot);
    } else {
      this.#watched.set(slot, everyMs);
      probes.watch(slot, everyMs);
    }
  }
}
