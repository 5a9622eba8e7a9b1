/** A plugin in one package: an orchestrator that runs agents as worker threads, and a detector for stuck queues. */
import { apiVersion, definePlugin } from '@praetorian-guard/core/plugin';
import { configSchema, type TutorialConfig } from './config.ts';
import { QueueDetector } from './queue-detector.ts';
import { ThreadOrchestrator } from './thread-orchestrator.ts';

export default definePlugin<TutorialConfig>({
  name: '@praetorian-guard/example-custom-plugin',
  version: '0.1.0',
  apiVersion,
  coreRange: '^0.1.0',
  configSchema,
  contributes: {
    orchestrators: { threads: (context) => new ThreadOrchestrator(context) },
    detectors: { queue: (context) => new QueueDetector(context) },
  },
});
