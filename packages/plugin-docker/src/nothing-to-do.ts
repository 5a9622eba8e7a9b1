import { InventoryFeed } from '@praetorian-guard/core/kit';
import type {
  Action,
  Call,
  Decision,
  Intent,
  InventoryEvent,
  Orchestrator,
  Receipt,
} from '@praetorian-guard/core/plugin';

/** Stands for the orchestrator that the config does not want: it runs nobody. */
export class NothingToDo implements Orchestrator {
  readonly supports = [];
  readonly #feed = new InventoryFeed();

  async stop(): Promise<void> {
    this.#feed.close();
  }

  inventory(call: Call): AsyncIterable<InventoryEvent> {
    return this.#feed.follow(async () => [{ type: 'synced' }], call);
  }

  async prepare(action: Action): Promise<Decision<Intent>> {
    const text = `Nobody is run here who could be asked to ${action.kind}.`;
    return { act: false, reason: { code: 'orchestrator-refused', text, remedy: 'See `manage` of the plugin.' } };
  }

  async execute({ key }: Intent): Promise<Receipt> {
    return { key, at: 0, result: 'cancelled', text: 'Nobody is run here.' };
  }

  async reconcile({ key }: Intent): Promise<Receipt> {
    return { key, at: 0, result: 'cancelled', text: 'Nobody is run here.' };
  }
}
