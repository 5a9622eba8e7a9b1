import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { everything, finding, incidentFacts, policy } from '../../test/decision-fixtures.ts';
import type { IncidentFacts } from '../contracts/index.ts';
import type { Assessment, Attempt, Draw, Plan } from '../model/index.ts';
import { rungs } from '../model/index.ts';
import { ladderStrategy } from './ladder-strategy.ts';

const assessed = (severity: number): Assessment => ({
  severity,
  factors: [],
  dataLossRisk: false,
  securityIncident: false,
  signature: 'exited',
});

const draw = (rung: Draw['rung'], chance: number, trials = 10): Draw => ({ rung, chance, healed: trials, failed: 0 });
const draws = (restart: Draw, recreate: Draw, respawn: Draw = draw('respawn', 0.5)) => [restart, recreate, respawn];

function planned(severity: number, change: Partial<IncidentFacts>): Plan | undefined {
  const proposal = ladderStrategy.propose(incidentFacts(change), assessed(severity), everything);
  return proposal.act ? proposal.value : undefined;
}

const failed = (rung: Plan['rung']): Attempt =>
  ({ plan: { rung }, steps: [], verdict: 'failed' }) as unknown as Attempt;

describe('what was learned', () => {
  const better = draws(draw('restart', 0.9), draw('recreate', 0.4));

  it('chooses a gentler rung that drew at least as well', () => {
    const plan = planned(5, { learned: { mode: 'on', draws: better } });
    expect(plan).toMatchObject({ rung: 'restart', learned: { would: 'restart', ladder: 'recreate' } });
  });

  it('only says so in mode suggest, with its figures', () => {
    const facts = incidentFacts({ learned: { mode: 'suggest', draws: better } });
    const proposal = ladderStrategy.propose(facts, assessed(5), everything);
    expect(proposal).toMatchObject({ value: { rung: 'recreate', learned: { mode: 'suggest', would: 'restart' } } });
    expect(proposal.reason.text).toContain('would choose a restart (drawn: restart 0.90 of 10.0 outcomes');
  });

  it.each([
    ['fewer than five outcomes', draws(draw('restart', 0.9, 4.9), draw('recreate', 0.4))],
    ['a worse draw', draws(draw('restart', 0.3), draw('recreate', 0.4))],
  ])('changes nothing on %s', (_name, given) => {
    expect(planned(5, { learned: { mode: 'on', draws: given } })).toMatchObject({ rung: 'recreate' });
  });

  it('goes below no line that asks for a rung at least', () => {
    const useWhen = [{ name: 'own', kind: '*', least: 'recreate', reason: 'so' } as const];
    const own = { ...policy, ladder: { ...policy.ladder, useWhen } };
    expect(planned(5, { learned: { mode: 'on', draws: better }, policy: own })).toMatchObject({ rung: 'recreate' });
  });

  it('never chooses a costlier rung than the ladder, one that failed, or one without the approval it needs (R23)', () => {
    const chance = fc.double({ min: 0.01, max: 0.99, noNaN: true });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10 }),
        fc.tuple(chance, chance, chance),
        fc.constantFrom<Plan['rung'][]>([], ['restart'], ['restart', 'recreate'], ['recreate']),
        (severity, [a, b, c], tried) => {
          const attempts = tried.map(failed);
          const learned = {
            mode: 'on',
            draws: draws(draw('restart', a), draw('recreate', b), draw('respawn', c)),
          } as const;
          const plan = planned(severity, { learned, attempts });
          const usual = planned(severity, { attempts });
          const rank = (one: Plan | undefined): number => (one ? rungs.indexOf(one.rung) : rungs.length);
          expect(rank(plan)).toBeLessThanOrEqual(rank(usual));
          expect(rank(plan)).toBeGreaterThan(Math.max(-1, ...tried.map((rung) => rungs.indexOf(rung))));
          expect([plan === undefined, plan?.needsApproval]).toEqual([usual === undefined, usual?.needsApproval]);
        },
      ),
    );
  });
});

