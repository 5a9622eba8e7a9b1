import { expect, test } from 'vitest';
import { readSettings } from './settings.ts';

test('works alone without any settings', () => {
  expect(readSettings({}, 7)).toMatchObject({
    port: 0,
    host: '127.0.0.1',
    instance: 'sample-agent:7',
    heartbeatMs: 30_000,
    restore: false,
  });
  expect(readSettings({}, 7)).not.toHaveProperty('guardUrl');
});

test('takes what a guard tells', () => {
  const env = {
    PRAETORIAN_URL: 'http://127.0.0.1:7717/',
    PRAETORIAN_AGENT_ID: 'w.1',
    PRAETORIAN_INSTANCE: 'w.1~4',
    PRAETORIAN_RESTORE: '1',
  };
  expect(readSettings({ ...env, PRAETORIAN_GENERATION: '4', PORT: '4001' }, 7)).toMatchObject({
    guardUrl: 'http://127.0.0.1:7717',
    agentId: 'w.1',
    instance: 'w.1~4',
    generation: 4,
    port: 4001,
    restore: true,
  });
});

test('waits for no state when the time for it is over', () => {
  const env = { PRAETORIAN_RESTORE: '1', PRAETORIAN_RESTORE_UNTIL: '5000' };
  expect(readSettings(env, 7, 4_000).restore).toBe(true);
  expect(readSettings(env, 7, 6_000).restore).toBe(false);
});

test.each([
  [{ PORT: '70000' }, 'PORT is "70000"; allowed is a whole number from 0 to 65535.'],
  [{ HEARTBEAT_MS: 'soon' }, /^HEARTBEAT_MS is "soon"/],
  [{ PRAETORIAN_AGENT_ID: 'a b' }, /^PRAETORIAN_AGENT_ID is "a b"/],
  [{ PRAETORIAN_URL: 'guard:7717' }, /^PRAETORIAN_URL is "guard:7717"/],
  [{ PRAETORIAN_RESTORE: 'maybe' }, /^PRAETORIAN_RESTORE is "maybe"/],
])('%j is refused and says what is allowed', (env, message) => {
  expect(() => readSettings(env, 7)).toThrow(message);
});
