import { testPlugin, testSurface } from '@praetorian-guard/core/testing';
import { describe, it } from 'vitest';
import { completeConfig } from '../src/config.ts';
import { HttpSurface } from '../src/http-surface.ts';
import plugin from '../src/index.ts';
import { tokens, withTokens } from './fixture.ts';

testSurface(
  { describe, it },
  {
    make: async (rig) => new HttpSurface(rig.context(completeConfig({ ...withTokens, port: 0 }))),
    makeOn: async (rig, taken) =>
      new HttpSurface(rig.context(completeConfig({ ...withTokens, port: Number(new URL(taken).port) }))),
    answers: (url) =>
      fetch(`${url}/health/live`).then(
        (response) => response.ok,
        () => false,
      ),
    secrets: Object.values(tokens),
  },
);

const token = { $env: 'TOKEN' };

testPlugin({ describe, it }, plugin, {
  valid: [
    { auth: 'loopback-open' },
    {
      host: '0.0.0.0',
      port: 80,
      publicUrl: 'https://guard.example.com',
      tokens: [
        { name: 'ops', role: 'operator', token },
        { name: 'web', role: 'agent', token, group: 'web' },
      ],
      limits: { heartbeat: '16KiB', state: '1GiB' },
      sse: { heartbeat: '30s', maxClients: 5 },
    },
    {},
  ],
  invalid: [
    { config: { port: 70_000 }, path: 'port' },
    { config: { auth: 'none' }, path: 'auth' },
    { config: { publicUrl: 'guard/path' }, path: 'publicUrl' },
    { config: { tokens: [{ name: 'a', role: 'boss', token }] }, path: 'tokens[0].role' },
    { config: { tokens: [{ name: 'a', role: 'viewer' }] }, path: 'tokens[0].token' },
    { config: { allowedOrigins: ['ops.example.com'] }, path: 'allowedOrigins[0]' },
    { config: { limits: { json: 'much' } }, path: 'limits.json' },
    { config: { sse: { heartbeat: 'often' } }, path: 'sse.heartbeat' },
    { config: { sse: { maxClients: 0 } }, path: 'sse.maxClients' },
    { config: { colour: 'red' }, path: 'colour' },
  ],
});
