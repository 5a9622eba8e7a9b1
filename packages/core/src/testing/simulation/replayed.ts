import { messageOf } from '../../contracts/index.ts';
import { compare } from '../../replay/compare.ts';
import type { MemoryPlace } from '../../replay/memory-place.ts';
import { parseRecord } from '../../replay/read-record.ts';
import type { OutputLine } from '../../replay/record-format.ts';
import { replay } from '../../replay/replay.ts';

/**
 * Replays the record of one life of a guard under the config it had, and says where the replay decides otherwise, to the
 * byte; `undefined`: nowhere. A record does not hold what a store does: after its first failure nothing is promised.
 */
export async function partsFromReplay(place: MemoryPlace): Promise<string | undefined> {
  // It was killed before it had read its own memory.
  if (place.lines.length === 0) return undefined;
  const record = parseRecord(place.lines);
  const untilMs = Math.min(record.endMs, ...record.storeFaults.map((fault) => fault.s));
  const before = (lines: readonly OutputLine[]): readonly OutputLine[] => lines.filter((line) => line.t < untilMs);
  try {
    const outputs = before((await replay(record)).outputs);
    const recorded = before(record.outputs);
    if (compare(recorded, outputs, untilMs).identical) return undefined;
    const at = recorded.findIndex((line, index) => JSON.stringify(line) !== JSON.stringify(outputs[index]));
    const index = at < 0 ? recorded.length : at;
    return `line ${index + 1} was ${JSON.stringify(recorded[index])} and is ${JSON.stringify(outputs[index])}`;
  } catch (thrown) {
    return `the replay broke off: ${messageOf(thrown)}`;
  }
}
