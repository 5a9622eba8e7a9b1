/** `@praetorian-guard/plugin-process`: agents as child processes of this machine. */
import { apiVersion, definePlugin } from '@praetorian-guard/core/plugin';
import { type ProcessConfig, processConfigSchema } from './process-config.ts';
import { ProcessOrchestrator } from './process-orchestrator.ts';

export type { ProcessConfig } from './process-config.ts';

export default definePlugin<ProcessConfig>({
  name: '@praetorian-guard/plugin-process',
  version: '0.1.0',
  apiVersion,
  coreRange: '^0.1.0',
  configSchema: processConfigSchema,
  contributes: { orchestrators: { process: (context) => new ProcessOrchestrator(context) } },
});
