import { describe, expect, it } from 'vitest';
import { isGuardError } from '../contracts/index.ts';
import { createVirtualClock } from '../testing/virtual-clock.ts';
import { SerialQueue } from './serial-queue.ts';

describe('SerialQueue', () => {
  it('runs the work of a key one after another, and keys beside each other', async () => {
    const clock = createVirtualClock();
    const queue = new SerialQueue({ name: 'decisions' });
    const log: string[] = [];
    const work = (name: string, forMs: number) => async () => {
      log.push(`${name} begins`);
      await clock.sleep(forMs);
      log.push(`${name} ends`);
      return name;
    };
    const all = Promise.all([
      queue.run('a', work('a1', 20)),
      queue.run('a', work('a2', 5)),
      queue.run('b', work('b1', 10)),
    ]);
    await clock.advance(100);
    expect(await all).toEqual(['a1', 'a2', 'b1']);
    expect(log).toEqual(['a1 begins', 'b1 begins', 'b1 ends', 'a1 ends', 'a2 begins', 'a2 ends']);
  });

  it('gives a failure to its caller alone', async () => {
    const queue = new SerialQueue({ name: 'decisions' });
    const failing = queue.run(1, () => {
      throw new TypeError('mine');
    });
    const next = queue.run(1, () => 'fine');
    await expect(failing).rejects.toThrow('mine');
    await expect(next).resolves.toBe('fine');
    expect(queue.size).toBe(0);
  });

  it('takes no more than its bound', async () => {
    const queue = new SerialQueue({ name: 'decisions', max: 2 });
    const pending = [queue.run(1, () => 1), queue.run(2, () => 2)];
    const refused = await queue.run(3, () => 3).catch((error: unknown) => error);
    expect(isGuardError(refused, 'GUARD_OVERLOADED')).toBe(true);
    await Promise.all(pending);
    await expect(queue.run(3, () => 3)).resolves.toBe(3);
  });

  it('says when it is idle', async () => {
    const clock = createVirtualClock();
    const queue = new SerialQueue({ name: 'decisions' });
    await queue.idle();
    let idle = false;
    void queue.run(1, () => clock.sleep(10)).then(() => queue.run(1, () => clock.sleep(10)));
    void queue.idle().then(() => (idle = true));
    await clock.advance(9);
    expect(idle).toBe(false);
    await clock.advance(20);
    expect(idle).toBe(true);
    expect(queue.size).toBe(0);
  });
});
