import { setTimeout as pause } from 'node:timers/promises';
import { bench, type Measurement } from '../../../bench/harness.ts';
import type { Engine } from '../src/engine/engine.ts';
import { cleanUp, importBusybox, testEngine } from '../test/engine-kit.ts';
import { Harness } from '../test/harness.ts';

/** What following containers costs the guard, in a minute. */
interface Cost {
  readonly calls: number;
  readonly cpuMs: number;
  readonly memoryKb: number;
}

const startsAtOnce = 8;

/** Counts what the engine is asked for. */
function counting(calls: { count: number }): (engine: Engine) => Engine {
  return (engine) =>
    new Proxy(engine, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]): unknown => {
          calls.count += 1;
          return Reflect.apply(value, target, args);
        };
      },
    });
}

/** Containers that do nothing, followed for a while with the intervals of the defaults shortened to the window. */
async function costOf(harness: Harness, containers: number, windowMs: number): Promise<Cost> {
  for (let made = (await harness.containers()).length; made < containers; made += startsAtOnce) {
    const some = Math.min(startsAtOnce, containers - made);
    await Promise.all(Array.from({ length: some }, () => harness.run('idle', { HostConfig: { NetworkMode: 'none' } })));
  }
  const calls = { count: 0 };
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  const stats = { every: windowMs, concurrency: 16 };
  const orchestrator = harness.create({ stats }, undefined, counting(calls));
  await orchestrator.start();
  await harness.follow(orchestrator);
  // The first look at all of them is not what it costs to follow them.
  await pause(1_000);
  calls.count = 0;
  const cpu = process.cpuUsage();
  await pause(windowMs);
  const { user, system } = process.cpuUsage(cpu);
  globalThis.gc?.();
  const memory = process.memoryUsage().heapUsed - before;
  await orchestrator.stop();
  const perMinute = 60_000 / windowMs;
  return { calls: calls.count * perMinute, cpuMs: ((user + system) / 1_000) * perMinute, memoryKb: memory / 1_024 };
}

const docker = process.env['DOCKER_HOST'] === undefined ? undefined : await testEngine().catch(() => undefined);
if (docker) {
  let costs: Promise<readonly (Cost & { readonly containers: number })[]> | undefined;

  const measured = async (short: boolean): Promise<readonly (Cost & { readonly containers: number })[]> => {
    const harness = new Harness(docker, await importBusybox(docker));
    try {
      const all = [];
      const sizes = short ? [5, 20] : [20, 100, 300];
      const windowMs = short ? 10_000 : 30_000;
      // The first pays for what is compiled and loaded, which is no cost of containers.
      await costOf(harness, Math.min(...sizes), windowMs);
      for (const containers of sizes) all.push({ containers, ...(await costOf(harness, containers, windowMs)) });
      for (const one of all) process.stderr.write(`${JSON.stringify(one)}\n`);
      return all;
    } finally {
      await harness.dispose();
      await cleanUp(docker);
    }
  };

  /** Of the largest fleet beside the smallest, for each container: 1 is flat. */
  const flat = (name: string, what: keyof Cost, unit: string): void =>
    bench(`docker.${name}-per-container`, async ({ short }): Promise<Measurement> => {
      costs ??= measured(short);
      const all = await costs;
      const each = (cost: (Cost & { readonly containers: number }) | undefined): number =>
        cost ? Math.max(cost[what] / cost.containers, 0.001) : Number.NaN;
      return { value: each(all.at(-1)), baseline: each(all[0]), unit, better: 'lower' };
    });

  flat('calls', 'calls', 'calls/min');
  flat('cpu', 'cpuMs', 'ms/min');
  flat('memory', 'memoryKb', 'KiB');
}
