import { expect, test } from 'vitest';
import { pageUrl, storeText } from './config-text.ts';

const http = (config: object) => ({
  config: { name: 'g', store: 'memory' },
  plugins: [{ instance: 'http', use: '@praetorian-guard/plugin-http', config }],
});

test.each([
  [{ host: '127.0.0.1', port: 7717 }, 'http://127.0.0.1:7717'],
  [{ host: '0.0.0.0', port: 80 }, 'http://127.0.0.1:80'],
  [{ host: '::1', port: 7717 }, 'http://[::1]:7717'],
  [{ host: '127.0.0.1', port: 7717, publicUrl: 'https://guard.example.com' }, 'https://guard.example.com'],
  [{ host: '127.0.0.1', port: 0 }, undefined],
])('the page of %j is at %s', (config, url) => {
  expect(pageUrl(http(config))).toBe(url);
});

test('without a surface there is no page', () => {
  expect(pageUrl({ config: { name: 'g', store: 'memory' }, plugins: [] })).toBeUndefined();
});

test('the store is named with its place, and memory with its price', () => {
  const plugins = [{ instance: 'store', use: '@praetorian-guard/plugin-level', config: { path: './data' } }];
  expect(storeText({ config: { name: 'g', store: 'store' }, plugins })).toBe(
    '@praetorian-guard/plugin-level in ./data',
  );
  expect(storeText({ config: { name: 'g', store: 'memory' }, plugins: [] })).toMatch(/forgets/);
});
