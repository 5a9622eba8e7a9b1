/** Process of the lock test: holds the store until its standard input ends. */
import { createRig } from '@praetorian-guard/core/testing';
import { LevelStateStore } from '../src/level-state-store.ts';

const rig = createRig();
const store = new LevelStateStore({
  path: String(process.argv[2]),
  clock: rig.clock,
  log: rig.log,
  metrics: rig.metrics,
});
await store.start();
process.stdout.write('held\n');
for await (const _ of process.stdin);
await store.stop();
