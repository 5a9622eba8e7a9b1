import { VarintReader } from './varint.ts';

/** The files that make up a database. */
export interface LiveFiles {
  readonly tables: ReadonlySet<number>;
  /** Logs from this number on are replayed at the next opening. */
  readonly oldestLog: number;
}

/** Tags of the fields of a version edit (LevelDB db/version_edit.cc). */
const tag = {
  comparator: 1,
  logNumber: 2,
  nextFile: 3,
  lastSequence: 4,
  compactPointer: 5,
  deletedFile: 6,
  newFile: 7,
  previousLog: 9,
} as const;

/** Plays the version edits of a manifest; `undefined` when one of them makes no sense. */
export function liveFiles(edits: readonly Buffer[]): LiveFiles | undefined {
  const state = { tables: new Set<number>(), oldestLog: 0 };
  for (const edit of edits) {
    const reader = new VarintReader(edit);
    while (!reader.done) if (!applyField(reader, state)) return undefined;
  }
  return state;
}

function applyField(reader: VarintReader, state: { tables: Set<number>; oldestLog: number }): boolean {
  switch (reader.number()) {
    case tag.comparator:
      reader.skipString();
      return true;
    case tag.logNumber:
      state.oldestLog = reader.number();
      return true;
    case tag.nextFile:
    case tag.lastSequence:
    case tag.previousLog:
      reader.number();
      return true;
    case tag.compactPointer:
      reader.number();
      reader.skipString();
      return true;
    case tag.deletedFile:
      reader.number();
      state.tables.delete(reader.number());
      return true;
    case tag.newFile:
      reader.number();
      state.tables.add(reader.number());
      reader.number();
      reader.skipString();
      reader.skipString();
      return true;
    default:
      return false;
  }
}
