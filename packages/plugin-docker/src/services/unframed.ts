const headerBytes = 8;

/** The text of a log whose pieces each have a header of eight bytes; one of a terminal has none and is taken as it is. */
export function unframed(log: Buffer): string {
  const pieces: Buffer[] = [];
  for (let at = 0; at < log.length;) {
    if (!isHeader(log, at)) return log.toString('utf8').trimEnd();
    const end = at + headerBytes + log.readUInt32BE(at + 4);
    pieces.push(log.subarray(at + headerBytes, end));
    at = end;
  }
  return Buffer.concat(pieces).toString('utf8').trimEnd();
}

function isHeader(log: Buffer, at: number): boolean {
  return log.length - at >= headerBytes && (log[at] as number) <= 2 && log.readUIntBE(at + 1, 3) === 0;
}
