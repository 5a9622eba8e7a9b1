/**
 * Checks the checksum of every block of a table (doc/table_format.md of LevelDB). LevelDB has the checksums but is built
 * here without verifying them: a flipped bit would read as another value, or as none.
 */
import { maskedCrc32c } from './crc32c.ts';
import { VarintReader } from './varint.ts';

const footerBytes = 48;
const magic = 0xdb4775248b80fb57n;

interface Handle {
  readonly offset: number;
  readonly size: number;
}

/** What is wrong with the table; `undefined` when every block is sound. */
export function tableProblem(table: Buffer): string | undefined {
  const footerAt = table.length - footerBytes;
  if (footerAt < 0 || table.readBigUInt64LE(table.length - 8) !== magic) return 'its end is missing';
  const reader = new VarintReader(table, footerAt);
  const metaIndex = readHandle(reader);
  const index = readHandle(reader);
  for (const list of [metaIndex, index]) {
    if (!isSound(table, list)) return `the block at ${list.offset} does not match its checksum`;
    for (const block of handlesIn(table.subarray(list.offset, list.offset + list.size))) {
      if (!isSound(table, block)) return `the block at ${block.offset} does not match its checksum`;
    }
  }
  return undefined;
}

function isSound(table: Buffer, { offset, size }: Handle): boolean {
  const end = offset + size + 1;
  if (end + 4 > table.length - footerBytes) return false;
  return maskedCrc32c(table, offset, end) === table.readUInt32LE(end);
}

/** The block handles that are the values of an index block (uncompressed, as this plugin writes them). */
function* handlesIn(block: Buffer): Generator<Handle> {
  const restarts = block.readUInt32LE(block.length - 4);
  const end = block.length - 4 - 4 * restarts;
  for (let at = 0; at < end;) {
    const reader = new VarintReader(block, at);
    reader.number();
    const keyBytes = reader.number();
    const valueBytes = reader.number();
    at = reader.at + keyBytes + valueBytes;
    yield readHandle(new VarintReader(block, reader.at + keyBytes));
  }
}

function readHandle(reader: VarintReader): Handle {
  return { offset: reader.number(), size: reader.number() };
}
