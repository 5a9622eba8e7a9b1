/** `@praetorian-guard/core/kit`: parts that every orchestrator needs, so that each plugin need not write them again. */
export { commandOutline } from './command-outline.ts';
export type { Execution } from './executions.ts';
export { Executions } from './executions.ts';
export { InventoryFeed } from './inventory-feed.ts';
export { Locks } from './locks.ts';
export type { Failure } from './receipts.ts';
export { failed, failedBy } from './receipts.ts';
export { unlessAborted } from './unless-aborted.ts';
export { withDeadline } from '../runtime/index.ts';
