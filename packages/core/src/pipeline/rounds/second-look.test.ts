import { expect, it } from 'vitest';
import type { Orchestrator } from '../../contracts/index.ts';
import { createVirtualClock, noopLogger } from '../../runtime/index.ts';
import { SecondLook } from './second-look.ts';

/** Twenty agents of one orchestrator. */
function looks(look?: NonNullable<Orchestrator['look']>) {
  const clock = createVirtualClock();
  const agentOf = (slot: number) => ({ id: `web.${slot}`, orchestrator: 'world', instance: { id: `web.${slot}~1` } });
  const second = new SecondLook({
    fleet: { agent: (slot: number) => (slot < 20 ? { agent: agentOf(slot) } : undefined) } as never,
    clock,
    log: noopLogger,
    orchestrator: () => (look ? { look } : {}) as never,
  });
  return { clock, second };
}

it('looks at a suspected agent once at a time, and at no more than 16', async () => {
  const seen: string[] = [];
  let answer = (): void => undefined;
  const { clock, second } = looks(async (_, agentId) => {
    seen.push(agentId);
    await new Promise<void>((resolve) => void (answer = resolve));
  });
  second.look(0);
  second.look(0);
  expect(seen).toEqual(['web.0']);
  answer();
  await clock.advance(0);
  for (let slot = 0; slot < 30; slot += 1) second.look(slot);
  expect(seen).toHaveLength(1 + 16);
  const stopped = second.stop();
  await clock.advance(0);
  await stopped;
});

it('gives up a look that is not answered, and survives one that fails', async () => {
  let count = 0;
  const { clock, second } = looks(() => {
    count += 1;
    return count === 1 ? new Promise<never>(() => undefined) : Promise.reject(new Error('away'));
  });
  second.look(0);
  await clock.advance(5_000);
  second.look(0);
  await clock.advance(0);
  second.look(0);
  expect(count).toBe(3);
  await second.stop();
});

it('asks nothing of an orchestrator that cannot look, nor about an agent that is gone', async () => {
  const { second } = looks();
  second.look(0);
  second.look(25);
  await second.stop();
});
