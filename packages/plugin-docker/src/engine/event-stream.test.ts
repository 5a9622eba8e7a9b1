import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { type EngineEvent, eventsOf, stampAt } from './event-stream.ts';

const die =
  '{"Type":"container","Action":"die","Actor":{"ID":"c1","Attributes":{"exitCode":"137","name":"web"}},"time":1795959521,"timeNano":1795959521450529708}';
const service = '{"Type":"service","Action":"update","Actor":{"ID":"s1"},"time":1795959522}';

async function collect(chunks: readonly (string | Buffer)[]): Promise<EngineEvent[]> {
  const events: EngineEvent[] = [];
  for await (const event of eventsOf(Readable.from(chunks, { objectMode: false }))) events.push(event);
  return events;
}

describe('the event stream', () => {
  it('gives each line as an event, with its time to the nanosecond', async () => {
    const events = await collect([`${die}\n${service}\n`]);
    expect(events).toEqual([
      {
        type: 'container',
        action: 'die',
        id: 'c1',
        attributes: { exitCode: '137', name: 'web' },
        at: 1_795_959_521_450.5298,
        stamp: '1795959521.450529708',
      },
      {
        type: 'service',
        action: 'update',
        id: 's1',
        attributes: {},
        at: 1_795_959_522_000,
        stamp: '1795959522.000000000',
      },
    ]);
  });

  it('joins lines that were split anywhere, also within a character', async () => {
    const line = Buffer.from(`${die.replace('"web"', '"wäb"')}\n`);
    const at = line.indexOf(0xc3) + 1;
    const events = await collect([line.subarray(0, 20), line.subarray(20, at), line.subarray(at)]);
    expect(events.map(({ attributes }) => attributes['name'])).toEqual(['wäb']);
  });

  it('ends with the stream, and throws when it breaks and when it is not a stream of events', async () => {
    expect(await collect([`${die}\n`])).toHaveLength(1);
    await expect(collect(['<html>\n'])).rejects.toThrow('no JSON');
    await expect(collect(['x'.repeat(1_000_001)])).rejects.toThrow('no end');
    const broken = new Readable({
      read() {
        this.destroy(new Error('ECONNRESET'));
      },
    });
    await expect(eventsOf(broken).next()).rejects.toThrow('ECONNRESET');
  });
});

it('a time in an answer of the engine is a place among its events, to the nanosecond', () => {
  expect(stampAt('2026-01-01T00:00:00.123456789Z')).toBe('1767225600.123456789');
  expect(stampAt('2026-01-01T02:00:01.5+02:00')).toBe('1767225601.500000000');
  expect(stampAt('2026-01-01T00:00:00Z')).toBe('1767225600.000000000');
  for (const none of ['0001-01-01T00:00:00Z', '']) expect(stampAt(none)).toBeUndefined();
});
