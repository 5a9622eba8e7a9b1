/**
 * What was learned from failures and attempts to heal them. Remembers and counts; it decides nothing and allows nothing.
 */
export { Ledger } from './ledger.ts';
export type { LedgerRecord } from './record.ts';
export { drawChances } from './ranking.ts';
export { RankingBook } from './ranking-book.ts';
