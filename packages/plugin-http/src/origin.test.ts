import { isGuardError } from '@praetorian-guard/core/plugin';
import { describe, expect, test } from 'vitest';
import { completeConfig, type HttpOptions } from './config.ts';
import { OriginCheck, type Provenance } from './origin.ts';

const local = '127.0.0.1';
const passes = (options: HttpOptions, from: Partial<Provenance>): boolean => {
  try {
    new OriginCheck(completeConfig(options)).require({
      host: undefined,
      origin: undefined,
      remoteAddress: local,
      embedded: false,
      ...from,
    });
    return true;
  } catch (error) {
    if (isGuardError(error, 'GUARD_HTTP_ORIGIN')) return false;
    throw error;
  }
};

const open: HttpOptions = { auth: 'loopback-open' };

describe('a guard that asks for no token', () => {
  test.each<[string, Partial<Provenance>, boolean]>([
    ['a loopback name', { host: 'localhost:7717' }, true],
    ['a loopback address', { host: '127.0.0.1:7717' }, true],
    ['an IPv6 loopback address', { host: '[::1]:7717', remoteAddress: '::1' }, true],
    ['a mapped peer', { host: 'LOCALHOST', remoteAddress: '::ffff:127.0.0.1' }, true],
    ['its own page', { host: 'localhost:7717', origin: 'http://localhost:7717' }, true],
    ['another name (DNS rebinding)', { host: 'evil.example.com:7717' }, false],
    ['a name that only begins like one', { host: 'localhost.evil.example.com' }, false],
    ['no name', {}, false],
    ['a broken name', { host: 'localhost:7717@evil' }, false],
    ['the page of another site', { host: 'localhost:7717', origin: 'https://evil.example.com' }, false],
    ['the page of another port', { host: 'localhost:7717', origin: 'http://localhost:3000' }, false],
    ['a page without an origin', { host: 'localhost:7717', origin: 'null' }, false],
    ['another machine', { host: 'localhost:7717', remoteAddress: '10.0.0.7' }, false],
    ['a peer that cannot be told', { host: 'localhost:7717', remoteAddress: undefined }, false],
  ])('judges a request by %s', (_name, from, expected) => {
    expect(passes(open, from)).toBe(expected);
  });

  test('lets in hosts and origins that are allowed', () => {
    const options: HttpOptions = { ...open, allowedHosts: ['guard.test'], allowedOrigins: ['https://ops.test'] };
    expect(passes(options, { host: 'guard.test:80', origin: 'https://ops.test' })).toBe(true);
    expect(passes(options, { host: 'guard.test:80', origin: 'https://ops.test.evil' })).toBe(false);
  });
});

test('with tokens every host is good until some are named', () => {
  expect(passes({}, { host: 'anything', remoteAddress: '10.0.0.7', origin: 'https://x' })).toBe(true);
  expect(passes({ allowedHosts: ['guard.test'] }, { host: 'anything' })).toBe(false);
  expect(passes({ allowedHosts: ['guard.test'] }, { host: 'Guard.Test:443', remoteAddress: '10.0.0.7' })).toBe(true);
});
