import {
  createVirtualClock,
  FakeGuard,
  openIncident,
  recordingLogger,
  type RecordingLogger,
  type VirtualClock,
} from '@praetorian-guard/core/testing';
import { completeConfig, type HttpOptions } from '../src/config.ts';
import { assemble, type Assembly } from '../src/handler.ts';

export const tokens = {
  operator: 'operator-token-0123456789',
  viewer: 'viewer-token-0123456789ab',
  web1: 'agent-web-1-token-0123456',
  webGroup: 'group-web-token-01234567',
} as const;

export const bearer = (name: keyof typeof tokens): { authorization: string } => ({
  authorization: `Bearer ${tokens[name]}`,
});

export const withTokens: HttpOptions = {
  auth: 'tokens',
  tokens: [
    { name: 'ops', role: 'operator', token: tokens.operator },
    { name: 'screen', role: 'viewer', token: tokens.viewer },
    { name: 'web-1', role: 'agent', token: tokens.web1, agentId: 'web-1' },
    { name: 'web', role: 'agent', token: tokens.webGroup, group: 'web' },
  ],
};

export interface Rig extends Assembly {
  readonly guard: FakeGuard;
  readonly clock: VirtualClock;
  readonly log: RecordingLogger;
}

/** The whole surface but the socket, with a fake guard that knows `web-1`, `web-2` and `db-1`. */
export async function createRig(options: HttpOptions = withTokens): Promise<Rig> {
  const guard = new FakeGuard();
  guard.putAgent({ id: 'web-1', group: 'web', endpoint: 'http://127.0.0.1:4001' });
  guard.putAgent({ id: 'web-2', group: 'web', endpoint: 'http://127.0.0.1:4002' });
  guard.putAgent({ id: 'db-1', group: 'db' });
  const clock = createVirtualClock();
  const log = recordingLogger();
  const assembly = assemble(guard, completeConfig(options), { clock, log });
  await assembly.app.ready();
  return { ...assembly, guard, clock, log };
}

export const operator = bearer('operator');

/** Sends a request as the operator: `send(rig, 'POST /api/v1/holds', body)`. */
export async function send(rig: Rig, route: string, payload?: unknown) {
  const [method, url] = route.split(' ') as ['GET', string];
  const body = payload === undefined ? {} : { payload: payload as object };
  const response = await rig.app.inject({ method, url, headers: operator, ...body });
  return { status: response.statusCode, body: response.payload === '' ? undefined : response.json() };
}

export const incidentId = 'inc_01JDR4A0000000000000000001';

/** A rig with one incident of web-1. */
export async function withIncident(patch: object = {}): Promise<Rig> {
  const rig = await createRig();
  const because = { code: 'agent-suspected', text: 'It fell silent.' } as const;
  const incident = openIncident({ id: incidentId, agentId: 'web-1', group: 'web', at: 5 }, because);
  const entry = { seq: 1, at: 5, incidentId, type: 'opened', state: 'open', reason: because } as const;
  rig.guard.putIncident({ ...incident, ...patch }, [entry]);
  return rig;
}
