import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { freePort } from './config.ts';
import { ComposeFleet } from './docker/compose-fleet.ts';
import { ContainerFleet, type Inspected } from './docker/container-fleet.ts';
import { testEngine } from './docker/engine.ts';
import { order } from './docker/order.ts';
import { RunningHost } from './host.ts';

const engine = testEngine();
const here = resolve(import.meta.dirname, '..');

interface HostConfig {
  readonly store: { readonly use: string };
  readonly http: object;
  readonly plugins: {
    readonly docker: { readonly use: string; readonly config: { readonly select: readonly string[] } };
  };
}

/** `docker.yaml` as it is, but for the engine, and for places that another guard on this machine may have. */
function configOf(fleet: ContainerFleet, folder: string, port: number): string {
  const config = parse(readFileSync(join(here, 'docker.yaml'), 'utf8')) as HostConfig;
  const { docker } = config.plugins;
  const select = [...docker.config.select, fleet.label];
  const mine = {
    ...config,
    store: { ...config.store, config: { path: './data' } },
    http: { ...config.http, port },
    plugins: { docker: { ...docker, config: { ...docker.config, engine: fleet.engine.url, select } } },
  };
  const path = join(folder, 'docker.yaml');
  writeFileSync(path, JSON.stringify(mine));
  return path;
}

describe.runIf(engine)('the fleet of compose.yaml in the hands of the guard of docker.yaml', () => {
  const folder = mkdtempSync(join(tmpdir(), 'praetorian-host-'));
  let fleet: ContainerFleet;
  let compose: ComposeFleet;
  let host: RunningHost;

  beforeAll(async () => {
    if (!engine) return;
    fleet = new ContainerFleet(engine);
    compose = new ComposeFleet(fleet);
    await fleet.open();
    await compose.up();
    symlinkSync(resolve(here, '../../node_modules'), join(folder, 'node_modules'), 'dir');
    const port = await freePort();
    const config = configOf(fleet, folder, port);
    host = new RunningHost({ folder, config, url: `http://127.0.0.1:${port}`, remove: () => undefined });
    await host.start();
    await host.healthy(6);
  });
  afterAll(async () => {
    await host.stop();
    await fleet.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is known by service and number, with its groups and what its services wait for', async () => {
    const agents = (await host.agents()).map(
      ({ agent }) => agent as unknown as { id: string; group: string; dependsOn: string[] },
    );
    expect(agents.map(({ id, group, dependsOn }) => [id, group, dependsOn.join()])).toEqual([
      ['fleet_ledger.1', 'fleet_ledger', ''],
      ['fleet_planners.1', 'fleet_planners', 'fleet_ledger.1'],
      ['fleet_planners.2', 'fleet_planners', 'fleet_ledger.1'],
      ['fleet_workers.1', 'fleet_workers', 'fleet_ledger.1'],
      ['fleet_workers.2', 'fleet_workers', 'fleet_ledger.1'],
      ['fleet_workers.3', 'fleet_workers', 'fleet_ledger.1'],
    ]);
  });

  it('is healed when an agent breaks as the file says to break it', async () => {
    const inspect = (): Promise<Inspected> =>
      fleet.engine.ask('GET', `/containers/${compose.nameOf('workers', 2)}/json`);
    const before = await inspect();
    await order(Object.values(before.NetworkSettings.Networks)[0]?.IPAddress ?? '', { kind: 'crash' });
    await host.until('workers 2 is healed', async () => {
      const [newest] = await host.incidents();
      return newest?.agentId === 'fleet_workers.2' && newest.outcome === 'healed';
    });
    await host.healthy(6);
    const after = await inspect();
    expect([after.Id, after.State.Running]).toEqual([before.Id, true]);
    expect(after.State.StartedAt).not.toBe(before.State.StartedAt);
  });
});
