/** More bytes than this would only cost memory; it fits into one chunk of a checkpoint. */
const standInMax = 64 * 1024;

const [quote, zero] = [0x22, 0x30];

/**
 * Stands for a state of so many bytes: states are large and private, and are not recorded. It is a JSON string of
 * zeros, or the number 0, so that it is taken for whatever it is said to be.
 */
export function standIn(size: number): Uint8Array {
  const bytes = new Uint8Array(Math.min(size, standInMax)).fill(zero);
  if (bytes.length < 2) return bytes;
  bytes[0] = quote;
  bytes[bytes.length - 1] = quote;
  return bytes;
}
