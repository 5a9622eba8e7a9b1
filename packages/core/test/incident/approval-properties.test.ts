import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ApprovalSigner } from '../../src/decision/approval-signer.ts';
import { decide, type IncidentEvent } from '../../src/incident/index.ts';
import type { Incident, Policy } from '../../src/model/index.ts';
import { personOf } from '../../src/model/index.ts';
import { approvalFacts } from '../../src/pipeline/approvals/approval-facts.ts';
import { facts, finding, openIncident } from './fixtures.ts';

const signer = new ApprovalSigner();
signer.open(new Uint8Array(32).fill(1));
const stranger = new ApprovalSigner();
stranger.open(new Uint8Array(32).fill(2));

const policyOf = (quorum: number): Policy =>
  ({
    ...openIncident().policy,
    mode: 'approve',
    approvals: { quorum, remindEveryMs: 60_000, secondTierAfterMs: 100_000, onExpiry: 'escalate' },
    gate: { approvalTtlMs: 300_000 },
  }) as unknown as Policy;

type Move =
  | { readonly do: 'vote'; readonly by: string; readonly forged: boolean }
  | { readonly do: 'replace' }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'heal' | 'due' };

const persons = ['ann', 'bob', 'cid', 'dan'];
const moves: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('vote' as const),
      by: fc.constantFrom(...persons, 'ANN', ' bob'),
      forged: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'replace' as const }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 200_000 }) }) },
  { weight: 2, arbitrary: fc.constant({ do: 'due' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'heal' as const }) },
);

describe('approvals', () => {
  it('never begin a plan without as many different persons, in time, for the plan as it is', () => {
    let begun = 0;
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3 }), fc.array(moves, { maxLength: 40 }), (quorum, all) => {
        let incident: Incident = openIncident({ policy: policyOf(quorum) });
        let now = 2_000;
        let instance = 1;
        let agreed = new Set<string>();
        let asked = { hash: '', expiresAt: 0 };
        const apply = (event: IncidentEvent, change: object = {}): void => {
          const planHash = `hash of ${instance}`;
          const approval = approvalFacts(signer, incident, { planHash, now });
          const before = incident;
          const decided = decide(incident, event, facts({ now, planHash, approval, ...change }));
          incident = decided.incident;
          const rightly = agreed.size >= quorum && asked.hash === planHash && now < asked.expiresAt;
          expect({ begins: decided.begins, rightly: rightly || !decided.begins }).toEqual({
            begins: decided.begins,
            rightly: true,
          });
          begun += Number(decided.begins);
          if (incident.state === 'awaiting-approval' && before.state !== 'awaiting-approval') {
            agreed = new Set();
            asked = { hash: incident.approval.planHash, expiresAt: incident.approval.expiresAt };
          }
        };
        apply({ type: 'due' });
        for (const one of all) {
          if (incident.state === 'acting') return;
          if (one.do === 'pass') now += one.ms;
          if (one.do === 'replace') instance += 1;
          if (one.do === 'due' || one.do === 'replace') apply({ type: 'due' });
          if (one.do === 'heal')
            apply({ type: 'findings', findings: [], health: 'healthy' }, { findings: [], health: 'healthy' });
          if (one.do === 'vote' && incident.state === 'awaiting-approval') vote(one);
        }

        function vote({ by, forged }: Extract<Move, { do: 'vote' }>): void {
          if (incident.state !== 'awaiting-approval') return;
          const { planHash } = incident.approval;
          const person = personOf({ by });
          if (!forged) {
            agreed.add(person);
            apply({ type: 'approved', by, seal: signer.sealVote({ planHash, person }) });
            return;
          }
          // Written into the store by somebody without the key.
          const seal = stranger.sealVote({ planHash, person });
          const votes = [...incident.approval.votes, { by, at: now, seal }];
          incident = { ...incident, approval: { ...incident.approval, votes } };
        }
      }),
      { numRuns: 500 },
    );
    // Else nothing was tested.
    expect(begun).toBeGreaterThan(50);
  });

  it.each([
    ['its quorum', { quorum: 1 }],
    ['its expiry', { expiresAt: 9e15 }],
    ['its orderer', { orderedBy: 'ann' }],
  ])('are void when somebody changed %s', (_what, change) => {
    const incident = awaiting(2);
    const altered = { ...incident, approval: { ...incident.approval, ...change } };
    const approval = approvalFacts(signer, altered, { planHash: 'hash', now: 3_000 });
    expect(approval.valid).toBe(false);
    const yes = { type: 'approved', by: 'bob', seal: signer.sealVote({ planHash: 'hash', person: 'bob' }) } as const;
    const decided = decide(altered, yes, facts({ now: 3_000, approval, findings: [finding] }));
    expect(decided).toMatchObject({
      begins: false,
      incident: { state: 'open', because: { code: 'approval-invalid' } },
    });
  });

  it('are reminded of, climb a tier and end as declared', () => {
    let incident: Incident = awaiting(1);
    const seen: string[] = [];
    for (let now = 3_000; now <= 302_000; now += 1_000) {
      const decided = decide(
        incident,
        { type: 'due' },
        facts({ now, approval: { seal: '', valid: true, voters: [] } }),
      );
      if (decided.entry)
        seen.push(`${Math.round((now - 2_000) / 1_000)} ${decided.entry.type} ${decided.notices.join()}`);
      incident = decided.incident;
    }
    expect(seen).toEqual([
      '60 approval-reminded approval',
      '100 approval-second-tier approval',
      '160 approval-reminded approval',
      '220 approval-reminded approval',
      '280 approval-reminded approval',
      '300 escalated escalated',
    ]);
    expect(incident).toMatchObject({ state: 'escalated', because: { code: 'approval-expired' } });
  });
});

function awaiting(quorum: number): Extract<Incident, { state: 'awaiting-approval' }> {
  const open = openIncident({ policy: policyOf(quorum) });
  const approval = approvalFacts(signer, open, { planHash: 'hash', now: 2_000 });
  const { incident } = decide(open, { type: 'due' }, facts({ approval }));
  if (incident.state !== 'awaiting-approval') throw new Error(`it is ${incident.state}`);
  return incident;
}
