import type { ConfigOverride } from '@praetorian-guard/core/plugin';
import { own } from '../containers/naming.ts';
import { environmentWith } from '../containers/recipe-override.ts';
import { type Amounts, forceOf, type ServiceFacts, type ServiceSpec, type TaskSpec } from './swarm-facts.ts';

/** The spec by which all tasks of a service are made anew, one after another as its update config says. */
export function rolled(spec: ServiceSpec, key: string, override: ConfigOverride = {}): ServiceSpec {
  const template = overridden(spec.TaskTemplate, override);
  return marked({ ...spec, TaskTemplate: { ...template, ForceUpdate: forceOf(spec.TaskTemplate) + 1 } }, key);
}

export function scaled(spec: ServiceSpec, key: string, replicas: number): ServiceSpec {
  return marked({ ...spec, Mode: { Replicated: { Replicas: replicas } } }, key);
}

/** The action leaves its key at the service, where it is found although the guard ended before it heard the answer. */
function marked(spec: ServiceSpec, key: string): ServiceSpec {
  return { ...spec, Labels: { ...spec.Labels, [own.key]: key } };
}

/** The last change of the service was that of the action. Whoever changes it after that finds the key there, and leaves it. */
export function bearsKey({ Spec, PreviousSpec }: Pick<ServiceFacts, 'Spec' | 'PreviousSpec'>, key: string): boolean {
  return Spec.Labels?.[own.key] === key && PreviousSpec?.Labels?.[own.key] !== key;
}

function overridden(template: TaskSpec, override: ConfigOverride): TaskSpec {
  const { memoryLimit, cpuLimit, timeoutMs, image, command, env } = override;
  const container = template.ContainerSpec ?? {};
  const variables = {
    ...(timeoutMs === undefined ? {} : { PRAETORIAN_TIMEOUT_MS: String(timeoutMs) }),
    ...env,
  };
  const environment = environmentWith(container.Env ? [...container.Env] : undefined, variables);
  const limits: Amounts = {
    ...(memoryLimit === undefined ? {} : { MemoryBytes: memoryLimit }),
    ...(cpuLimit === undefined ? {} : { NanoCPUs: Math.round(cpuLimit * 1e9) }),
  };
  return {
    ...template,
    ContainerSpec: {
      ...container,
      ...(environment ? { Env: environment } : {}),
      ...(image === undefined ? {} : { Image: image }),
      // What Swarm calls the command is the entrypoint; the command of a container are the arguments.
      ...(command ? { Args: command } : {}),
    },
    ...(Object.keys(limits).length === 0 ? {} : { Resources: resourcesOf(template, limits) }),
  };
}

/** Swarm refuses to keep more in reserve for a task than it lets it have. */
function resourcesOf({ Resources: old }: TaskSpec, limits: Amounts): NonNullable<TaskSpec['Resources']> {
  const reserved = old?.Reservations ?? {};
  const within = (name: keyof Amounts): Amounts => {
    const [kept, limit] = [reserved[name], limits[name]];
    return kept !== undefined && limit !== undefined && kept > limit ? { [name]: limit } : {};
  };
  return {
    ...old,
    Limits: { ...old?.Limits, ...limits },
    Reservations: { ...reserved, ...within('MemoryBytes'), ...within('NanoCPUs') },
  };
}
