import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const repository = resolve(import.meta.dirname, '../../..');

export interface TestHost {
  /** Folder of the config; everything the guard writes lies in it. */
  readonly folder: string;
  readonly config: string;
  readonly url: string;
  /** What every request bears. */
  readonly token?: string;
  /** Deletes the folder; the guard has to be stopped. */
  remove(): void;
}

export interface TestHostOptions {
  /** Replicas of each group. [workers 3, planners 2] */
  readonly groups?: { readonly [group: string]: number };
  /** Sections that are added to the config or replace those of the template. */
  readonly sections?: { readonly [section: string]: unknown };
  /** Config of the process orchestrator beside its groups. */
  readonly processes?: { readonly [key: string]: unknown };
  /** Address it listens on, with a token for its operator and one for the agents of a group. [loopback, and no token] */
  readonly open?: {
    readonly host: string;
    readonly token: string;
    readonly agents: { readonly group: string; readonly token: string };
  };
  /** Environment of the agents beside the intervals of the template. */
  readonly env?: { readonly [name: string]: string };
}

/**
 * The reference host in a temporary folder, on a free port, with intervals for tests: an agent that dies is healed
 * within a few seconds. Written as JSON, which is YAML as well.
 */
export async function createTestHost(options: TestHostOptions = {}): Promise<TestHost> {
  const folder = mkdtempSync(join(tmpdir(), 'praetorian-host-'));
  const port = await freePort();
  const config = join(folder, 'praetorian.yaml');
  // Packages are looked for from the folder of the config.
  symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'), 'dir');
  mkdirSync(join(folder, 'data'));
  if (options.open) {
    writeFileSync(join(folder, 'operator.token'), options.open.token);
    writeFileSync(join(folder, 'agents.token'), options.open.agents.token);
  }
  writeFileSync(config, JSON.stringify(template(port, options), null, 2));
  return {
    folder,
    config,
    url: `http://${options.open?.host ?? '127.0.0.1'}:${port}`,
    ...(options.open ? { token: options.open.token } : {}),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function template(port: number, options: TestHostOptions): object {
  const replicas = options.groups ?? { workers: 3, planners: 2 };
  const program = {
    command: ['node', join(repository, 'examples/sample-agent/dist/main.js')],
    env: { HEARTBEAT_MS: '500', CHECKPOINT_MS: '500', JOB_EVERY_MS: '50', WINDOW_MS: '3000', ...options.env },
    labels: { kind: 'sample' },
  };
  const groups = Object.entries(replicas).map(([group, count]) => [group, { ...program, replicas: count }]);
  return {
    version: 1,
    name: 'test-host',
    store: { use: '@praetorian-guard/plugin-level', config: { path: './data/store' } },
    http: { port, ...accessOf(options.open) },
    plugins: {
      local: {
        use: '@praetorian-guard/plugin-process',
        config: {
          stateDir: './data/processes',
          stopGrace: '2s',
          groups: Object.fromEntries(groups),
          ...options.processes,
        },
      },
    },
    heartbeat: { every: '500ms', timeout: '2s', silentFor: '6s' },
    probes: {
      health: { timeout: '1s' },
      liveness: { every: '1s', timeout: '900ms' },
      readiness: { every: '1s', timeout: '900ms' },
      performance: { every: '1s', timeout: '900ms' },
      startGrace: '10s',
    },
    slo: { for: '3s' },
    ladder: {
      restart: { timeout: '20s', grace: '1s' },
      recreate: { timeout: '20s', grace: '1s' },
      respawn: { timeout: '30s', grace: '1s' },
      drain: '500ms',
    },
    gate: { settle: '1s', progressWindow: '2s', backoff: { base: '200ms', cap: '1s', resetAfter: '30s' } },
    watch: { every: '500ms', for: '3s' },
    ...options.sections,
  };
}

/** A port that was free a moment ago; the guard is the next to ask for one. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function accessOf(open: TestHostOptions['open']): object {
  if (!open) return { auth: 'loopback-open' };
  const tokens = [
    { name: 'test', role: 'operator', token: { $file: './operator.token' } },
    { name: 'agents', role: 'agent', group: open.agents.group, token: { $file: './agents.token' } },
  ];
  return { host: open.host, tokens };
}
