import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '@praetorian-guard/core/plugin';
import { describe, expect, it } from 'vitest';
import { addressOf } from './address.ts';

describe('the address of an engine', () => {
  it.each([
    ['unix:///var/run/docker.sock', { socketPath: '/var/run/docker.sock', protocol: 'http' }],
    ['unix://run/docker.sock', { socketPath: '/base/run/docker.sock', protocol: 'http' }],
    ['tcp://10.0.0.5', { host: '10.0.0.5', port: 2375, protocol: 'http' }],
    ['tcp://[::1]:99', { host: '[::1]', port: 99, protocol: 'http' }],
    ['https://engine.local', { host: 'engine.local', port: 2376, protocol: 'https' }],
  ])('%s', (url, address) => {
    expect(addressOf(url, undefined, '/base')).toEqual(address);
  });

  it('has the certificates that were named, read from beside the config', () => {
    const folder = mkdtempSync(join(tmpdir(), 'praetorian-tls-'));
    try {
      for (const name of ['ca', 'cert', 'key']) writeFileSync(join(folder, `${name}.pem`), name);
      const tls = { ca: 'ca.pem', cert: 'cert.pem', key: 'key.pem' };
      expect(addressOf('tcp://engine:2376', tls, folder)).toEqual({
        host: 'engine',
        port: 2376,
        protocol: 'https',
        ca: 'ca',
        cert: 'cert',
        key: 'key',
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it.each([
    ['ssh://engine', undefined, 'none of unix, tcp, http and https'],
    ['engine', undefined, 'no URL'],
    ['unix://', undefined, 'names no socket'],
    ['tcp://engine/path', undefined, 'more than a host and a port'],
    ['unix:///run/docker.sock', { ca: 'ca.pem' }, 'does not speak TLS'],
    ['tcp://engine', { cert: 'cert.pem' }, 'belong together'],
    ['tcp://engine', { ca: 'nowhere.pem' }, 'nowhere.pem'],
  ])('is refused for %s with %j: %s', (url, tls, why) => {
    expect(() => addressOf(url, tls, '/base')).toThrow(why);
  });

  it.each([
    'tcp://me:secret@engine:2375',
    'tcp://:secret@engine',
    'me:secret@engine',
    'tcp://engine?token=secret',
    'tcp://me:se/secret@x:y',
  ])('tells no secret that stands in %s', (url) => {
    let text = '';
    try {
      addressOf(url, undefined, '/base');
    } catch (error) {
      text = messageOf(error);
    }
    expect(text).toMatch(/engine/);
    expect(text).not.toMatch(/secret/);
  });
});
