/**
 * From the start of the host's process to ready, with the embedded store, the HTTP surface and five agents as real
 * processes, beside the start of a bare Node process that loads nothing.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createTestHost } from '../examples/reference-host/test/config.ts';
import { bench } from './harness.ts';

const cli = resolve(import.meta.dirname, '../packages/cli/dist/bin.js');

bench('host.start-to-ready', async (ctx) => {
  const values: number[] = [];
  const baselines: number[] = [];
  for (let round = 0; round < (ctx.short ? 3 : 7); round += 1) {
    baselines.push(await ctx.milliseconds(bareNode));
    values.push(await startToReady());
  }
  return { value: median(values), baseline: median(baselines), unit: 'ms', better: 'lower' };
});

async function bareNode(): Promise<void> {
  await once(spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }), 'exit');
}

/** A fresh folder each time: the store is made anew, as at a first start. */
async function startToReady(): Promise<number> {
  const host = await createTestHost();
  const startedAt = performance.now();
  const child = spawn(process.execPath, [cli, 'start', '--config', host.config, '--log-format', 'json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  try {
    let heard = '';
    for await (const text of child.stdout) {
      heard += String(text);
      if (heard.includes('"event":"guard.ready"')) return performance.now() - startedAt;
    }
    throw new Error(`the host ended before it was ready: ${heard}`);
  } finally {
    child.kill('SIGTERM');
    await ended;
    host.remove();
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}
