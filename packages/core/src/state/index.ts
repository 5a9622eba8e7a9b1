/**
 * Memory of the guard: the store that lives in the process, parts of a store, where things lie in it, and what a store
 * says about itself. Durable stores are plugins.
 */
export { StoreLeases } from '../contracts/index.ts';
export { AuditLog, guardChain, shardChain } from './audit-log.ts';
export { keys } from './keys.ts';
export { MemoryStateStore } from './memory-state-store.ts';
export { openMeta, readMeta } from './meta.ts';
export { namespaced } from './namespaced.ts';
export { timedStore } from './timed-store.ts';
