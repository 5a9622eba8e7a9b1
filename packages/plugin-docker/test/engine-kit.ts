import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import Docker from 'dockerode';

const run = randomBytes(4).toString('hex');
let made = 0;

/** On everything a test makes, so that `cleanUp` finds it. */
export const labels: { [name: string]: string } = { 'praetorian.test': run };

/** A name nobody else has, for a container, a network, a volume or an image. */
export function unique(what: string): string {
  made += 1;
  return `pg-${run}-${what}-${made}`;
}

/** The engine of `DOCKER_HOST` or of this machine; `undefined` where the tests on containers are left out. */
export async function testEngine(): Promise<Docker | undefined> {
  if (process.env['DOCKER_TESTS'] === 'off') return undefined;
  const docker = new Docker(addressOf(process.env['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock'));
  await docker.listContainers({ limit: 1, abortSignal: AbortSignal.timeout(5_000) });
  return docker;
}

/** An image of one static busybox, which sleeps. `changes` are lines of a Dockerfile. */
export async function importBusybox(docker: Docker, changes: readonly string[] = []): Promise<string> {
  const repo = unique('busybox');
  const all = ['CMD ["sleep","1000000"]', `LABEL praetorian.test=${run}`, ...changes];
  const answer = await docker.importImage(Readable.from([busyboxTar()]), { repo, tag: '1', changes: all });
  await new Promise((done, failed) => {
    docker.modem.followProgress(answer, (error) => (error ? failed(error) : done(undefined)));
  });
  return `${repo}:1`;
}

/** Removes what carries the label of this run, and the volumes without a name of its containers. */
export async function cleanUp(docker: Docker): Promise<void> {
  const filters = { label: [`praetorian.test=${run}`] };
  const containers = await docker.listContainers({ all: true, filters });
  const anonymous = containers.flatMap(({ Mounts }) => Mounts.map(({ Name }) => Name ?? '')).filter(isAnonymous);
  for (const { Id } of containers) await docker.getContainer(Id).remove({ force: true, v: true }).catch(ignoreMissing);
  for (const { Id } of await docker.listNetworks({ filters })) await docker.getNetwork(Id).remove();
  const { Volumes } = await docker.listVolumes({ filters });
  for (const name of [...anonymous, ...Volumes.map(({ Name }) => Name)])
    await docker.getVolume(name).remove().catch(ignoreMissing);
  for (const { Id } of await docker.listImages({ filters })) await docker.getImage(Id).remove({ force: true });
}

/** The client takes from `DOCKER_HOST` whatever is not named here, even when it is for something else. */
function addressOf(url: string): Docker.DockerOptions {
  const none = { socketPath: undefined, host: undefined, port: undefined, protocol: 'http' } as const;
  if (url.startsWith('unix://')) return { ...none, socketPath: url.slice('unix://'.length) };
  const { hostname, port } = new URL(url);
  return { ...none, host: hostname, port: port === '' ? 2375 : port };
}

function busyboxTar(): Buffer {
  const root = mkdtempSync(join(tmpdir(), 'praetorian-image-'));
  try {
    for (const folder of ['bin', 'tmp', 'etc']) mkdirSync(join(root, folder));
    copyFileSync('/usr/bin/busybox', join(root, 'bin/busybox'));
    const applets = execFileSync('/usr/bin/busybox', ['--list'], { encoding: 'utf8' }).trim().split('\n');
    for (const applet of applets) if (applet !== 'busybox') symlinkSync('busybox', join(root, 'bin', applet));
    return execFileSync('tar', ['-C', root, '-c', '.'], { maxBuffer: 64 * 1024 ** 2 });
  } finally {
    rmSync(root, { recursive: true });
  }
}

function isAnonymous(name: string): boolean {
  return /^[0-9a-f]{64}$/.test(name);
}

/** What the engine removes by itself may be gone already, or just about to go. */
function ignoreMissing(error: { statusCode?: number }): void {
  if (error.statusCode !== 404 && error.statusCode !== 409) throw error as Error;
}
