import { describe, expect, it } from 'vitest';
import { anyone, load, problemsOf } from '../../test/config-kit.ts';

const rule = (change: object): object => ({ severity: { rules: [{ when: 'true', reason: 'so', add: 1, ...change }] } });
const line = (change: object): object => ({ ladder: { useWhen: [{ name: 'own', reason: 'so', ...change }] } });

describe('rules of the config', () => {
  it('become the policy of everybody, and a list of a group takes the place of it', async () => {
    const { policyOf } = await load({
      ...rule({ when: 'finding.text.glob("*disk*")', set: 'dataLossRisk' }),
      ladder: {
        restart: { drain: '1s', backoff: { base: '2s' } },
        useWhen: [{ name: 'own', label: 'tier=*', approve: true, reason: 'so' }],
      },
      learning: { ranking: 'suggest' },
      groups: { db: { severity: { rules: [] }, ladder: { respawn: { drain: '20s', alternative: 'none' } } } },
    });
    expect(policyOf(anyone)).toMatchObject({
      severity: { rules: [{ set: 'dataLossRisk', add: 1 }] },
      ladder: {
        restart: { drainMs: 1_000, backoff: { baseMs: 2_000 } },
        respawn: { alternative: 'older-checkpoint' },
        useWhen: [{ name: 'own' }],
      },
      learning: { ranking: 'suggest' },
    });
    const db = policyOf({ ...anyone, group: 'db' });
    expect(db).toMatchObject({
      severity: { rules: [] },
      ladder: {
        restart: { drainMs: 1_000 },
        respawn: { drainMs: 20_000, alternative: 'none' },
        useWhen: [{ name: 'own' }],
      },
    });
    expect(db.ladder.recreate).not.toHaveProperty('drainMs');
  });

  it.each([
    ['a word nobody knows', rule({ when: 'finding.kinds == "x"' }), 'severity.rules[0].when', /kinds/],
    ['a regular expression', rule({ when: 'finding.text.matches("(a+)+")' }), 'severity.rules[0].when', /matches/],
    ['no answer', rule({ when: '1 + 1' }), 'severity.rules[0].when', /gives int/],
    ['half an expression', line({ when: 'health ==', approve: true }), 'ladder.useWhen[0].when', /EOF/],
    ['no effect', rule({ add: undefined }), 'severity.rules[0]', /set, add/],
    ['no condition', line({ approve: true }), 'ladder.useWhen[0]', /kind, signature/],
    ['a line without effect', line({ kind: 'errors' }), 'ladder.useWhen[0]', /least, prefer/],
    ['both ways at once', line({ kind: 'x', least: 'recreate', prefer: 'restart' }), 'ladder.useWhen[0].prefer', /one/],
  ])('refuses %s with place, reason and remedy', async (_name, config, path, allowed) => {
    const [problem, ...others] = await problemsOf(JSON.parse(JSON.stringify(config)));
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ path, allowed: expect.stringMatching(allowed) });
    expect(problem?.remedy).not.toBe('');
    expect(problem?.found).not.toBe('');
  });

  it('finds the mistake of a group at its place, and names given twice', async () => {
    const twice = { name: 'own', kind: 'x', add: 1, reason: 'so' };
    const found = await problemsOf({ groups: { web: { ladder: { useWhen: [twice, twice] } } } });
    expect(found).toMatchObject([{ path: 'groups.web.ladder.useWhen[1].name' }]);
    const pace = { ladder: { respawn: { backoff: { base: '10m', cap: '1m' } } } };
    expect(await problemsOf({ groups: { web: pace } })).toMatchObject([
      { path: 'groups.web.ladder.respawn.backoff.base' },
    ]);
  });

  it.each([{ add: 0 }, { add: -1 }, { add: 10 }])(
    'adds nothing that would lower or fill severity: %j',
    async (change) => {
      expect(await problemsOf(rule(change))).toMatchObject([{ path: 'severity.rules[0].add' }]);
    },
  );
});
