import type Docker from 'dockerode';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { cleanUp, importBusybox } from './engine-kit.ts';
import { Harness } from './harness.ts';

/**
 * For each test of a block a harness of its own, which ends with it; hooks that are to run after that end stand before this.
 * Without an engine the block does not run.
 */
export function eachHarness(docker: Docker | undefined, take: (harness: Harness) => void): void {
  let image = '';
  let harness: Harness | undefined;
  beforeAll(async () => {
    if (docker) image = await importBusybox(docker);
  });
  afterAll(async () => {
    if (docker) await cleanUp(docker);
  });
  beforeEach(() => {
    if (!docker) return;
    harness = new Harness(docker, image);
    take(harness);
  });
  afterEach(() => harness?.dispose());
}
