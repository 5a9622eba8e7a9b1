import type { AgentStatus, Clock, Explanation } from '../../contracts/index.ts';
import { guardError } from '../../contracts/index.ts';
import type { AgentId, GateVerdict, Incident, IncidentId, Storm, StormId } from '../../model/index.ts';
import { explain } from './explain.ts';
import type { IncidentLog } from '../incidents/incident-log.ts';
import type { Judge } from '../judgement/judge.ts';
import type { View } from '../members/view.ts';

export interface ExplainerOptions {
  storm(id: StormId): Storm | undefined;
  readonly clock: Clock;
  readonly log: IncidentLog;
  readonly judge: Judge;
  readonly view: View;
  /** What a decision about the incident rests on is read into memory. */
  prefetch(incident: Incident): Promise<void>;
  /** With what the ledger knows of it. `undefined`: the agent left. */
  status(agentId: AgentId): Promise<AgentStatus | undefined>;
}

/** Gathers what an explanation is told from: the agent as it is, its incident, and what the gate says now. */
export class Explainer {
  readonly #o: ExplainerOptions;

  constructor(options: ExplainerOptions) {
    this.#o = options;
  }

  /** For an incident id or an agent id. Errors: `GUARD_INCIDENT_UNKNOWN`, `GUARD_AGENT_UNKNOWN`. */
  async explain(id: IncidentId | AgentId): Promise<Explanation> {
    const { clock, log, view } = this.#o;
    const incident = (await log.find(id)) ?? log.openFor(id) ?? log.list({ agentId: id })[0];
    const agentId = incident?.agentId ?? id;
    const status = await this.#o.status(agentId);
    if (!status && !incident) throw unknownSubject(id);
    const sight = view.see(agentId);
    return explain({
      now: clock.now(),
      status,
      agentId,
      incident,
      timeline: incident ? await log.timeline(incident) : [],
      verdict: incident && (await this.#verdictOn(incident)),
      ...(sight ? { sight } : {}),
      ...this.#stormOf(incident),
    });
  }

  /** The storm the incident is part of, while both last. */
  #stormOf(incident: Incident | undefined): { readonly storm?: Storm } {
    if (incident?.parent === undefined || incident.state === 'resolved') return {};
    const storm = this.#o.storm(incident.parent);
    return storm?.state === 'open' ? { storm } : {};
  }

  /** What the gate says now of an incident for which something could be done. */
  async #verdictOn(incident: Incident): Promise<GateVerdict | undefined> {
    if (incident.state === 'resolved' || incident.state === 'acting' || incident.state === 'watching') return undefined;
    await this.#o.prefetch(incident);
    const { verdict } = this.#o.judge.facts(incident, 0);
    return verdict.rules.length === 0 ? undefined : verdict;
  }
}

function unknownSubject(id: string): Error {
  return id.startsWith('inc_')
    ? guardError('GUARD_INCIDENT_UNKNOWN', { incidentId: id })
    : guardError('GUARD_AGENT_UNKNOWN', { agentId: id });
}
