/** `@praetorian-guard/plugin-docker`: agents as containers of a Docker engine, or as tasks of a swarm. */
import { apiVersion, definePlugin } from '@praetorian-guard/core/plugin';
import { DockerOrchestrator } from './containers/docker-orchestrator.ts';
import { type DockerConfig, dockerConfigSchema } from './docker-config.ts';
import { NothingToDo } from './nothing-to-do.ts';
import { SwarmOrchestrator } from './services/swarm-orchestrator.ts';

export type { DockerConfig } from './docker-config.ts';

export default definePlugin<DockerConfig>({
  name: '@praetorian-guard/plugin-docker',
  version: '0.1.0',
  apiVersion,
  coreRange: '^0.1.0',
  configSchema: dockerConfigSchema,
  contributes: {
    orchestrators: {
      docker: (context) => (context.config.manage === 'services' ? new NothingToDo() : new DockerOrchestrator(context)),
      swarm: (context) => (context.config.manage === 'containers' ? new NothingToDo() : new SwarmOrchestrator(context)),
    },
  },
});
