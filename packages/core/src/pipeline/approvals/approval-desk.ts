import type { Answer, ApprovalLink, Clock, Random } from '../../contracts/index.ts';
import { guardError } from '../../contracts/index.ts';
import type { ApprovalSigner, ApprovalToken } from '../../decision/approval-signer.ts';
import type { IncidentEvent } from '../../incident/index.ts';
import type { Attempt, Incident, IncidentId, Vote } from '../../model/index.ts';
import { personOf } from '../../model/index.ts';

type Awaiting = Extract<Incident, { state: 'awaiting-approval' }>;
type Action = ApprovalToken['action'];

export interface ApprovalDeskOptions {
  readonly signer: ApprovalSigner;
  readonly clock: Clock;
  readonly random: Random;
  incident(id: IncidentId): Incident | undefined;
  apply(id: IncidentId, event: IncidentEvent): Promise<Incident | undefined>;
}

/** Where people's answers to plans arrive: over HTTP, from the command line, and from messages that carry a token (R24). */
export class ApprovalDesk {
  readonly #o: ApprovalDeskOptions;

  constructor(options: ApprovalDeskOptions) {
    this.#o = options;
  }

  /**
   * Counts a person's yes. The same person twice is one; of a plan that was approved already the incident is given back.
   * Errors: `GUARD_INCIDENT_UNKNOWN`, `GUARD_INCIDENT_STATE`, `GUARD_APPROVAL_STALE`, `GUARD_APPROVAL_TOKEN`.
   */
  async approve(incidentId: IncidentId, given: Answer): Promise<Incident> {
    const { answer, token } = this.#read(incidentId, given, 'approve');
    const incident = this.#known(incidentId);
    const person = personOf(answer);
    const done = approvedBefore(incident, answer.planHash);
    if (done) {
      refuseUsed(done.votes, token, person);
      return incident;
    }
    const awaiting = waits(incident, 'approved');
    const { planHash, votes } = awaiting.approval;
    refuseOther(awaiting, answer.planHash);
    refuseUsed(votes, token, person);
    const { by, account, note } = answer;
    const after = await this.#o.apply(incidentId, {
      type: 'approved',
      planHash,
      by,
      seal: this.#o.signer.sealVote({ planHash, person }),
      ...(account === undefined ? {} : { account }),
      ...(note === undefined ? {} : { note }),
      ...(token === undefined ? {} : { token: token.id }),
    });
    if (!after) throw guardError('GUARD_INCIDENT_UNKNOWN', { incidentId });
    // It was asked about something that is not so any more: whoever answered has to know that it did not count.
    if (after.state === 'awaiting-approval') refuseOther(after, planHash);
    else if (!approvedBefore(after, planHash)) throw stale(incidentId, after.because.text);
    return after;
  }

  /** Takes a person's no; one suffices. A second no of the same person changes nothing. Errors as of `approve`. */
  async reject(incidentId: IncidentId, given: Answer): Promise<Incident> {
    const { answer } = this.#read(incidentId, given, 'reject');
    const incident = this.#known(incidentId);
    if (incident.state === 'escalated' && incident.reason.code === 'approval-rejected') return incident;
    const awaiting = waits(incident, 'rejected');
    const { planHash } = awaiting.approval;
    refuseOther(awaiting, answer.planHash);
    const { by, note } = answer;
    const after = await this.#o.apply(incidentId, {
      type: 'rejected',
      planHash,
      by,
      ...(note === undefined ? {} : { note }),
    });
    if (!after) throw guardError('GUARD_INCIDENT_UNKNOWN', { incidentId });
    if (after.state === 'awaiting-approval') refuseOther(after, planHash);
    else if (after.because.code !== 'approval-rejected') throw stale(incidentId, after.because.text);
    return after;
  }

  /** A token that answers the plan that waits now, for a link in a message. It expires with the plan. */
  link(incidentId: IncidentId, action: Action, person?: string): ApprovalLink {
    const { approval } = waits(this.#known(incidentId), action === 'approve' ? 'approved' : 'rejected');
    const { planHash, expiresAt } = approval;
    const token: ApprovalToken = {
      id: `tok_${this.#o.random.ulid()}`,
      incidentId,
      planHash,
      action,
      expiresAt,
      ...(person === undefined ? {} : { for: person }),
    };
    return { token: this.#o.signer.tokenOf(token), planHash, expiresAt };
  }

  /** A token says which plan is meant and may say who answers; what is said beside it must not contradict it. */
  #read(
    incidentId: IncidentId,
    given: Answer,
    action: Action,
  ): { readonly answer: Answer; readonly token?: ApprovalToken } {
    if (given.token === undefined) return { answer: given };
    const token = this.#o.signer.readToken(given.token, this.#o.clock.now());
    const refuse = (why: string): Error => guardError('GUARD_APPROVAL_TOKEN', { why });
    if (token.incidentId !== incidentId) throw refuse(`it is for incident ${token.incidentId}`);
    if (token.action !== action) throw refuse(`it is to ${token.action}, not to ${action}`);
    if (given.planHash !== undefined && given.planHash !== token.planHash) throw refuse('it is for another plan');
    if (token.for !== undefined && personOf({ by: token.for }) !== personOf(given))
      throw refuse(`it was given to ${token.for}`);
    return { answer: { ...given, planHash: token.planHash }, token };
  }

  #known(incidentId: IncidentId): Incident {
    const incident = this.#o.incident(incidentId);
    if (!incident) throw guardError('GUARD_INCIDENT_UNKNOWN', { incidentId });
    return incident;
  }
}

/** What people agreed to, when that was done or is under way: the plan that is meant, else the latest. */
function approvedBefore(incident: Incident, planHash: string | undefined): Attempt['approval'] {
  if (incident.state === 'awaiting-approval' && (planHash === undefined || planHash === incident.approval.planHash))
    return undefined;
  const current = 'attempt' in incident && incident.attempt ? [incident.attempt] : [];
  const all = [...incident.attempts, ...current];
  if (planHash === undefined) return current[0]?.approval;
  return all.map(({ approval }) => approval).findLast((approval) => approval?.planHash === planHash);
}

function waits(incident: Incident, verb: string): Awaiting {
  if (incident.state === 'awaiting-approval') return incident;
  throw guardError('GUARD_INCIDENT_STATE', { incidentId: incident.id, state: incident.state, verb });
}

function refuseOther({ id, approval }: Awaiting, planHash: string | undefined): void {
  if (planHash === undefined || planHash === approval.planHash) return;
  throw stale(id, `it was for plan ${planHash.slice(0, 12)}…, and ${approval.planHash.slice(0, 12)}… waits.`);
}

/** A token lets one person answer, once; the same person's second try, as after a lost reply, is the first one again. */
function refuseUsed(votes: readonly Vote[], token: ApprovalToken | undefined, person: string): void {
  const used = token && votes.find((vote) => vote.token === token.id);
  if (used && personOf(used) !== person)
    throw guardError('GUARD_APPROVAL_TOKEN', { why: `it was used already, by ${used.by}` });
}

function stale(incidentId: IncidentId, why: string): Error {
  return guardError('GUARD_APPROVAL_STALE', { incidentId, why });
}
