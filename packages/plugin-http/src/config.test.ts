import { isGuardError } from '@praetorian-guard/core/plugin';
import { describe, expect, test } from 'vitest';
import { checkConfig, completeConfig, type HttpOptions } from './config.ts';
import plugin from './index.ts';

const token = 'a-token-of-some-length';
const problemsOf = (options: HttpOptions): string => {
  try {
    checkConfig(completeConfig(options));
  } catch (error) {
    if (isGuardError(error, 'GUARD_CONFIG_INVALID')) return error.message;
    throw error;
  }
  return 'none';
};

describe('the config', () => {
  test('has the defaults of the schema', () => {
    expect(completeConfig({})).toEqual({
      host: '127.0.0.1',
      port: 7717,
      auth: 'tokens',
      tokens: [],
      allowedHosts: [],
      allowedOrigins: [],
      limits: { heartbeat: 65_536, json: 1_048_576, batch: 16_777_216, state: 67_108_864 },
      sse: { heartbeat: 15_000, maxClients: 100 },
    });
  });

  test('reads sizes and durations, also beside defaults', () => {
    const { limits, sse } = completeConfig({ limits: { json: '2MiB', state: 5 }, sse: { heartbeat: '1m' } });
    expect(limits).toMatchObject({ json: 2_097_152, state: 5, batch: 16_777_216 });
    expect(sse).toEqual({ heartbeat: 60_000, maxClients: 100 });
  });

  test.each([
    [{ nonsense: 1 } as HttpOptions, 'http.nonsense is not an option'],
    [{ limits: { json: 'much' } }, 'http.limits.json: "much" cannot be read'],
    [{}, 'http.tokens is empty'],
    [{ auth: 'loopback-open', host: '0.0.0.0' }, 'needs a loopback http.host, not 0.0.0.0'],
    [{ auth: 'loopback-open', host: 'localhost.example.com' }, 'needs a loopback http.host'],
    [{ tokens: [{ name: 'a', role: 'viewer', token: 'short' }] }, 'the token has 5 characters'],
    [{ tokens: [{ name: 'a', role: 'viewer', token: 'with spaces in it, long' }] }, 'printable ASCII'],
    [{ tokens: [{ name: 'a', role: 'agent', token }] }, 'needs agentId, group or both'],
    [{ auth: 'loopback-open', sse: { heartbeat: 0 } }, 'http.sse.heartbeat is 0 ms'],
    [{ tokens: [{ name: 'a', role: 'viewer', token, group: 'y' }] }, 'are for tokens of role agent'],
    [{ tokens: [{ name: 'a', role: 'agent', token, group: '../y' }] }, '"../y" is not an id'],
    [
      {
        tokens: [
          { name: 'a', role: 'viewer', token },
          { name: 'a', role: 'viewer', token: `${token}2` },
        ],
      },
      'the name a stands there twice',
    ],
    [
      {
        tokens: [
          { name: 'a', role: 'viewer', token },
          { name: 'b', role: 'viewer', token },
        ],
      },
      'two of them have the same token',
    ],
  ] satisfies [HttpOptions, string][])('is refused when it is %j', (options, problem) => {
    expect(problemsOf(options)).toContain(problem);
    expect(problemsOf(options)).not.toContain(token);
  });

  test.each([
    { auth: 'loopback-open' },
    { auth: 'loopback-open', host: '::1' },
    { tokens: [{ name: 'a', role: 'viewer', token }], host: '0.0.0.0' },
    { tokens: [{ name: 'a', role: 'agent', token, agentId: 'x', group: 'y' }] },
  ] satisfies HttpOptions[])('is taken when it is %j', (options) => {
    expect(problemsOf(options)).toBe('none');
  });

  test('is the schema the plugin declares, strict at every level', () => {
    const schema = JSON.stringify(plugin.configSchema);
    expect(schema.match(/"type":"object"/g)?.length).toBe(schema.match(/"additionalProperties":false/g)?.length);
    expect(Object.keys(plugin.contributes.surfaces ?? {})).toEqual(['http']);
  });
});
