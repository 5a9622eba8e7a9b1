/** Process of the kill test: four writers commit as fast as they can and print each commit that was acknowledged. */
import { writeSync } from 'node:fs';
import { createRig } from '@praetorian-guard/core/testing';
import { LevelStateStore } from '../src/level-state-store.ts';

const rig = createRig();
const store = new LevelStateStore({
  path: String(process.argv[2]),
  clock: rig.clock,
  log: rig.log,
  metrics: rig.metrics,
});

async function write(writer: number): Promise<never> {
  const last = await store.get(`last/${writer}`);
  for (let n = Number(last?.value ?? 0) + 1; ; n += 1) {
    await store.commit(
      `writer/${writer}`,
      [
        { op: 'put', key: `value/${writer}/${n}`, value: { n, text: 'x'.repeat(n % 300) }, when: 'absent' },
        { op: 'append', stream: `stream/${writer}`, value: n },
        { op: 'putBytes', key: `bytes/${writer}`, value: new Uint8Array(1000).fill(n % 256) },
        { op: 'put', key: `last/${writer}`, value: n, when: 'any' },
      ],
      { durability: 'sync', fence: n },
    );
    // Straight to the pipe: what was printed was acknowledged, also when the process dies in the next instant.
    writeSync(1, `${writer} ${n}\n`);
  }
}

await store.start();
await Promise.all([0, 1, 2, 3].map(write));
