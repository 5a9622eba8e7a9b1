import { commandOutline, withDeadline } from '@praetorian-guard/core/kit';
import type { Call, Clock, EvidenceItem, Ms } from '@praetorian-guard/core/plugin';
import type { ContainerFacts, Engine } from '../engine/engine.ts';
import { beginning } from './log-lines.ts';
import { readTail } from './logs.ts';

/** A recovery waits for the evidence; what is not there by then is left out. */
const limitMs: Ms = 2_000;
/** The guard keeps 4096 characters of each item, so that what describes a container has to be less together. */
const max = { log: 256 * 1024, outputs: 3, command: 800, names: 60, chars: 1_200, places: 12 } as const;

export interface EvidenceParts {
  readonly engine: Pick<Engine, 'logs' | 'container'>;
  readonly clock: Clock;
  /** Lines of log that are kept. */
  readonly logLines: number;
}

/** What helps to understand why a container failed. Never throws: of one that is gone there is nothing. */
export async function evidenceOf(
  { engine, clock, logLines }: EvidenceParts,
  containerId: string,
  { signal }: Call,
): Promise<readonly EvidenceItem[]> {
  const inTime = async (what: string, read: (signal: AbortSignal) => Promise<readonly EvidenceItem[]>) => {
    try {
      return await withDeadline(clock, read, limitMs, { what, signal });
    } catch {
      return [];
    }
  };
  const items = await Promise.all([
    inTime('Reading the log', async (signal) => {
      if (logLines === 0) return [];
      const wanted = { tail: logLines, after: beginning, maxBytes: max.log };
      const { lines } = await readTail(engine, containerId, wanted, signal);
      return lines.length === 0 ? [] : [{ label: 'log', text: lines.join('\n') }];
    }),
    inTime('Looking at the container', async (signal) => {
      const facts = await engine.container(containerId, { signal });
      if (!facts) return [];
      return [
        { label: 'state', text: JSON.stringify(stateOf(facts)) },
        ...outputsOf(facts),
        { label: 'container', text: JSON.stringify(describe(facts)) },
      ];
    }),
  ]);
  return items.flat();
}

function stateOf({ State: state, RestartCount: restarts }: ContainerFacts): object {
  const { Status: status, ExitCode: exitCode, Error: error, OOMKilled: outOfMemory, StartedAt: startedAt } = state;
  const { FinishedAt: finishedAt, Health: health } = state;
  return {
    status,
    exitCode,
    ...(error === '' ? {} : { error }),
    outOfMemory,
    startedAt,
    finishedAt,
    restarts,
    ...(health ? { health: { status: health.Status, failing: health.FailingStreak } } : {}),
  };
}

/**
 * What the health check printed, as it is and whole: the guard takes the secrets out of it before it cuts it. Half a secret, or
 * one in quotes within quotes, would not be seen to be one.
 */
function outputsOf({ State: { Health: health } }: ContainerFacts): readonly EvidenceItem[] {
  const checks = (health?.Log ?? []).slice(-max.outputs);
  if (checks.length === 0) return [];
  const texts = checks.map(({ End, ExitCode, Output }) => `${End} exit code ${ExitCode}\n${Output.trim()}`);
  return [{ label: 'health check', text: texts.join('\n') }];
}

/** Of the environment only the names, and of the command only its outline: the values are where secrets are. */
function describe({ Config: config, HostConfig: host, Image, Mounts, NetworkSettings }: ContainerFacts): object {
  const entrypoint = config.Entrypoint ?? [];
  const command = [...(typeof entrypoint === 'string' ? [entrypoint] : entrypoint), ...(config.Cmd ?? [])];
  const names = (config.Env ?? []).map((entry) => entry.split('=', 1)[0] ?? '');
  const networks = Object.entries(NetworkSettings.Networks ?? {}).slice(0, max.places);
  return {
    image: config.Image,
    imageId: Image,
    command: commandOutline(command).slice(0, max.command),
    ...(config.User === '' ? {} : { user: config.User }),
    restartPolicy: host.RestartPolicy ?? {},
    limits: limitsOf(host),
    networks: Object.fromEntries(networks.map(([name, { IPAddress }]) => [name, IPAddress])),
    mounts: (Mounts ?? [])
      .slice(0, max.places)
      .map(({ Type, Destination, RW }) => `${Type}:${Destination}${RW ? '' : ':ro'}`),
    environment: names.slice(0, max.names).join(' ').slice(0, max.chars),
  };
}

function limitsOf({ Memory, MemorySwap, NanoCpus, CpuQuota, PidsLimit }: ContainerFacts['HostConfig']): object {
  const limits = { Memory, MemorySwap, NanoCpus, CpuQuota, PidsLimit };
  return Object.fromEntries(Object.entries(limits).filter(([, limit]) => typeof limit === 'number' && limit !== 0));
}
