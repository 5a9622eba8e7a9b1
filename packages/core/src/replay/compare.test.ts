import { expect, it } from 'vitest';
import { compare } from './compare.ts';
import type { DecisionLine, OutputLine } from './record-format.ts';

const d = (t: number, given: Partial<DecisionLine> = {}): DecisionLine => ({
  t,
  k: 'd',
  incident: 'inc_1',
  agent: 'web.1',
  seq: 1,
  type: 'waiting',
  state: 'open',
  code: 'backoff',
  text: 'The last attempt was 3s ago.',
  ...given,
});
const raised = (t: number): OutputLine => ({ t, k: 'f', agent: 'web.1', what: 'raised exited', text: 'it ended' });
const acts = (t: number): DecisionLine =>
  d(t, { type: 'attempt-started', state: 'acting', code: 'rung-chosen', rung: 'restart', severity: 3 });

const end = 100_000;

it('the same lines are identical', () => {
  const lines = [raised(1), d(2), acts(3)];
  expect(compare(lines, structuredClone(lines), end)).toMatchObject({ identical: true, same: true, differences: [] });
});

it('other times, ids and figures are the same decision, and the shift is told', () => {
  const other = [
    d(302, { incident: 'inc_2', text: 'The last attempt was 4s ago.' }),
    { ...acts(303), incident: 'inc_2' },
  ];
  const found = compare([d(2), acts(3)], other, end);
  expect(found).toMatchObject({ identical: false, same: true, largestShiftMs: 300 });
});

it('a wait that is said more often is the same wait', () => {
  expect(compare([d(1), d(500), d(900), acts(1_000)], [d(1), acts(1_000)], end).same).toBe(true);
});

it('a wait of a moment that one of them lacks is none: on a real clock it comes and goes by chance', () => {
  expect(compare([d(5_000), acts(5_400)], [acts(5_600)], end).same).toBe(true);
  expect(compare([acts(5_600)], [d(5_000), acts(5_400)], end).same).toBe(true);
  expect(compare([d(5_000), acts(9_000)], [acts(9_000)], end).same).toBe(false);
});

it('what joined a picture and decides nothing is not compared', () => {
  const joined = d(5, { type: 'findings', code: 'finding-joined' });
  expect(compare([d(1), joined, acts(9)], [d(1), acts(9)], end).same).toBe(true);
});

it.each([
  ['another rung', { rung: 'recreate' }],
  ['another severity of an attempt', { severity: 8 }],
])('%s is a difference', (_what, given) => {
  const { same, differences } = compare([d(1), acts(2), d(3)], [d(1), { ...acts(2), ...given }, d(3)], end);
  expect(same).toBe(false);
  expect(differences).toMatchObject([{ agent: 'web.1', was: { rung: 'restart' }, wouldBe: given, more: 1 }]);
});

it('of each agent the first difference is told, the earliest first', () => {
  const was = [d(50, { agent: 'b' }), d(10, { agent: 'a' }), acts(60)];
  const is = [d(50, { agent: 'b', code: 'hold' }), d(10, { agent: 'a', code: 'hold' }), acts(60)];
  expect(compare(was, is, end).differences.map(({ agent }) => agent)).toEqual(['a', 'b']);
});

it('one that decided nothing at all differs from one that decided', () => {
  expect(compare([acts(2)], [], end).differences).toMatchObject([{ wouldBe: undefined, more: 0 }]);
  expect(compare([], [acts(2)], end).differences).toMatchObject([{ was: undefined, more: 0 }]);
});

it('what was still to come when the record ended is no difference', () => {
  expect(compare([d(1), acts(end - 200)], [d(1)], end).same).toBe(true);
  expect(compare([d(1)], [d(1), acts(end)], end)).toMatchObject({ same: true, identical: true });
});

it('suspicions that come earlier, later, or not at all are counted', () => {
  const was = [raised(1_000), raised(50_000), raised(80_000)];
  expect(compare(was, [raised(1_100), raised(40_000)], end).suspicions).toEqual({
    same: 1,
    earlier: 1,
    later: 0,
    onlyRecorded: 1,
    onlyReplayed: 0,
  });
});
