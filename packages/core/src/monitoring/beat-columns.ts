import type { AgentSlot, HeartbeatColumns } from '../contracts/index.ts';
import { capacityFor, grownFloat64, grownUint32 } from '../runtime/slot-columns.ts';

/** Slots that sent a heartbeat, each at most once: no longer than the fleet is large. */
export class BeatColumns implements HeartbeatColumns {
  length = 0;
  slots = new Uint32Array(0);
  atMs = new Float64Array(0);

  add(slot: AgentSlot): void {
    if (this.length >= this.slots.length) {
      const capacity = capacityFor(this.length, this.slots.length);
      this.slots = grownUint32(this.slots, capacity);
      this.atMs = grownFloat64(this.atMs, capacity, 0);
    }
    this.slots[this.length] = slot;
    this.length += 1;
  }

  /** Drops the rows whose slot is not to be kept, and any second row of a slot. */
  keep(isKept: (slot: AgentSlot) => boolean): void {
    const seen = new Set<AgentSlot>();
    let kept = 0;
    for (let row = 0; row < this.length; row += 1) {
      const slot = this.slots[row] as number;
      if (seen.has(slot) || !isKept(slot)) continue;
      seen.add(slot);
      this.slots[kept] = slot;
      kept += 1;
    }
    this.length = kept;
  }

  /** Gives every row its time of receipt. */
  stamp(nowMs: number): void {
    this.atMs.fill(nowMs, 0, this.length);
  }

  clear(): void {
    this.length = 0;
  }
}
