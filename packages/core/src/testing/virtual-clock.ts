export type { AdvanceOptions, VirtualClock, VirtualClockOptions } from '../runtime/virtual-clock.ts';
export { createVirtualClock } from '../runtime/virtual-clock.ts';
