import {
  ContainerFleet,
  type ContainerOptions,
  until,
} from '../../../examples/reference-host/test/docker/container-fleet.ts';
import type { TestEngine } from '../../../examples/reference-host/test/docker/engine.ts';
import { type Spread, spreadOf } from './report.ts';

const starts = 10;

/** How long the engine itself takes to start a container that was killed. */
export async function startsByHand(engine: TestEngine, options: ContainerOptions = {}): Promise<Spread> {
  const fleet = new ContainerFleet(engine);
  const took: number[] = [];
  try {
    await fleet.open();
    await fleet.start('alone.1', options);
    for (let at = 0; at < starts; at += 1) {
      await fleet.signal('alone.1', 'SIGKILL');
      await until('it has ended', async () => !(await fleet.inspect('alone.1')).State.Running);
      const asked = performance.now();
      await engine.ask('POST', `/containers/${fleet.nameOf('alone.1')}/start`);
      took.push(performance.now() - asked);
    }
  } finally {
    await fleet.remove();
  }
  return spreadOf(took);
}
