/** The engine inside a program: it watches workers of this very process, and one of them breaks. */
import { createGuard, createLogger } from '@praetorian-guard/core';
import { Workers } from './workers.ts';
import { instanceOf, workersPlugin } from './workers-plugin.ts';

const workers = new Workers(['worker-1', 'worker-2', 'worker-3'], (worker) => {
  guard.heartbeat({ agentId: worker.id, instance: instanceOf(worker).id, progress: { lastProgressAt: Date.now() } });
});

const guard = await createGuard(
  {
    plugins: { host: { use: 'embedded-workers' } },
    heartbeat: { every: '200ms', timeout: '1s' },
    ladder: { drain: 0 },
    gate: { settle: '500ms' },
    watch: { every: '500ms', for: '2s' },
  },
  {
    plugins: { 'embedded-workers': workersPlugin(workers) },
    logger: createLogger({ level: 'warn', name: 'embedded' }),
  },
);

guard.on('agent.health-changed', ({ data }) => console.log(`${data.agentId}: ${data.from} → ${data.to}`));
guard.on('incident.changed', ({ data }) => console.log(`${data.incident.agentId}: ${data.entry.reason.text}`));
const healed = new Promise<string>((resolve) => {
  guard.on('incident.resolved', ({ data: { incident } }) => {
    resolve(`${incident.agentId}: ${incident.state === 'resolved' ? incident.outcome : incident.state}`);
  });
});

await guard.start();
workers.crash('worker-2');
console.log(await healed);
await guard.stop();
workers.stop();
