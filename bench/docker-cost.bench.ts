import { setTimeout as pause } from 'node:timers/promises';
import { createGuard, createLogger } from '@praetorian-guard/core';
import { definePlugin, type PluginManifest } from '@praetorian-guard/core/plugin';
import { bench, type Measurement } from './harness.ts';
import { DockerOrchestrator } from '../packages/plugin-docker/src/containers/docker-orchestrator.ts';
import type { DockerConfig } from '../packages/plugin-docker/src/docker-config.ts';
import type { Engine } from '../packages/plugin-docker/src/engine/engine.ts';
import plugin from '../packages/plugin-docker/src/index.ts';
import { cleanUp, importBusybox, testEngine } from '../packages/plugin-docker/test/engine-kit.ts';
import { engineUrl, Harness } from '../packages/plugin-docker/test/harness.ts';

/** What a whole guard costs that looks after containers, in a minute. */
interface Cost {
  readonly calls: number;
  readonly cpuMs: number;
  readonly memoryKb: number;
}

const startsAtOnce = 8;

/** Answers on the four paths that are asked by default. */
const serve = [
  'mkdir -p /www/health',
  'for one in index.html live ready performance; do echo "{}" > /www/health/$one; done',
  'exec httpd -f -p 80 -h /www',
].join(' && ');

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

/** A guard with the intervals of the defaults; `windowMs` stands for those of half a minute. */
async function guardOf(harness: Harness, windowMs: number, calls: { count: number }) {
  const counted = definePlugin<DockerConfig>({
    ...plugin,
    name: 'counted-docker',
    contributes: { orchestrators: { docker: (context) => new DockerOrchestrator(context, counting(calls)) } },
  });
  const every = `${windowMs}ms`;
  const config = { engine: engineUrl, select: [`${harness.selector}=yes`], stats: { every, concurrency: 16 } };
  return createGuard(
    { plugins: { docker: { use: counted.name, config } }, errors: { logs: { every } } },
    { plugins: { [counted.name]: counted as PluginManifest }, logger: createLogger({ level: 'error', name: 'bench' }) },
  );
}

/** Containers that answer and do nothing else, looked after for a while. */
async function costOf(harness: Harness, containers: number, windowMs: number): Promise<Cost> {
  for (let made = (await harness.containers()).length; made < containers; made += startsAtOnce) {
    const some = Math.min(startsAtOnce, containers - made);
    const options = { Cmd: ['sh', '-c', serve], Labels: { 'praetorian.port': '80' } };
    await Promise.all(Array.from({ length: some }, () => harness.run('idle', options)));
  }
  const calls = { count: 0 };
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  const guard = await guardOf(harness, windowMs, calls);
  await guard.start();
  const isWell = (): boolean => {
    const all = guard.agents.list({ limit: 1_000 }).items;
    return all.length === containers && all.every(({ health }) => health === 'healthy');
  };
  // The first look at all of them is not what it costs to look after them.
  while (!isWell()) await pause(200);
  calls.count = 0;
  const cpu = process.cpuUsage();
  await pause(windowMs);
  const { user, system } = process.cpuUsage(cpu);
  globalThis.gc?.();
  const memory = process.memoryUsage().heapUsed - before;
  await guard.stop();
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
