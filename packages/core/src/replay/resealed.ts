import { ApprovalSigner } from '../decision/approval-signer.ts';
import { approvalTerms } from '../incident/index.ts';
import type { Incident, Json } from '../model/index.ts';
import { personOf } from '../model/index.ts';
import type { RecordData } from './record-data.ts';
import type { StateLine } from './record-format.ts';

const incidentKey = /^shard\/\d+\/incident\//;

/** Makes the approvals a life began with valid under the key of the replay. */
export type Reseal = (line: StateLine) => Json;

/**
 * The key that signed the approvals of a record is in no record, and a replay has another. What waited when the life
 * began is signed anew with it, so that it counts; where the recorded guard found that a signature was not its own, it
 * stays as it is and counts for nothing once more.
 */
export function resealing({ outputs }: Pick<RecordData, 'outputs'>, key: Uint8Array): Reseal {
  const signer = new ApprovalSigner();
  signer.open(key);
  const refused = new Set<string>();
  for (const line of outputs) if (line.k === 'd' && line.code === 'approval-invalid') refused.add(line.incident);
  return ({ key: place, value }) => {
    const incident = incidentKey.test(place) ? waiting(value) : undefined;
    return incident && !refused.has(incident.id) ? (resealed(incident, signer) as unknown as Json) : value;
  };
}

type Waiting = Incident & { readonly state: 'awaiting-approval' };

function waiting(value: Json): Waiting | undefined {
  const incident = value as unknown as Incident | null;
  return incident?.state === 'awaiting-approval' ? incident : undefined;
}

function resealed(incident: Waiting, signer: ApprovalSigner): Waiting {
  const { planHash, votes, requestedAt } = incident.approval;
  const seal = signer.sealPlan({ incidentId: incident.id, planHash, ...approvalTerms(incident, requestedAt) });
  const counted = votes.map((vote) => ({ ...vote, seal: signer.sealVote({ planHash, person: personOf(vote) }) }));
  return { ...incident, approval: { ...incident.approval, seal, votes: counted } };
}
