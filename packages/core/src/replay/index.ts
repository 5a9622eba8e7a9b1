/**
 * Records of what reached a guard and what it decided, and replays of them: the same guard, or one with another config,
 * on a virtual clock, with the answers of the record.
 */
export type { Comparison, Difference, Suspicions } from './compare.ts';
export { compare } from './compare.ts';
export type { RecordData } from './record-data.ts';
export { wallOf } from './record-data.ts';
export type { DecisionLine, HeaderLine, OutputLine, SeenLine } from './record-format.ts';
export { recordFormat } from './record-format.ts';
export { recordFilesOf } from './record-folder.ts';
export { parseRecord, readRecord } from './read-record.ts';
export type { Replayed, ReplayOptions } from './replay.ts';
export { replay } from './replay.ts';
