import type { GuardApi, Heartbeat, SignalDraft } from '../contracts/index.ts';
import type { Json, JsonObject } from '../model/index.ts';
import type { Recorder } from './recorder.ts';
import { tapped } from './tapped.ts';

/** What an operation about an incident is kept with, so that a replay finds the incident under another id. */
export type AgentOf = (incidentId: string) => string | undefined;

/** Approvals are signed with a key the record does not know. */
const privateNames = /token|signature|secret|password/i;

export interface GuardTapOptions {
  readonly recorder: Recorder;
  readonly agentOf: AgentOf;
  /** Starts the guard with the face that surfaces are to use. */
  readonly start: (face: GuardApi) => Promise<void>;
}

/** A guard that writes down everything that is said to it. */
export function tapGuard(guard: GuardApi, { recorder, agentOf, start }: GuardTapOptions): GuardApi {
  const done = <T>(m: string, args: readonly unknown[], run: () => Promise<T>): Promise<T> =>
    operation({ recorder, m, args, agent: undefined }, run);
  const onIncident = (m: 'acknowledge' | 'approve' | 'reject' | 'resolve') =>
    ((id: string, actor: never) =>
      operation({ recorder, m, args: [id, actor], agent: agentOf(id) }, () =>
        guard[m](id, actor),
      )) as GuardApi[typeof m];
  const agents = tapped(guard.agents, {
    register: (registration) => done('agents.register', [registration], () => guard.agents.register(registration)),
    deregister: (...asked) => done('agents.deregister', asked, () => guard.agents.deregister(...asked)),
  });
  const checkpoints = tapped(guard.checkpoints, {
    save: (agentId, bytes, meta) =>
      done('checkpoints.save', [agentId, bytes.byteLength, meta], () => guard.checkpoints.save(agentId, bytes, meta)),
  });
  const taps = tapped(guard, {
    start: () => start(face),
    stop: () => {
      recorder.end();
      return guard.stop();
    },
    heartbeat: (beat: Heartbeat) => {
      recorder.beat(beat);
      return guard.heartbeat(beat);
    },
    ingest: (signal: SignalDraft) => {
      recorder.write({ k: 'sig', d: signal as unknown as JsonObject });
      guard.ingest(signal);
    },
    acknowledge: onIncident('acknowledge'),
    approve: onIncident('approve'),
    reject: onIncident('reject'),
    resolve: onIncident('resolve'),
    hold: (request) => done('hold', [request], () => guard.hold(request)),
    release: (holdId, actor) => done('release', [holdId, actor], () => guard.release(holdId, actor)),
    respawn: (agentId, options) => done('respawn', [agentId, options], () => guard.respawn(agentId, options)),
  });
  // Sections of the guard are no methods: they are put in the place of its own.
  const face: GuardApi = new Proxy(taps, {
    get: (whole, key) => (key === 'agents' ? agents : key === 'checkpoints' ? checkpoints : Reflect.get(whole, key)),
  });
  return face;
}

interface Operation {
  readonly recorder: Recorder;
  readonly m: string;
  readonly args: readonly unknown[];
  readonly agent: string | undefined;
}

async function operation<T>({ recorder, m, args, agent }: Operation, run: () => Promise<T>): Promise<T> {
  const n = recorder.nextOperation();
  const kept = args.map((one) => withoutPrivate(one as Json));
  recorder.input({ k: 'op', n, m, args: kept, ...(agent === undefined ? {} : { agent }) });
  try {
    const result = await run();
    const id = (result as { readonly id?: unknown } | undefined)?.id;
    recorder.write({ k: 'opd', n, ...(typeof id === 'string' ? { id } : {}) });
    return result;
  } catch (thrown) {
    recorder.write({ k: 'opd', n, refused: 1 });
    throw thrown;
  }
}

function withoutPrivate(value: Json): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const kept = Object.entries(value).filter(([name]) => !privateNames.test(name));
  return Object.fromEntries(kept);
}
