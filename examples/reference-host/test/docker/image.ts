import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { TestEngine } from './engine.ts';

const sampleAgent = resolve(import.meta.dirname, '../../../sample-agent');

/** What the thin image lacks comes from this machine, read only: its system, its Node and the built sample agent. */
export const binds: readonly string[] = ['/usr:/usr:ro', `${process.execPath}:/node:ro`, `${sampleAgent}:/agent:ro`];

/** The command that runs the sample agent in it. */
export const command: readonly string[] = ['/node', '/agent/dist/main.js'];

/**
 * Whether the agent answers. A file in `/dev/shm` makes the verdict unhealthy while the agent is well, until the container
 * is started anew.
 */
export const healthCheck: readonly string[] = [
  'CMD',
  '/usr/bin/bash',
  '-c',
  String.raw`[ ! -e /dev/shm/sick ] && exec 3<>/dev/tcp/127.0.0.1/4000 && printf 'GET /health/live HTTP/1.0\r\n\r\n' >&3 && grep -q ' 200 ' <&3`,
];

/** Imports a root with nothing in it but the places where things are mounted; nothing is pulled or built. */
export async function importThinImage(engine: TestEngine, name: string, label: string): Promise<void> {
  const change = encodeURIComponent(`LABEL ${label}`);
  await engine.ask('POST', `/images/create?fromSrc=-&repo=${name}&tag=1&changes=${change}`, thinRoot());
}

function thinRoot(): Buffer {
  const root = mkdtempSync(join(tmpdir(), 'praetorian-image-'));
  try {
    for (const folder of ['usr', 'tmp', 'proc', 'dev', 'etc', 'sys', 'agent']) mkdirSync(join(root, folder));
    for (const folder of ['bin', 'lib', 'lib64']) symlinkSync(`usr/${folder}`, join(root, folder));
    writeFileSync(join(root, 'node'), '');
    return execFileSync('tar', ['-C', root, '-c', '.']);
  } finally {
    rmSync(root, { recursive: true });
  }
}
