import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type BatchFault, type BatchItem, readArray, readLines } from './json-items.ts';

type Read = typeof readLines;

/** Cuts the text into chunks of the sizes given, over and over. */
async function read(
  by: Read,
  text: string,
  { sizes = [5], item = 100, total = 1_000_000 } = {},
): Promise<(BatchItem | BatchFault)[]> {
  const bytes = Buffer.from(text);
  const chunks: Buffer[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] as number;
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  const items: (BatchItem | BatchFault)[] = [];
  for await (const one of by(Readable.from(chunks, { objectMode: true }), { item, total })) items.push(one);
  return items;
}

describe('NDJSON', () => {
  test('gives each line with its number and passes empty ones over', async () => {
    expect(await read(readLines, '{"a":1}\n\n{"b":"ä"}\r\n')).toEqual([
      { index: 0, line: 1, text: '{"a":1}' },
      { index: 1, line: 3, text: '{"b":"ä"}\r' },
    ]);
  });

  test('gives a last line that was cut off', async () => {
    expect(await read(readLines, '{"a":1}\n{"b":')).toEqual([
      { index: 0, line: 1, text: '{"a":1}' },
      { index: 1, line: 2, text: '{"b":' },
    ]);
  });

  test('names a line that is too long and goes on behind it', async () => {
    const items = await read(readLines, `1\n"${'x'.repeat(50)}"\n2\n`, { item: 20 });
    expect(items).toEqual([
      { index: 0, line: 1, text: '1' },
      { index: 1, line: 2, fault: 'the line has more than 20 bytes' },
      { index: 2, line: 3, text: '2' },
    ]);
  });

  test('is the same however it is cut into chunks', async () => {
    const lines = fc.array(fc.json({ maxDepth: 2 }), { maxLength: 8 });
    const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(lines, sizes, async (texts, cut) => {
        const items = await read(readLines, texts.join('\n'), { sizes: cut, item: 10_000 });
        expect(items.map((one) => ('text' in one ? one.text : one.fault))).toEqual(texts);
      }),
      { numRuns: 50 },
    );
  });
});

describe('a JSON array', () => {
  test('gives its elements as they were written, however they are cut', async () => {
    const elements = fc.array(fc.json({ maxDepth: 3 }), { maxLength: 8 });
    const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(elements, sizes, async (texts, cut) => {
        const items = await read(readArray, ` [ ${texts.join(' , ')} ] `, { sizes: cut, item: 10_000 });
        expect(items.map((one) => ('text' in one ? JSON.parse(one.text) : one.fault))).toEqual(
          texts.map((text) => JSON.parse(text)),
        );
      }),
      { numRuns: 50 },
    );
  });

  test.each([
    ['{"a":1}', { index: 0, fault: 'it is not a JSON array', whole: true }],
    ['', { index: 0, fault: 'it is not a JSON array', whole: true }],
    ['[1,', { index: 1, fault: 'the array ends too early' }],
    ['[1,2', { index: 1, fault: 'the array ends too early' }],
    ['[1,,2]', { index: 1, fault: 'an element is missing' }],
    ['[1,]', { index: 1, fault: 'an element is missing' }],
    ['[1]x', { index: 1, fault: 'something follows after the array' }],
    ['[1}', { index: 1, fault: 'a bracket is closed that was not opened' }],
  ])('ends with the fault between elements of %j', async (text, fault) => {
    expect((await read(readArray, text)).at(-1)).toEqual(fault);
  });

  test('names an element that is too long and goes on behind it', async () => {
    expect(await read(readArray, `["${'x'.repeat(50)}",2]`, { item: 20 })).toEqual([
      { index: 0, fault: 'the element has more than 20 bytes' },
      { index: 1, text: '2' },
    ]);
  });
});

test.each([readLines, readArray])('%o refuses more bytes than the whole may have', async (by) => {
  const text = `[${'1,'.repeat(60)}1]`;
  await expect(read(by, text, { total: 100, item: 1_000 })).rejects.toMatchObject({ code: 'GUARD_HTTP_TOO_LARGE' });
});
