import { createVirtualClock } from '@praetorian-guard/core/testing';
import { expect, test } from 'vitest';
import { Usage } from './usage.ts';

test('the error rate is at most 1, though what failed was asked for before the time that is looked at', async () => {
  const clock = createVirtualClock();
  const usage = new Usage(clock);
  usage.requests = 10;
  await clock.advance(30_000);
  expect(usage.figures().error_rate).toBe(0);
  usage.requests += 1;
  usage.failures += 10;
  expect(usage.figures().error_rate).toBe(1);
});
