import { createRig } from '@praetorian-guard/core/testing';
import { expect, test } from 'vitest';
import { Vigil } from './vigil.ts';

const never = new AbortController().signal;

function bench() {
  const { clock } = createRig();
  const vigil = new Vigil(clock);
  const due = async (): Promise<readonly string[]> => {
    const waited = vigil.until(clock.monotonic() + 10_000, never);
    await clock.advance(10_000);
    await waited;
    return vigil.due();
  };
  return { clock, vigil, due };
}

test('whoever is stirred is due at once, also while one waits', async () => {
  const { clock, vigil } = bench();
  const waited = vigil.until(clock.monotonic() + 10_000, never);
  vigil.stir('s');
  await waited;
  expect(vigil.due()).toEqual(['s']);
});

test('it is looked at again for a while, since Swarm is slower than its containers', async () => {
  const { clock, vigil } = bench();
  vigil.stir('s');
  let looks = 0;
  for (; vigil.due().length > 0; looks += 1) {
    vigil.looked('s', false);
    await clock.advance(500);
  }
  expect(looks).toBeGreaterThan(5);
  expect(clock.monotonic()).toBeLessThan(6_500);
});

test('it is looked at for longer while something is on its way, and not for ever', async () => {
  const { clock, vigil, due } = bench();
  vigil.stir('s');
  vigil.looked('s', true);
  expect(await due()).toEqual(['s']);
  await clock.advance(120_000);
  vigil.looked('s', true);
  expect(await due()).toEqual([]);
});

test('whoever is forgotten is due no more', () => {
  const { vigil } = bench();
  vigil.stir('s');
  vigil.forget('s');
  expect(vigil.due()).toEqual([]);
});
