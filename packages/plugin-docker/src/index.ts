/** `@praetorian-guard/plugin-docker`: agents as containers of Docker. */
import { apiVersion, definePlugin } from '@praetorian-guard/core/plugin';
import { DockerOrchestrator } from './containers/docker-orchestrator.ts';
import { type DockerConfig, dockerConfigSchema } from './docker-config.ts';

export type { DockerConfig } from './docker-config.ts';

export default definePlugin<DockerConfig>({
  name: '@praetorian-guard/plugin-docker',
  version: '0.1.0',
  apiVersion,
  coreRange: '^0.1.0',
  configSchema: dockerConfigSchema,
  contributes: { orchestrators: { docker: (context) => new DockerOrchestrator(context) } },
});
