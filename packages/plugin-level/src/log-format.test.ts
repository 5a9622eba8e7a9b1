import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc32c, maskedCrc32c } from './crc32c.ts';
import { readLog } from './log-format.ts';

/** Writes records as LevelDB does (doc/log_format.md): split over blocks of 32 KiB, block ends padded with zeros. */
function writeLog(records: readonly Buffer[]): Buffer {
  const parts: Buffer[] = [];
  let size = 0;
  const push = (part: Buffer): void => {
    parts.push(part);
    size += part.length;
  };
  for (const record of records) {
    for (let from = 0, first = true; first || from < record.length; first = false) {
      if (32_768 - (size % 32_768) < 7) push(Buffer.alloc(32_768 - (size % 32_768)));
      const room = 32_768 - (size % 32_768) - 7;
      const data = record.subarray(from, from + room);
      from += data.length;
      const done = from >= record.length;
      const type = first ? (done ? 1 : 2) : done ? 4 : 3;
      const entry = Buffer.concat([Buffer.alloc(6), Buffer.from([type]), data]);
      entry.writeUInt16LE(data.length, 4);
      entry.writeUInt32LE(maskedCrc32c(entry, 6, entry.length), 0);
      push(entry);
    }
  }
  return Buffer.concat(parts);
}

const records = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.uint8Array({ maxLength: 300 }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 100_000 }).map((size) => new Uint8Array(size).fill(size % 256)) },
  ),
  { maxLength: 20 },
);

/** Stands for the bytes: comparing long arrays member by member takes seconds. */
const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('crc32c', () => {
  it('gives the check value of the catalogue and those of RFC 3720', () => {
    const of = (bytes: Buffer): number => crc32c(bytes, 0, bytes.length);
    expect(of(Buffer.from('123456789'))).toBe(0xe3069283);
    expect(of(Buffer.alloc(32))).toBe(0x8a9136aa);
    expect(of(Buffer.alloc(32, 0xff))).toBe(0x62a8ab43);
    expect(of(Buffer.from(Array.from({ length: 32 }, (_, at) => at)))).toBe(0x46dd794e);
  });
});

describe('readLog', () => {
  it('reads what was written', () => {
    fc.assert(
      fc.property(records, (written) => {
        const buffers = written.map((bytes) => Buffer.from(bytes));
        const { records: read, damagedAt } = readLog(writeLog(buffers));
        expect(damagedAt).toBeUndefined();
        expect(read.map(digest)).toEqual(buffers.map(digest));
      }),
    );
  });

  it('takes a log that was cut anywhere for a torn one, and reads a beginning of it', () => {
    fc.assert(
      fc.property(records, fc.nat(), (written, cut) => {
        const log = writeLog(written.map((bytes) => Buffer.from(bytes)));
        const { records: read, damagedAt } = readLog(log.subarray(0, cut % (log.length + 1)));
        expect(damagedAt).toBeUndefined();
        expect(read.map(digest)).toEqual(written.slice(0, read.length).map(digest));
      }),
    );
  });

  it('finds a flipped bit wherever it is, as long as a sound record follows', () => {
    fc.assert(
      fc.property(records, fc.nat(), fc.integer({ min: 0, max: 7 }), (written, position, bit) => {
        const before = writeLog(written.map((bytes) => Buffer.from(bytes)));
        fc.pre(before.length > 0);
        const log = writeLog([...written.map((bytes) => Buffer.from(bytes)), Buffer.from('the last one')]);
        const at = position % before.length;
        log[at] = log[at]! ^ (1 << bit);
        // The zeros between the last record and the end of a block carry nothing.
        const inPadding = 32_768 - (at % 32_768) < 7 && readLog(log).records.length === written.length + 1;
        expect(readLog(log).damagedAt !== undefined || inPadding).toBe(true);
      }),
    );
  });
});
