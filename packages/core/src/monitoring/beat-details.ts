import type { Heartbeat } from '../contracts/index.ts';
import { metricNames, type AgentMetrics, type Progress } from '../model/index.ts';

/** What an agent said of itself last, to see whether the next heartbeat says anything new. */
export type LastBeat = Pick<Heartbeat, 'status' | 'role' | 'epoch' | 'lag' | 'version'>;

/** Of one that has said nothing of itself yet. */
export const nothingSaid: LastBeat = Object.freeze({});

/** Whether a heartbeat carries more than its time: the hot path looks at `LastBeat` only then. */
export function saysAnything(beat: Heartbeat): boolean {
  return (
    beat.metrics !== undefined ||
    beat.progress !== undefined ||
    beat.status !== undefined ||
    beat.role !== undefined ||
    beat.epoch !== undefined ||
    beat.lag !== undefined ||
    beat.version !== undefined
  );
}

/** Figures and progress are always told on; the rest when it changed. What is left out says the same as before. */
export function saysNews(beat: Heartbeat, last: LastBeat = nothingSaid): boolean {
  if (beat.metrics !== undefined || beat.progress !== undefined) return true;
  return (
    (beat.status !== undefined && beat.status !== last.status) ||
    (beat.role !== undefined && beat.role !== last.role) ||
    (beat.epoch !== undefined && beat.epoch !== last.epoch) ||
    (beat.lag !== last.lag && (beat.lag !== undefined || beat.role !== undefined)) ||
    (beat.version !== undefined && beat.version !== last.version)
  );
}

/** What is remembered of a heartbeat for the next. A lag goes with the role: one that is not told with it is not known (R08). */
export function remembered({ status, role, epoch, lag, version }: Heartbeat, last: LastBeat | undefined): LastBeat {
  const said = { status, role, epoch, lag, version };
  const news = Object.entries(said).filter(([, value]) => value !== undefined);
  const { lag: before, ...rest } = last ?? {};
  const kept = role === undefined && before !== undefined ? { ...rest, lag: before } : rest;
  return { ...kept, ...Object.fromEntries(news) };
}

/** Only the names the engine knows: a heartbeat comes from outside. */
export function knownMetrics(metrics: AgentMetrics): AgentMetrics {
  const known: { [name: string]: number } = {};
  for (const name of metricNames) if (metrics[name] !== undefined) known[name] = metrics[name];
  return known;
}

export function knownProgress({ activeTasks, queueDepth, lastProgressAt }: Progress): Progress {
  return {
    ...(activeTasks === undefined ? {} : { activeTasks }),
    ...(queueDepth === undefined ? {} : { queueDepth }),
    ...(lastProgressAt === undefined ? {} : { lastProgressAt }),
  };
}

type Details = Omit<Heartbeat, 'agentId' | 'instance' | 'metrics' | 'progress'>;

export function knownDetails({ seq, at, status, role, epoch, lag, version }: Details): Details {
  return {
    ...(seq === undefined ? {} : { seq }),
    ...(at === undefined ? {} : { at }),
    ...(status === undefined ? {} : { status }),
    ...(role === undefined ? {} : { role }),
    ...(epoch === undefined ? {} : { epoch }),
    ...(lag === undefined ? {} : { lag }),
    ...(version === undefined ? {} : { version }),
  };
}
