import { describe, expect, it } from 'vitest';
import { ApprovalSigner } from '../decision/approval-signer.ts';
import type { Json } from '../model/index.ts';
import { resealing } from './resealed.ts';

const key = new Uint8Array(32).fill(1);
const terms = { quorum: 2, expiresAt: 5_000, orderedBy: 'ann' };
const approval = { planHash: 'h', requestedAt: 1, ...terms, seal: 'old', votes: [{ by: ' Ben', at: 2, seal: 'old' }] };
const value = { id: 'inc_1', state: 'awaiting-approval', approval };
const line = (of: Json, at = 'shard/3/incident/inc_1') => ({ k: 'state', key: at, value: of }) as const;

describe('approvals a replay begins with', () => {
  it('carry the signature of its key, on the plan and on each vote', () => {
    const signer = new ApprovalSigner();
    signer.open(key);
    const signed = resealing({ outputs: [] }, key)(line(value)) as unknown as typeof value;
    const { seal, votes } = signed.approval;
    expect(signer.isPlan({ incidentId: 'inc_1', planHash: 'h', ...terms }, seal)).toBe(true);
    expect(signer.isVote({ planHash: 'h', person: 'ben' }, votes[0]?.seal ?? '')).toBe(true);
    expect({ ...signed.approval, seal: 'old', votes: [] }).toEqual({ ...approval, votes: [] });
  });

  it('stay as they are where the recorded guard found a signature that was not its own', () => {
    const told = { k: 'd', t: 1, incident: 'inc_1', agent: 'a', seq: 3, type: 'x', state: 'open', text: '' } as const;
    const outputs = [{ ...told, code: 'approval-invalid' }];
    expect(resealing({ outputs }, key)(line(value))).toBe(value);
  });

  it.each<readonly [string, Json, string]>([
    ['an incident that waits for nobody', { id: 'inc_1', state: 'open' }, 'shard/3/incident/inc_1'],
    ['what is no incident', value, 'hold/inc_1'],
    ['nothing', null, 'shard/3/incident/inc_1'],
  ])('are all that is changed: %s stays', (_name, of, at) => {
    expect(resealing({ outputs: [] }, key)(line(of, at))).toBe(of);
  });
});
