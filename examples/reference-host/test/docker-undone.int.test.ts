import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testEngine } from './docker/engine.ts';
import { GuardedFleet } from './docker/guarded-fleet.ts';

const engine = testEngine();

describe.runIf(engine)('a container that was replaced in place', () => {
  let guarded: GuardedFleet;

  beforeAll(async () => {
    if (!engine) return;
    guarded = new GuardedFleet(engine, {
      agents: { 'workers.1': {} },
      sections: {
        ladder: { respawn: { mode: 'in-place', timeout: '12s', grace: '1s' } },
        gate: { settle: '1s', backoff: { base: '1h', cap: '1h' } },
      },
    });
    await guarded.open();
  });
  afterAll(() => guarded.close());

  it('is back when the one after it does not become ready', async () => {
    const { host, containers } = guarded;
    const before = await containers.inspect('workers.1');
    // It listens where nobody asks.
    const configOverride = { env: { PORT: '4999' } };
    const asked = await host.ask('POST', '/api/v1/agents/workers.1/respawn', { configOverride });
    expect(asked.status).toBe(202);
    await host.until(
      'the attempt has failed',
      async () => (await host.incidents())[0]?.attempts[0]?.verdict === 'failed',
    );
    const after = await containers.inspect('workers.1');
    expect([after.Id, after.State.Running]).toEqual([before.Id, true]);
    expect(await containers.standing('workers.1')).toEqual(['running']);
    await host.until('it is heard again', async () => (await host.agent('workers.1')).health === 'healthy');
  });
});
