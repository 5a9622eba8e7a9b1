import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { createRig, type VirtualClock } from '@praetorian-guard/core/testing';
import { LevelStateStore } from '../src/level-state-store.ts';

const repository = join(import.meta.dirname, '../../..');

export interface Script {
  readonly child: ChildProcess;
  readonly lines: Interface;
  /** Resolves when the process is gone. */
  readonly exited: Promise<unknown>;
}

/** Runs a file of this folder from its source in a process of its own. */
export function runScript(file: string, path: string): Script {
  const child = spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, file), path], {
    cwd: repository,
    env: { ...process.env, TSX_TSCONFIG_PATH: join(repository, 'tsconfig.tests.json') },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  return { child, lines: createInterface({ input: child.stdout }), exited: once(child, 'exit') };
}

/** A store on virtual time over real files. */
export function storeAt(path: string, rig = createRig()): LevelStateStore {
  return new LevelStateStore({ path, clock: rig.clock, log: rig.log, metrics: rig.metrics });
}

/** Opens the store, lets `use` work with it, and closes it again. */
export async function withStore<T>(
  path: string,
  use: (store: LevelStateStore, clock: VirtualClock) => Promise<T>,
): Promise<T> {
  const rig = createRig();
  const store = storeAt(path, rig);
  await store.start();
  try {
    return await use(store, rig.clock);
  } finally {
    await store.stop();
  }
}