describe('where one kind of evidence speaks alone', () => {
  const silent = [finding({ kind: 'probe-failed', evidence: 'probe', proven: false })];
  const two = [...silent, finding({ id: 'e:k', kind: 'heartbeat-timeout', evidence: 'heartbeat', proven: false })];

  it.each([4, 6, 8])('a restart is the most that severity %d gets (R06)', (severity) => {
    expect(planned(severity, { findings: silent })?.rung).toBe('restart');
    expect(planned(severity, { findings: two })?.rung).not.toBe('restart');
  });

  it('says which rung it would be otherwise', () => {
    const proposal = ladderStrategy.propose(incidentFacts({ findings: silent }), assessed(5), everything);
    expect(proposal.reason.text).toContain('restart; not recreate: only one kind of evidence speaks against it');
  });

  it('no line of the table lifts it, and no critical severity is kept from a person', () => {
    const useWhen = [{ name: 'own', kind: '*', least: 'respawn', reason: 'so' } as const];
    const own = { ...policy, ladder: { ...policy.ladder, useWhen } };
    expect(planned(2, { findings: silent, policy: own })?.rung).toBe('restart');
    expect(planned(10, { findings: silent })).toMatchObject({ rung: 'respawn', needsApproval: {} });
  });

  it('a failed restart is the second kind, and a restart that is not to be had is not proposed', () => {
    expect(planned(5, { findings: silent, attempts: [failed('restart')] })?.rung).toBe('recreate');
    const without = everything.filter(({ action }) => action !== 'restart');
    const proposal = ladderStrategy.propose(incidentFacts({ findings: silent }), assessed(5), without);
    expect(proposal).toMatchObject({ value: { rung: 'recreate' } });
  });
});

describe('another way on the same rung', () => {
  const restoring = (id: string, plan: Partial<Plan> = {}): Attempt =>
    ({
      plan: { rung: 'respawn', ...plan },
      verdict: 'failed',
      steps: [{ state: 'finished', effect: { type: 'restore', checkpointId: id }, receipt: { result: 'succeeded' } }],
    }) as unknown as Attempt;
  const change = (alternative: 'older-checkpoint' | 'without-state' | 'none'): Partial<IncidentFacts> => ({
    attempts: [restoring('ckp_2')],
    checkpoints: ['ckp_2', 'ckp_1'],
    policy: { ...policy, ladder: { ...policy.ladder, respawn: { ...policy.ladder.respawn, alternative } } },
  });

  it('is a respawn with an older checkpoint when the one that was restored did not heal', () => {
    expect(planned(8, change('older-checkpoint'))).toMatchObject({
      rung: 'respawn',
      variant: 'older-checkpoint',
      restoreState: true,
      avoid: ['ckp_2'],
    });
  });

  it('is a respawn without state where the policy says so', () => {
    expect(planned(8, change('without-state'))).toMatchObject({ variant: 'without-state', restoreState: false });
  });

  it('asks for a person where severity does', () => {
    expect(planned(9, change('older-checkpoint'))).toMatchObject({ needsApproval: { code: 'approval-required' } });
  });

  it.each([
    ['the policy has none', change('none')],
    ['there is no older checkpoint', { ...change('older-checkpoint'), checkpoints: ['ckp_2'] }],
    [
      'it was tried already',
      { ...change('older-checkpoint'), attempts: [restoring('ckp_2', { variant: 'older-checkpoint' })] },
    ],
    ['nothing was restored', { ...change('older-checkpoint'), attempts: [failed('respawn')] }],
  ])('is not there when %s', (_name, given) => {
    expect(planned(8, given)).toBeUndefined();
  });
});

describe('a security incident', () => {
  const secure = { ...assessed(9), securityIncident: true };
  const propose = (change: Partial<IncidentFacts>) =>
    ladderStrategy.propose(incidentFacts({ findings: [finding()], ...change }), secure, everything);

  it('isolates first, and then asks before anything destroys evidence', () => {
    expect(propose({})).toMatchObject({ value: { rung: 'escalate', contain: { for: 'security' } } });
    const contained = { plan: { rung: 'escalate', contain: { for: 'security' } }, steps: [], verdict: 'contained' };
    expect(propose({ attempts: [contained as unknown as Attempt] })).toMatchObject({
      value: { rung: 'respawn', needsApproval: { code: 'approval-required' } },
    });
  });
});
