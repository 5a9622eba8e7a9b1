import { expect, test } from 'vitest';
import { mayGo } from './scale-in.ts';
import { aTask } from '../../test/swarm-samples.ts';

const slot = (name: string, node: string, state = 'running') => ({
  name,
  tasks: [aTask({ id: `t${name}`, node, state })],
});
const going = (slots: readonly ReturnType<typeof slot>[], replicas: number) =>
  mayGo(slots, replicas)
    .map(({ name }) => name)
    .sort();

test('on one node the highest slots go', () => {
  const slots = ['1', '2', '3', '10'].map((name) => slot(name, 'a'));
  expect(going(slots, 2)).toEqual(['10', '3']);
  expect(going(slots, 4)).toEqual([]);
  expect(going(slots, 0)).toEqual(['1', '10', '2', '3']);
});

test('what does not run goes first', () => {
  expect(going([slot('1', 'a', 'pending'), slot('2', 'a'), slot('3', 'a')], 2)).toEqual(['1']);
});

test('what has a node counts there, although it does not run yet', () => {
  const slots = [slot('1', 'a'), slot('2', 'a'), slot('3', 'b', 'starting')];
  expect(going(slots, 2)).toEqual(['2']);
  expect(going([slot('1', 'a', 'starting'), slot('2', 'a'), slot('3', 'b')], 2)).toEqual(['1']);
});

test('the fuller node gives first, and where nodes are even everybody of that rank may go', () => {
  expect(going([slot('1', 'a'), slot('2', 'a'), slot('3', 'b')], 2)).toEqual(['2']);
  expect(going([slot('1', 'a'), slot('2', 'b'), slot('3', 'c')], 2)).toEqual(['1', '2', '3']);
});
