import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

interface Told {
  readonly live: boolean;
  readonly waitMs?: number;
  readonly error?: Error;
}

interface PageApi {
  readonly change: (
    method: string,
    path: string,
    how: { readonly done: (answer: unknown) => void; readonly reread: () => Promise<unknown>[] },
  ) => Promise<void>;
  readonly EventStream: new (on: { event: (type: string) => void; state: (told: Told) => void }) => {
    close(): void;
    retryNow(): void;
  };
}

// The page has no build and no types; a variable keeps the compiler from asking for them.
const path = '../public/api.js';
const api = async (): Promise<PageApi> => (await import(path)) as PageApi;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('sessionStorage', { getItem: () => null });
});
afterEach(() => void vi.useRealTimers());

describe('a change that is done', () => {
  test('is told as done, also when nothing can be read after it', async () => {
    vi.stubGlobal('fetch', async () => Response.json({ id: 'hold_1' }));
    const { change } = await api();
    const told: unknown[] = [];
    const reread = () => [Promise.reject(new Error('away')), Promise.resolve()];
    await change('POST', '/api/v1/holds', { done: (answer) => void told.push(answer), reread });
    expect(told).toEqual([{ id: 'hold_1' }]);
  });

  test('is not told when it was refused, in the words of the guard', async () => {
    vi.stubGlobal('fetch', async () => Response.json({ detail: 'No.', remedy: 'Ask.' }, { status: 409 }));
    const { change } = await api();
    const done = vi.fn<(answer: unknown) => void>();
    await expect(change('POST', '/api/v1/holds', { done, reread: () => [] })).rejects.toThrow('No. Ask.');
    expect(done).not.toHaveBeenCalled();
  });
});

describe('the event stream of the page', () => {
  /** Begins a stream that is answered so; what was told of it, and the signals of the requests. */
  async function begin(answer: () => Promise<Response>) {
    const signals: AbortSignal[] = [];
    vi.stubGlobal('fetch', (_path: string, { signal }: { signal: AbortSignal }) => {
      signals.push(signal);
      return answer();
    });
    const { EventStream } = await api();
    const told: Told[] = [];
    const stream = new EventStream({ event: () => undefined, state: (state) => void told.push(state) });
    await vi.advanceTimersByTimeAsync(0);
    return { stream, told, signals };
  }

  const never = (): Promise<Response> => new Promise(() => undefined);
  const opened = (heartbeatMs: number) => async (): Promise<Response> => {
    const text = `event: stream.opened\ndata: {"heartbeatMs":${heartbeatMs}}\n\n`;
    const body = new ReadableStream({ start: (to) => to.enqueue(new TextEncoder().encode(text)) });
    return new Response(body);
  };

  test('is one, however often a person asks for it to be tried', async () => {
    const { stream, signals } = await begin(never);
    stream.retryNow();
    stream.retryNow();
    expect(signals).toHaveLength(1);
    stream.close();
  });

  test('is tried again at once when a person asks between two tries', async () => {
    const { stream, signals } = await begin(() => Promise.reject(new TypeError('refused')));
    stream.retryNow();
    await vi.advanceTimersByTimeAsync(0);
    expect(signals).toHaveLength(2);
    stream.close();
  });

  test.each([
    [15_000, 60_000],
    [120_000, 360_000],
  ])('with a sign of life each %i ms is dead after %i ms without one', async (heartbeatMs, deadMs) => {
    const { stream, signals } = await begin(opened(heartbeatMs));
    await vi.advanceTimersByTimeAsync(deadMs - 1);
    expect(signals[0]?.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(signals[0]?.aborted).toBe(true);
    stream.close();
  });

  test('says why it is refused, and comes back when that may pass', async () => {
    const busy = async () => Response.json({ detail: 'There are 100 streams.' }, { status: 503 });
    const { stream, told } = await begin(busy);
    expect(told).toMatchObject([{ live: false, waitMs: 1_000, error: { message: 'There are 100 streams.' } }]);
    stream.close();
  });

  test('does not come back to a guard that does not know its token', async () => {
    const { told } = await begin(async () => Response.json({ detail: 'Who?' }, { status: 401 }));
    expect(told).toMatchObject([{ live: false, error: { message: 'Who?' } }]);
    expect(told[0]?.waitMs).toBeUndefined();
  });
});
