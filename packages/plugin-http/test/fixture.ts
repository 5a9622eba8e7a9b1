import {
  createVirtualClock,
  FakeGuard,
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
