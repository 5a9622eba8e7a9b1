import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestHost, type TestHost } from './config.ts';
import { RunningHost } from './host.ts';

let folder: TestHost;
let host: RunningHost;

beforeAll(async () => {
  folder = await createTestHost({
    groups: { workers: 2 },
    // Errors alone are one kind of evidence: they do not suffice for a restart before `silentFor` is over.
    sections: {
      heartbeat: { every: '500ms', timeout: '2s', silentFor: '10m' },
      errors: { window: '10s', logs: { every: '500ms' } },
    },
  });
  host = new RunningHost(folder);
  await host.start();
  await host.healthy(2);
});

afterAll(async () => {
  await host.stop();
  folder.remove();
});

describe('an agent that tells of errors in its log alone', () => {
  it('gets an incident named by their pattern, is not restarted for them, and recovers when they end', async () => {
    await host.break('workers.1', { kind: 'log-errors' });
    await host.until('it has an incident', async () => (await host.incidents()).length > 0);
    const [incident] = await host.incidents();
    expect(incident).toMatchObject({ agentId: 'workers.1', health: 'degraded', attempts: [] });
    expect(incident?.signature).toBe('errors:cache-entry-is-stale-it-was-read-again');
    const { findings } = await host.agent('workers.1');
    expect(findings).toMatchObject([{ kind: 'errors', evidence: 'errors' }]);

    await host.break('workers.1', { kind: 'none' });
    await host.until('it is over', async () => (await host.incidents())[0]?.state === 'resolved');
    expect(await host.incidents()).toMatchObject([{ id: incident?.id, outcome: 'self-recovered', attempts: [] }]);
  });
});
