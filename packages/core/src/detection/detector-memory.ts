import type { AgentSlot, Logger } from '../contracts/index.ts';
import { messageOf } from '../contracts/index.ts';
import type { JsonObject, Ms } from '../model/index.ts';
import type { DetectorHost } from './detector-host.ts';

/** Longest memory of one detector for one agent. */
const bytesMax = 65_536;

/** What the detectors want to keep of agents over a restart of the guard. Knows bytes, not where they are kept. */
export class DetectorMemory {
  readonly #hosts: readonly DetectorHost[];
  readonly #log: Logger;

  constructor(hosts: readonly DetectorHost[], log: Logger) {
    this.#hosts = hosts;
    this.#log = log;
  }

  /** Agents of whom there is something new. */
  unsaved(): ReadonlySet<AgentSlot> {
    const slots = new Set<AgentSlot>();
    for (const host of this.#hosts) {
      try {
        for (const slot of host.unsaved()) slots.add(slot);
      } catch (thrown) {
        this.#log.error({ detector: host.name, err: messageOf(thrown) }, 'a detector could not say what to keep');
      }
    }
    return slots;
  }

  /** By detector, in base 64; `undefined`: there is nothing to keep. */
  save(slot: AgentSlot, nowMs: Ms): JsonObject | undefined {
    const kept: { [detector: string]: string } = {};
    for (const host of this.#hosts) {
      try {
        const bytes = host.save(slot, nowMs);
        if (!bytes) continue;
        if (bytes.byteLength <= bytesMax) kept[host.name] = Buffer.from(bytes).toString('base64');
        else this.#log.warn({ detector: host.name, bytes: bytes.byteLength }, 'a memory is too large and is not kept');
      } catch (thrown) {
        this.#log.error({ detector: host.name, err: messageOf(thrown) }, 'a detector could not save its memory');
      }
    }
    return Object.keys(kept).length > 0 ? kept : undefined;
  }

  /** Gives back what was saved; what a detector cannot read is dropped, and said. */
  load(slot: AgentSlot, kept: JsonObject, savedMs: Ms): void {
    for (const host of this.#hosts) {
      const text = kept[host.name];
      if (typeof text !== 'string') continue;
      try {
        host.load(slot, Buffer.from(text, 'base64'), savedMs);
      } catch (thrown) {
        this.#log.warn(
          { detector: host.name, err: messageOf(thrown) },
          'a memory is damaged; the detector begins anew',
        );
      }
    }
  }
}
