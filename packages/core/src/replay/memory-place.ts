import type { OutputLine, RecordLine } from './record-format.ts';
import type { RecordPlace } from './recording.ts';

type Head = Parameters<RecordPlace['open']>[0];

/** A record in memory: for tests, simulations, and what a replay decides. */
export interface MemoryPlace extends RecordPlace {
  readonly lines: readonly string[];
  /** Begins a further part with a head of its own, as a file does that is full; gives the lines of the part before. */
  nextPart(): Promise<readonly string[]>;
  /** Nothing more is taken: the guard was killed. */
  cut(): void;
}

export function memoryPlace(): MemoryPlace {
  let lines: string[] = [];
  let headOf: Head | undefined;
  let part = 1;
  let open = true;
  const line = (text: string): void => {
    if (open) lines.push(text);
  };
  return {
    get lines() {
      return lines;
    },
    line,
    open: async (head) => {
      headOf = head;
      for (const text of await head(part)) line(text);
    },
    nextPart: async () => {
      const before = lines;
      part += 1;
      lines = [...((await headOf?.(part)) ?? [])];
      return before;
    },
    cut: () => {
      open = false;
    },
  };
}

/** What was decided, of the lines of a record. */
export function outputsOf(lines: readonly string[]): readonly OutputLine[] {
  const outputs: OutputLine[] = [];
  for (const text of lines) {
    const line = JSON.parse(text) as RecordLine;
    if (line.k === 'end') break;
    if (line.k === 'd' || line.k === 'f' || line.k === 'h') outputs.push(line);
  }
  return outputs;
}
