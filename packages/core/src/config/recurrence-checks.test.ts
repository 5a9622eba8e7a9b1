import { describe, expect, it } from 'vitest';
import { anyone, load, problemsOf } from '../../test/config-kit.ts';

const messagesOf = async (config: object): Promise<string> => JSON.stringify(await problemsOf(config));
const rate = { alert: 'page', factor: 2, long: '1h', short: '5m' };

describe('error budgets in the config', () => {
  it('have the table of the workbook by default', async () => {
    const { slo, flapping, recurrence } = (await load({})).policyOf(anyone);
    expect(
      slo.burn.rates.map(({ alert, factor, longMs, shortMs }) => [alert, factor, longMs / 60_000, shortMs / 60_000]),
    ).toEqual([
      ['page', 14.4, 60, 5],
      ['page', 6, 360, 30],
      ['ticket', 3, 1_440, 120],
      ['ticket', 1, 4_320, 360],
    ]);
    expect(slo.burn).toMatchObject({ windowMs: 30 * 86_400_000, latencyObjective: 0.99, minRequests: 100 });
    expect(flapping).toEqual({ windowMs: 1_800_000, high: 6, low: 2 });
    expect(recurrence).toMatchObject({ defectAfter: 3, movesMax: 3 });
  });

  it('are those of the group, where it has its own; an empty table switches the alerts off', async () => {
    const { policyOf } = await load({ groups: { web: { slo: { burn: { rates: [] } }, flapping: { high: 10 } } } });
    expect(policyOf(anyone).slo.burn.rates).toEqual([]);
    expect(policyOf(anyone).flapping).toMatchObject({ high: 10, low: 2 });
    expect(policyOf({ ...anyone, group: 'db' }).slo.burn.rates).toHaveLength(4);
  });

  it.each([
    [{ ...rate, long: '5m' }, 'long above short'],
    [{ ...rate, long: '5m', short: '1h' }, 'long above short'],
    [{ ...rate, factor: 0 }, 'factor'],
    [{ ...rate, long: '31d' }, 'long'],
    [{ ...rate, alert: 'mail' }, 'alert'],
    [{ alert: 'page', factor: 2, long: '1h' }, 'short'],
  ])('refuse the line %j', async (line, says) => {
    expect(await messagesOf({ slo: { burn: { rates: [line] } } })).toContain(says);
  });

  it('refuse thresholds of flapping that are no two thresholds', async () => {
    expect(await messagesOf({ flapping: { high: 4, low: 4 } })).toContain('below 4 (flapping.high)');
  });
});
