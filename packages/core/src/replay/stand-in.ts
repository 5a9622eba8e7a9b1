/** More zeros than this would only cost memory; it fits into one chunk of a checkpoint. */
const standInMax = 64 * 1024;

/** Stands for a state of so many bytes: states are large and private, and are not recorded. */
export function standIn(size: number): Uint8Array {
  return new Uint8Array(Math.min(size, standInMax));
}
