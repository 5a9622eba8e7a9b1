import { testSurface } from '@praetorian-guard/core/testing';
import { describe, it } from 'vitest';
import { completeConfig } from '../src/config.ts';
import { HttpSurface } from '../src/http-surface.ts';
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
