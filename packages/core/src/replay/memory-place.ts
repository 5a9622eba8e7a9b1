import type { OutputLine, RecordLine } from './record-format.ts';
import type { RecordPlace } from './recording.ts';

/** A record in memory: for tests, simulations, and what a replay decides. */
export interface MemoryPlace extends RecordPlace {
  readonly lines: readonly string[];
  /** Nothing more is taken: the guard was killed. */
  cut(): void;
}

export function memoryPlace(): MemoryPlace {
  const lines: string[] = [];
  let open = true;
  const line = (text: string): void => {
    if (open) lines.push(text);
  };
  return {
    lines,
    line,
    open: async (head) => {
      for (const text of await head(1)) line(text);
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
