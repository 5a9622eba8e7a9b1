import { expect, it } from 'vitest';
import { guardError } from './errors.ts';
import { StreamTails } from './store-tails.ts';

it('ends a tail that was reading at the moment the store closed', async () => {
  let closed = false;
  let answer: () => void = () => undefined;
  const tails = new StreamTails({
    read: async () => {
      if (closed) throw guardError('GUARD_STATE_CLOSED');
      await new Promise<void>((resolve) => (answer = resolve));
      return [];
    },
    lastSeq: () => 0,
  });
  const { signal } = new AbortController();
  const next = tails.tail('s', 0, { signal, traceId: 't' }).next();
  await Promise.resolve();
  closed = true;
  tails.wakeAll();
  answer();
  await expect(next).rejects.toMatchObject({ code: 'GUARD_STATE_CLOSED' });
});
