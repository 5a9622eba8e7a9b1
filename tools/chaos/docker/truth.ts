import { setTimeout as sleep } from 'node:timers/promises';
import type { Inspected } from '../../../examples/reference-host/test/docker/container-fleet.ts';

/** Where the container of an agent is looked at. */
export interface Looked {
  inspect(agentId: string): Promise<Inspected>;
}

const lookMs = 100;
const answerMs = 600;

/** Whether an agent works, found out without the guard: by the engine and by the agent's own answers. */
export async function isWell(fleet: Looked, agentId: string, startedAfter?: number): Promise<boolean> {
  const inspected = await fleet.inspect(agentId).catch(() => undefined);
  if (!inspected) return false;
  const { Running, Paused, StartedAt, Health } = inspected.State;
  if (!Running || Paused || Health?.Status === 'unhealthy') return false;
  if (startedAfter !== undefined && Date.parse(StartedAt) < startedAfter) return false;
  const endpoint = endpointOf(inspected);
  if (endpoint === undefined || !isPublished(inspected)) return false;
  const [fault, ready] = await Promise.all([asked(`${endpoint}/fault`), asked(`${endpoint}/health/ready`)]);
  return (fault as { kind?: string } | undefined)?.kind === 'none' && ready !== undefined;
}

/** Looks again and again; the moment it was well, or `undefined` when the time is over. */
export async function wellAt(
  fleet: Looked,
  agentId: string,
  { startedAfter, withinMs }: { readonly startedAfter?: number; readonly withinMs: number },
): Promise<number | undefined> {
  const end = Date.now() + withinMs;
  while (Date.now() < end) {
    if (await isWell(fleet, agentId, startedAfter)) return Date.now();
    await sleep(lookMs);
  }
  return undefined;
}

/** An engine that has lost track of a port attaches the container all the same, without it. */
function isPublished({ HostConfig, NetworkSettings }: Inspected): boolean {
  const wanted = Object.keys(HostConfig.PortBindings ?? {});
  return wanted.every((port) => (NetworkSettings.Ports[port]?.length ?? 0) > 0);
}

function endpointOf({ NetworkSettings }: Inspected): string | undefined {
  const address = Object.values(NetworkSettings.Networks).find(({ IPAddress }) => IPAddress !== '')?.IPAddress;
  return address === undefined ? undefined : `http://${address}:4000`;
}

async function asked(url: string): Promise<unknown> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(answerMs) });
    const body = await response.json();
    return response.ok ? body : undefined;
  } catch {
    return undefined;
  }
}
