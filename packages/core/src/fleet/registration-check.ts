import type { Registration } from '../contracts/index.ts';
import { guardError } from '../contracts/index.ts';
import { isId } from '../model/index.ts';

const labelsMax = 64;
const labelKeyMax = 128;
const labelValueMax = 1_024;
const dependenciesMax = 64;
const endpointMax = 2_048;

/**
 * A copy of a registration that came from outside, with known fields only.
 * Throws `GUARD_AGENT_ID` for a name and `GUARD_AGENT_INVALID` for everything else that is not as it should be.
 */
export function checkedRegistration(given: Registration): Registration {
  if (typeof given !== 'object' || given === null) throw invalid('?', 'it has to be an object');
  const id = checkedId(given.id);
  const { instance, generation, endpoint, labels, role, dependsOn, criticality } = given;
  const why = scalarProblem(given);
  if (why !== undefined) throw invalid(id, why);
  const fields = {
    id,
    group: checkedId(given.group),
    instance: instance === undefined ? undefined : checkedId(instance),
    generation,
    endpoint: endpoint === undefined ? undefined : checkedEndpoint(id, endpoint),
    labels: labels === undefined ? undefined : checkedLabels(id, labels),
    role,
    dependsOn: dependsOn === undefined ? undefined : checkedDependencies(id, dependsOn),
    criticality,
  };
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as unknown as Registration;
}

function scalarProblem({ generation, role, criticality }: Registration): string | undefined {
  if (generation !== undefined && !(Number.isSafeInteger(generation) && generation >= 1)) {
    return `generation is ${shown(generation)}, it has to be a whole number from 1`;
  }
  if (role !== undefined && !['primary', 'replica'].includes(role)) {
    return `role is ${shown(role)}, it has to be primary or replica`;
  }
  if (criticality !== undefined && ![0, 1, 2].includes(criticality)) {
    return `criticality is ${shown(criticality)}, it has to be 0, 1 or 2`;
  }
  return undefined;
}

/** The value, if it may name an agent, a group or an instance; throws `GUARD_AGENT_ID`. */
export function checkedId(value: unknown): string {
  if (!isId(value)) throw guardError('GUARD_AGENT_ID', { value: shown(value) });
  return value;
}

function checkedEndpoint(agentId: string, endpoint: unknown): string {
  const url = typeof endpoint === 'string' && endpoint.length <= endpointMax ? parsed(endpoint) : undefined;
  if (!url) throw invalid(agentId, `endpoint is ${shown(endpoint)}, it has to be an address like http://host:4001`);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw invalid(agentId, `endpoint has the protocol ${url.protocol}, it has to be http: or https:`);
  }
  if (url.username !== '' || url.password !== '') throw invalid(agentId, 'endpoint must not carry a user or password');
  return endpoint as string;
}

function parsed(text: string): URL | undefined {
  // `URL` takes white space and control characters out or escapes them, but the address is shown as it was given.
  const isClean = !/[\s\p{Cc}]/u.test(text);
  return isClean && URL.canParse(text) ? new URL(text) : undefined;
}

function checkedLabels(agentId: string, labels: unknown): { readonly [key: string]: string } {
  if (typeof labels !== 'object' || labels === null || Array.isArray(labels)) {
    throw invalid(agentId, `labels is ${shown(labels)}, it has to be an object of texts`);
  }
  const entries = Object.entries(labels);
  if (entries.length > labelsMax)
    throw invalid(agentId, `there are ${entries.length} labels, ${labelsMax} are allowed`);
  for (const [key, value] of entries) {
    if (key.length === 0 || key.length > labelKeyMax) {
      throw invalid(agentId, `the label key ${shown(key)} has to have 1–${labelKeyMax} characters`);
    }
    if (typeof value !== 'string' || value.length > labelValueMax) {
      throw invalid(
        agentId,
        `the label ${key} is ${shown(value)}, it has to be a text of at most ${labelValueMax} characters`,
      );
    }
  }
  return Object.fromEntries<string>(entries);
}

function checkedDependencies(agentId: string, dependsOn: unknown): readonly string[] {
  if (!Array.isArray(dependsOn) || dependsOn.length > dependenciesMax) {
    throw invalid(agentId, `dependsOn has to be a list of at most ${dependenciesMax} agent ids`);
  }
  return dependsOn.map(checkedId);
}

function invalid(agentId: string, why: string): Error {
  return guardError('GUARD_AGENT_INVALID', { agentId, why });
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
