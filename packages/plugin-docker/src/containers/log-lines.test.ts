import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { beginning, Frames, LogReader, type Page, type Place, placeOf, sinceOf, textOf } from './log-lines.ts';

const mib = 1024 ** 2;
const stamp = (nanos: number, second = 0): string =>
  `2026-11-29T14:00:${String(second).padStart(2, '0')}.${String(nanos).padStart(9, '0')}Z`;

function frame(stream: number, payload: string | Buffer): Buffer {
  const bytes = Buffer.from(payload);
  const header = Buffer.alloc(8);
  header.writeUInt8(stream, 0);
  header.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
}

const out = (at: string, text: string): Buffer => frame(1, `${at} ${text}`);
const err = (at: string, text: string): Buffer => frame(2, `${at} ${text}`);

function read(pieces: readonly (Buffer | string)[], after: Place = beginning, maxBytes = mib): Page {
  const reader = new LogReader({ after, maxBytes });
  for (const piece of pieces) reader.push(Buffer.from(piece));
  return reader.end();
}

/** The same bytes, cut into pieces of some length. */
function cut(bytes: Buffer, length: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / length) }, (_, at) =>
    bytes.subarray(at * length, (at + 1) * length),
  );
}

describe('frames', () => {
  it('are put together however they were cut, and empty ones do no harm', () => {
    const bytes = Buffer.concat([frame(1, 'one'), frame(2, ''), frame(2, 'two'), frame(3, 'x'.repeat(70_000))]);
    for (const length of [1, 7, 8, 9, 1_000, bytes.length]) {
      const taken: [number, string][] = [];
      const frames = new Frames((stream, payload) => taken.push([stream, payload.toString()]));
      for (const piece of cut(bytes, length)) frames.push(piece);
      expect(taken).toEqual([
        [1, 'one'],
        [2, ''],
        [2, 'two'],
        [3, 'x'.repeat(70_000)],
      ]);
    }
  });

  it('are not made of what is no frame, and none is waited for that has no end', () => {
    const frames = new Frames(() => undefined);
    expect(() => frames.push(Buffer.from('plain text'))).toThrow('no frame');
    const endless = Buffer.from([1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
    expect(() => new Frames(() => undefined).push(endless)).toThrow('no frame');
  });
});

describe('lines of a log', () => {
  it('come in the order of the engine from both outputs, without their times and ends', () => {
    const page = read([out(stamp(1), 'a\n'), err(stamp(2), 'b\n'), out(stamp(3), '\n'), err(stamp(4), 'c\r\n')]);
    expect(page.lines).toEqual(['a', 'b', '', 'c']);
    expect(page.end).toEqual({ stamp: stamp(4), seen: 1 });
  });

  it('are joined where the engine cut them at 16 KiB, also when the other output came between, and within a character', () => {
    const half = Buffer.from('ä');
    const first = Buffer.concat([Buffer.from(`${stamp(1)} ${'x'.repeat(16_383)}`), half.subarray(0, 1)]);
    const rest = Buffer.concat([Buffer.from(`${stamp(1)} `), half.subarray(1), Buffer.from('end\n')]);
    const page = read([frame(1, first), err(stamp(2), 'other\n'), frame(1, rest)]);
    expect(page.lines).toEqual([`${'x'.repeat(16_383)}äend`, 'other']);
    expect(page.end).toEqual({ stamp: stamp(1), seen: 2 });
  });

  it('are not joined when the first has no end and the next is of another time', () => {
    expect(read([out(stamp(1), 'no end'), out(stamp(2), 'next\n')]).lines).toEqual(['no end', 'next']);
  });

  it('may share a frame, or have one that begins without a time', () => {
    const page = read([frame(1, `${stamp(1)} a\n${stamp(2)} b`), frame(1, ' and more\n'), frame(1, 'alone\n')]);
    expect(page.lines).toEqual(['a', 'b and more', 'alone']);
    expect(page.end).toEqual({ stamp: stamp(2), seen: 1 });
    expect(read([frame(1, 'no time at all\n')])).toMatchObject({ lines: ['no time at all'], end: undefined });
  });

  it('are read from a terminal, which has no frames, and joined there by their time', () => {
    const long = `${stamp(1)} ${'x'.repeat(16_384)}${stamp(1)} ${'y'.repeat(16_384)}${stamp(1)} z\r\n`;
    const bytes = Buffer.from(`${long}${stamp(2)} next\r\n${stamp(3)} prompt$ `);
    for (const length of [1_000, 31, bytes.length]) {
      const page = read(cut(bytes, length));
      expect(page.lines).toEqual([`${'x'.repeat(16_384)}${'y'.repeat(16_384)}z`, 'next', 'prompt$ ']);
      expect(page).toMatchObject({ messages: 5, end: { stamp: stamp(3), seen: 1 } });
    }
  });

  it('are given from a terminal that writes megabytes without a line end', () => {
    const parts = Array.from({ length: 200 }, () => `${stamp(1)} ${'x'.repeat(16_384)}`);
    const page = read([...cut(Buffer.from(parts.join('')), 65_536), '\r\n']);
    expect(page.lines).toEqual(['x'.repeat(63 * 16_384)]);
    expect(page).toMatchObject({ skippedBytes: 137 * 16_384, messages: 200 });
    const undivided = read([`${stamp(1)} `, ...cut(Buffer.alloc(100 * 16_384, 'x'), 65_536), '\r\n']);
    expect(undivided).toMatchObject({ lines: [expect.stringMatching(/^x{900000,}$/)], messages: 1 });
  });

  it('are not spoilt by colours, bytes that are no text, and messages of the engine', () => {
    const odd = Buffer.concat([Buffer.from(`${stamp(2)} `), Buffer.from([0xff, 0xfe, 0x00]), Buffer.from('b\n')]);
    const page = read([out(stamp(1), '\u001b[31mERROR\u001b[0m a\n'), frame(1, odd), frame(3, 'Error grabbing logs')]);
    expect(page.lines).toEqual(['ERROR a', '\ufffd\ufffd\u0000b']);
  });

  it('are there of an empty log: none', () => {
    expect(read([])).toMatchObject({ lines: [], end: undefined, messages: 0, found: false, ofOneMoment: false });
    expect(read([Buffer.alloc(0), out(stamp(1), 'a\n')]).lines).toEqual(['a']);
  });

  it('are the last ones when there is no room for all, and the others are counted', () => {
    const log = Array.from({ length: 5_000 }, (_, at) => out(stamp(at), `line ${String(at).padStart(4, '0')}\n`));
    expect(read(log, beginning, 100)).toMatchObject({
      lines: Array.from({ length: 10 }, (_, at) => `line ${4_990 + at}`),
      skippedBytes: 49_900,
    });
  });

  it('may be longer than there is room: their end is kept', () => {
    expect(read([out(stamp(1), 'before\n'), out(stamp(2), `${'x'.repeat(50)}end\n`)], beginning, 10)).toMatchObject({
      lines: ['xxxxxxend'],
      skippedBytes: 7 + 44,
    });
  });
});

describe('a place in a log', () => {
  it('survives as text, and other text is no place', () => {
    for (const place of [beginning, { stamp: stamp(5), seen: 3 }, { stamp: '2026-11-29T14:00:00+01:00', seen: 1 }])
      expect(placeOf(textOf(place))).toEqual(place);
    for (const text of ['', '1', '@', 'x@y', '1@yesterday', '-1@', `1 @${stamp(1)}`])
      expect(placeOf(text)).toBeUndefined();
  });

  it('is looked for from one second before it, to the nanosecond', () => {
    expect(sinceOf({ stamp: '2026-11-29T14:00:01.020304050Z', seen: 1 })).toBe('1795960800.020304050');
    expect(sinceOf({ stamp: '2026-11-29T15:00:01.5+01:00', seen: 1 })).toBe('1795960800.500000000');
    expect(sinceOf(beginning)).toBeUndefined();
  });

  it('divides messages of the same nanosecond', () => {
    const log = ['a\n', 'b\n', 'c\n'].map((text) => out(stamp(1), text));
    const lines = [0, 1, 2, 3].map((seen) => read(log, { stamp: stamp(1), seen }).lines);
    expect(lines).toEqual([['a', 'b', 'c'], ['b', 'c'], ['c'], []]);
  });

  it('does not lose what was stamped earlier and written later', () => {
    const page = read([out(stamp(5), 'seen\n'), err(stamp(4), 'late\n')], { stamp: stamp(5), seen: 1 });
    expect(page).toMatchObject({ lines: ['late'], found: true, end: { stamp: stamp(4), seen: 1 } });
  });

  it('that is not there any more lies before all that is', () => {
    expect(read([out(stamp(7), 'a\n')], { stamp: stamp(1), seen: 1 })).toMatchObject({ lines: ['a'], found: false });
  });

  it('lets each message through once, wherever the reading is broken off', () => {
    const message = fc.record({
      stream: fc.constantFrom(1, 2),
      step: fc.constantFrom(0, 0, 1, 2, -1),
      text: fc.constantFrom('', 'a', 'ERROR b', 'ä'.repeat(20)),
    });
    const reads = fc.array(fc.nat({ max: 8 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 40 }), reads, fc.boolean(), (messages, steps, terminal) => {
        let nanos = 1_000;
        const log = messages.map(({ stream, step, text }, at) => {
          nanos += step;
          const line = `${stamp(nanos)} ${at} ${text}\n`;
          return terminal ? Buffer.from(line) : frame(stream, line);
        });
        let place = beginning;
        let written = 0;
        const given: string[] = [];
        for (const step of [...steps, log.length]) {
          written = Math.min(log.length, written + step);
          const page = read(log.slice(0, written), place);
          given.push(...page.lines);
          place = page.end ?? place;
        }
        expect(given).toEqual(messages.map(({ text }, at) => `${at} ${text}`));
      }),
    );
  });
});
