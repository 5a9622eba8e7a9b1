/**
 * Columns indexed by agent slot. Slots are small and dense, so a typed array of the fleet's size is the most compact
 * memory there is; it doubles when a slot lies beyond it, and old values are kept.
 */

const leastCapacity = 64;

/** The capacity a column needs to hold `slot`: a power of two, so that growth is rare. */
export function capacityFor(slot: number, current: number): number {
  let capacity = Math.max(leastCapacity, current);
  while (capacity <= slot) capacity *= 2;
  return capacity;
}

/** A copy of `column` with at least `capacity` places; new places hold `fill`. Returns the column itself if it is large enough. */
export function grownFloat64(
  column: Float64Array<ArrayBuffer>,
  capacity: number,
  fill: number,
): Float64Array<ArrayBuffer> {
  if (column.length >= capacity) return column;
  const grown = new Float64Array(capacity).fill(fill, column.length);
  grown.set(column);
  return grown;
}

/** As `grownFloat64`, for 32-bit whole numbers. */
export function grownInt32(column: Int32Array<ArrayBuffer>, capacity: number, fill: number): Int32Array<ArrayBuffer> {
  if (column.length >= capacity) return column;
  const grown = new Int32Array(capacity).fill(fill, column.length);
  grown.set(column);
  return grown;
}

/** As `grownFloat64`, for unsigned 32-bit numbers; new places hold 0. */
export function grownUint32(column: Uint32Array<ArrayBuffer>, capacity: number): Uint32Array<ArrayBuffer> {
  if (column.length >= capacity) return column;
  const grown = new Uint32Array(capacity);
  grown.set(column);
  return grown;
}

/** As `grownFloat64`, for bytes; new places hold 0. */
export function grownUint8(column: Uint8Array<ArrayBuffer>, capacity: number): Uint8Array<ArrayBuffer> {
  if (column.length >= capacity) return column;
  const grown = new Uint8Array(capacity);
  grown.set(column);
  return grown;
}
