import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { run } from '../src/program.ts';
import { recordedIo } from './recorded-io.ts';

let server: Server;
let url = '';
let body: unknown;
const asked: string[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => new Promise((resolve) => server.close(resolve)));

beforeEach(() => void (asked.length = 0));

async function praetorian(...argv: string[]) {
  const io = recordedIo();
  const code = await run([...argv, '--url', url], io);
  return { code, out: io.stdout.join('\n'), err: io.stderr.join('\n') };
}

const hash = 'a'.repeat(64);

test('the audit log is listed with who did what', async () => {
  const entry = { chain: 'shard-1', seq: 4, at: 0, actor: 'ann', action: 'approve', subject: 'inc_1' };
  body = { items: [{ ...entry, data: { agent: 'web.2', rung: 'restart' }, prevHash: '', hash }] };
  const { code, out } = await praetorian('audit');
  expect(code).toBe(0);
  expect(out).toMatch(/WHEN +WHO +WHAT +ABOUT +DETAIL\n.+ann +approve +inc_1 +web\.2 {2}restart/);
  expect(asked).toEqual(['/api/v1/audit?limit=50']);
});

test('a whole log is told with its anchors, a broken one with the first entry that does not fit', async () => {
  body = { ok: true, entries: 4, anchor: hash, chains: [{ chain: 'guard', seq: 4, hash }] };
  const whole = await praetorian('audit', 'verify', '--anchors', `guard@3:${hash}`);
  expect(whole).toMatchObject({ code: 0 });
  expect(whole.out).toContain(`guard@4:${hash}`);
  expect(asked[0]).toContain('anchors=guard%403%3A');
  const broken = { seq: 2, why: 'it was changed: its hash does not match' };
  body = { ok: false, entries: 1, anchor: hash, chains: [{ chain: 'guard', seq: 1, hash, broken }] };
  const tampered = await praetorian('audit', 'verify');
  expect(tampered.code).toBe(1);
  expect(tampered.out).toMatch(/tampered with or damaged[^]*broken at 2 +it was changed/);
  expect((await praetorian('audit', 'verify', '--json')).code).toBe(1);
});

test('anchors that are none are refused before anything is asked', async () => {
  expect(await praetorian('audit', 'verify', '--anchors', 'guard:3')).toMatchObject({ code: 2 });
  expect(await praetorian('audit', 'prove')).toMatchObject({ code: 2 });
  expect(asked).toEqual([]);
});
