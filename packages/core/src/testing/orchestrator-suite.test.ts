import { expect, test } from 'vitest';
import type { Call, Grant, InventoryEvent } from '../contracts/index.ts';
import type { Action, Intent, Receipt } from '../model/index.ts';
import { FakeOrchestrator } from './fake-orchestrator.ts';
import { testOrchestrator } from './orchestrator-suite.ts';
import type { Rig } from './rig.ts';
import type { Runner } from './runner.ts';

const agents = [{ id: 'web.1', group: 'web' }];

/** Names of the promises that an orchestrator breaks. */
async function broken(make: (rig: Rig) => FakeOrchestrator): Promise<string[]> {
  const promises: { name: string; body: () => Promise<void> }[] = [];
  const runner: Runner = { describe: (_name, body) => body(), it: (name, body) => void promises.push({ name, body }) };
  testOrchestrator(runner, {
    make: async (rig) => {
      const orchestrator = make(rig);
      return { orchestrator, agentId: 'web.1', scalable: 'web', loseReply: () => orchestrator.loseReply() };
    },
  });
  const names: string[] = [];
  for (const { name, body } of promises) await body().catch(() => names.push(name));
  return names;
}

test('finds nothing wrong with one that keeps its promises', async () => {
  expect(await broken(({ clock }) => new FakeOrchestrator({ clock, agents }))).toEqual([]);
});

test('finds an orchestrator that acts again for a key it has seen', async () => {
  class Forgetful extends FakeOrchestrator {
    #count = 0;
    override async execute(intent: Intent, grant: Grant, call: Call): Promise<Receipt> {
      this.#count += 1;
      const currentId = this.current('web.1').id;
      const again = {
        ...intent,
        action: { ...intent.action, instanceId: currentId } as Action,
        before: { ...intent.before, currentId },
      };
      return super.execute(again, { ...grant, key: `${grant.key}-${this.#count}` }, call);
    }
  }
  expect(await broken(({ clock }) => new Forgetful({ clock, agents }))).toContain(
    'acts once for a key, also when asked twice at the same moment',
  );
});

test('finds one that changes something while it prepares', async () => {
  class Eager extends FakeOrchestrator {
    override async prepare(...args: Parameters<FakeOrchestrator['prepare']>): ReturnType<FakeOrchestrator['prepare']> {
      const decision = await super.prepare(...args);
      if (decision.act) this.world.replace(this.world.place('web.1'), 9);
      return decision;
    }
  }
  expect(await broken(({ clock }) => new Eager({ clock, agents }))).toContain(
    'changes nothing by preparing, and names what it would touch and the state before',
  );
});

test('finds one that promises what it does not do', async () => {
  class Boaster extends FakeOrchestrator {
    override async execute({ key }: Intent, grant: Grant): Promise<Receipt> {
      return { key, at: grant.deadline, result: 'succeeded' };
    }
  }
  const names = await broken(({ clock }) => new Boaster({ clock, agents }));
  for (const kind of ['restart', 'recreate', 'isolate', 'scale'])
    expect(names).toContain(`achieves what it promises: ${kind}`);
  expect(names).toContain('does nothing after the deadline, after an abort, and in a dry run');
});

test('finds one whose inventory does not end', async () => {
  class Endless extends FakeOrchestrator {
    override async *inventory(): AsyncGenerator<InventoryEvent> {
      yield* super.inventory({ signal: new AbortController().signal, traceId: 'deaf' });
    }
  }
  expect(await broken(({ clock }) => new Endless({ clock, agents }))).toContain(
    'ends an iteration when the call aborts, also one that is aborted from the start',
  );
});

test('finds one that leaves a timer behind', async () => {
  const names = await broken(({ clock }) => {
    clock.after(1e9, () => undefined);
    return new FakeOrchestrator({ clock, agents });
  });
  expect(names).toEqual(['ends iterations and leaves nothing behind when it is stopped, also twice']);
});
