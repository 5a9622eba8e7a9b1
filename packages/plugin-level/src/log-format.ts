/**
 * LevelDB's log format (doc/log_format.md of LevelDB), in which write-ahead logs and manifests are kept: blocks of 32 KiB
 * with records of checksum (4), length (2), type (1) and data. Read here because LevelDB itself skips what is damaged in
 * the middle of a log without a word, and with it commits that were acknowledged.
 */
import { maskedCrc32c } from './crc32c.ts';

const blockBytes = 32_768;
const headerBytes = 7;

const full = 1;
const first = 2;
const last = 4;

export interface LogContent {
  /** Whole records in order, without those of a torn end. */
  readonly records: readonly Buffer[];
  /** Offset of damage that is followed by sound records. A torn end, as a killed process leaves it, is no damage. */
  readonly damagedAt?: number;
}

/** Reads a whole log file. */
export function readLog(bytes: Buffer): LogContent {
  const records: Buffer[] = [];
  let parts: Buffer[] = [];
  let badAt: number | undefined;
  for (let at = nextHeader(0); at + headerBytes <= bytes.length;) {
    const end = soundEnd(bytes, at);
    if (end === undefined) {
      badAt ??= at;
      at = nextHeader(at + 1);
      continue;
    }
    if (badAt !== undefined) return { records, damagedAt: badAt };
    const type = bytes[at + 6] as number;
    if (type === full || type === first) parts = [];
    parts.push(bytes.subarray(at + headerBytes, end));
    if (type === full || type === last) records.push(parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts));
    at = nextHeader(end);
  }
  return { records };
}

/** Where the next header may lie: at `at`, or at the next block when none fits into this one. */
function nextHeader(at: number): number {
  const left = blockBytes - (at % blockBytes);
  return left < headerBytes ? at + left : at;
}

/** End of the record at `at`, when there is one and its checksum holds. */
function soundEnd(bytes: Buffer, at: number): number | undefined {
  const type = bytes[at + 6] as number;
  const end = at + headerBytes + bytes.readUInt16LE(at + 4);
  const blockEnd = at - (at % blockBytes) + blockBytes;
  if (type < full || type > last || end > blockEnd || end > bytes.length) return undefined;
  return maskedCrc32c(bytes, at + 6, end) === bytes.readUInt32LE(at) ? end : undefined;
}
