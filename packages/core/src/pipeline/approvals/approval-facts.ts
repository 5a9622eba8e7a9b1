import type { ApprovalSigner } from '../../decision/approval-signer.ts';
import type { DecideFacts } from '../../incident/index.ts';
import { approvalTerms } from '../../incident/index.ts';
import type { EpochMs, Incident } from '../../model/index.ts';
import { personOf } from '../../model/index.ts';

const nothingAsked: DecideFacts['approval'] = { seal: '', valid: false, voters: [] };

/** What the guard's signature says of an approval: of the one that stands, or of one that would be asked for now. */
export function approvalFacts(
  signer: ApprovalSigner,
  incident: Incident,
  of: { readonly planHash: string; readonly now: EpochMs },
): DecideFacts['approval'] {
  if (incident.state !== 'open' && incident.state !== 'awaiting-approval') return nothingAsked;
  const { planHash, now } = of;
  const signed = { planHash, incidentId: incident.id, ...approvalTerms(incident, now) };
  if (incident.state === 'open') return { ...nothingAsked, seal: signer.sealPlan(signed) };
  const { seal, votes } = incident.approval;
  const voters = votes
    .filter((vote) => signer.isVote({ planHash, person: personOf(vote) }, vote.seal))
    .map((vote) => personOf(vote));
  return { seal, valid: signer.isPlan(signed, seal), voters };
}
