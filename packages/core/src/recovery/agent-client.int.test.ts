import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { guardError } from '../contracts/index.ts';
import type { Agent } from '../model/index.ts';
import { systemClock } from '../runtime/system-clock.ts';
import { createVirtualClock } from '../testing/virtual-clock.ts';
import { recordingLogger } from '../testing/rig.ts';
import { type AgentClient, type AgentTarget, type HttpAgentClientDeps, httpAgentClient } from './agent-client.ts';

type Handler = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void;

const servers: Server[] = [];
const never = new AbortController().signal;

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** An agent that answers with the handler. */
async function agentThat(handler: Handler, prefix = ''): Promise<AgentTarget> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => handler(request, response, Buffer.concat(parts)));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return target(`http://127.0.0.1:${(server.address() as AddressInfo).port}${prefix}`);
}

function target(endpoint?: string): AgentTarget {
  const instance = { id: 'i-1', generation: 1, ...(endpoint === undefined ? {} : { endpoint }) };
  const agent: Agent = {
    id: 'web-1',
    group: 'web',
    labels: {},
    dependsOn: [],
    criticality: 0,
    source: 'registration',
    instance,
  };
  return { agent, instance };
}

function client(given: Partial<HttpAgentClientDeps> = {}): AgentClient {
  return httpAgentClient({
    clock: systemClock(),
    log: recordingLogger(),
    endpointAllowed: async () => ({ allowed: true }),
    ...given,
  });
}

/** A promise and what resolves it. */
function signalled(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

const state = { bytes: new TextEncoder().encode('{"tasks":3}'), contentType: 'application/json' };

describe('state', () => {
  it('fetches what the agent hands out and gives it back as it was', async () => {
    let held: { body: Buffer; type: string | undefined } | undefined;
    const agent = await agentThat((request, response, body) => {
      if (request.method === 'PUT') held = { body, type: request.headers['content-type'] };
      if (request.method === 'PUT') response.writeHead(204).end();
      else response.writeHead(200, { 'content-type': 'application/json' }).end(state.bytes);
    });
    const fetched = await client().fetchState(agent, never);
    expect(fetched).toMatchObject({ ok: true, state: { contentType: 'application/json' } });
    expect(fetched.ok && new TextDecoder().decode(fetched.state.bytes)).toBe('{"tasks":3}');
    expect(await client().putState(agent, state, never)).toEqual({ ok: true });
    expect(held).toEqual({ body: Buffer.from(state.bytes), type: 'application/json' });
  });

  it('keeps the path of the endpoint in front of its own', async () => {
    let asked: string | undefined;
    const agent = await agentThat((request, response) => {
      asked = request.url;
      response.writeHead(200).end('x');
    }, '/agents/7/');
    await client().fetchState(agent, never);
    expect(asked).toBe('/agents/7/state');
  });

  it('asks at the path an agent says it uses', async () => {
    let asked: string | undefined;
    const agent = await agentThat((request, response) => {
      asked = request.url;
      response.writeHead(200).end('x');
    });
    await client({ pathsOf: () => ({ state: 'backup', drain: '/d', promote: '/p' }) }).fetchState(agent, never);
    expect(asked).toBe('/backup');
  });

  it.each([
    ['announced', (response: ServerResponse) => response.writeHead(200, { 'content-length': 11 }).end('x'.repeat(11))],
    ['streamed', (response: ServerResponse) => response.writeHead(200).end('x'.repeat(11))],
  ])('refuses a state over the limit that is %s', async (_, answer) => {
    const agent = await agentThat((_request, response) => answer(response));
    expect(await client({ maxStateBytes: 10 }).fetchState(agent, never)).toEqual({
      ok: false,
      unsupported: false,
      retryable: false,
      text: 'the state is larger than 10 bytes',
    });
  });

  it('takes an empty answer for a fault and 204 for having none', async () => {
    const empty = await agentThat((_request, response) => response.writeHead(200).end());
    expect(await client().fetchState(empty, never)).toMatchObject({ unsupported: false, retryable: false });
    const none = await agentThat((_request, response) => response.writeHead(204).end());
    expect(await client().fetchState(none, never)).toMatchObject({ unsupported: true });
  });
});

describe('orders', () => {
  it('says how long to drain, and which epoch and fence a promotion has', async () => {
    const bodies: unknown[] = [];
    const agent = await agentThat((request, response, body) => {
      bodies.push([request.method, request.url, JSON.parse(body.toString())]);
      response.writeHead(202).end();
    });
    expect(await client().drain(agent, 5_000, never)).toEqual({ ok: true });
    expect(await client().promote(agent, { epoch: 4, fence: 9 }, never)).toEqual({ ok: true });
    expect(bodies).toEqual([
      ['POST', '/drain', { forMs: 5_000 }],
      ['POST', '/promote', { epoch: 4, fence: 9 }],
    ]);
  });

  it.each([404, 405, 501])('takes %i for a call the agent does not offer', async (status) => {
    const agent = await agentThat((_request, response) => response.writeHead(status).end('nope'));
    expect(await client().drain(agent, 1_000, never)).toEqual({
      ok: false,
      unsupported: true,
      text: `the agent answered ${status}: nope`,
    });
  });

  it.each([
    [400, false],
    [409, false],
    [429, true],
    [500, true],
    [503, true],
  ])('says of %i whether another try may help', async (status, retryable) => {
    const agent = await agentThat((_request, response) => response.writeHead(status).end());
    expect(await client().promote(agent, { epoch: 1, fence: 1 }, never)).toMatchObject({
      unsupported: false,
      retryable,
    });
  });

  it('does not follow a redirect', async () => {
    let asked = 0;
    const agent = await agentThat((_request, response) => {
      asked += 1;
      response.writeHead(307, { location: '/elsewhere' }).end();
    });
    expect(await client().drain(agent, 1_000, never)).toMatchObject({
      retryable: false,
      text: 'the agent answered 307; redirects are not followed',
    });
    expect(asked).toBe(1);
  });

  it('shows of an answer one short line without control characters', async () => {
    const agent = await agentThat((_request, response) =>
      response.writeHead(400).end(`a\u001b[31m\r\nb${'c'.repeat(10_000)}`),
    );
    const reply = await client().drain(agent, 1_000, never);
    expect(!reply.ok && reply.text).toMatch(/^the agent answered 400: a \[31m bc+$/);
    expect(!reply.ok && reply.text.length).toBeLessThan(260);
  });
});

describe('what is not an answer', () => {
  it('gives up at the deadline and says which', async () => {
    const clock = createVirtualClock();
    const asked = signalled();
    const agent = await agentThat(() => asked.resolve());
    const reply = client({ clock }).drain(agent, 3_000, never);
    await asked.promise;
    await clock.advance(5_000);
    expect(await reply).toEqual({
      ok: false,
      unsupported: false,
      retryable: true,
      text: 'POST /drain took longer than 5s.',
    });
  });

  it('gives up in the middle of an answer', async () => {
    const clock = createVirtualClock();
    const begun = signalled();
    const agent = await agentThat((_request, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('half', () => begun.resolve());
    });
    const reply = client({ clock }).fetchState(agent, never);
    await begun.promise;
    await clock.advance(30_000);
    expect(await reply).toMatchObject({ ok: false, retryable: true, text: 'GET /state took longer than 30s.' });
  });

  it('ends promptly when it is cancelled', async () => {
    const cancel = new AbortController();
    const asked = signalled();
    const agent = await agentThat(() => asked.resolve());
    const reply = client().drain(agent, 60_000, cancel.signal);
    await asked.promise;
    cancel.abort();
    expect(await reply).toMatchObject({ ok: false, retryable: true, text: 'POST /drain was cancelled' });
    expect(await client().drain(agent, 60_000, cancel.signal)).toMatchObject({
      ok: false,
      text: 'POST /drain was cancelled',
    });
  });

  it('says that nobody listens, and that an answer broke off', async () => {
    const gone = await agentThat((request) => request.socket.destroy());
    expect(await client().drain(gone, 1_000, never)).toMatchObject({ ok: false, unsupported: false, retryable: true });
    const half = await agentThat((request, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('half', () => request.socket.destroy());
    });
    expect(await client().fetchState(half, never)).toMatchObject({ ok: false, unsupported: false, retryable: true });
  });

  it.each(['not a url', 'ftp://127.0.0.1/', 'file:///etc/passwd'])('calls nothing at %s', async (endpoint) => {
    expect(await client().drain(target(endpoint), 1_000, never)).toMatchObject({
      unsupported: false,
      retryable: false,
    });
  });

  it('takes a refusal of the endpoint policy that is thrown for one that stays', async () => {
    const endpointAllowed = async (): Promise<never> => {
      throw guardError('GUARD_ENDPOINT_DENIED', {
        agentId: 'web-1',
        endpoint: 'http://169.254.169.254',
        why: 'it is link-local',
      });
    };
    const reply = await client({ endpointAllowed }).drain(target('http://169.254.169.254'), 1_000, never);
    expect(reply).toMatchObject({
      unsupported: false,
      retryable: false,
      text: expect.stringContaining('link-local') as unknown,
    });
  });

  it('has nothing to call without an endpoint', async () => {
    expect(await client().fetchState(target(), never)).toMatchObject({ unsupported: true });
  });

  it('asks first whether the endpoint is allowed, and connects to the address that was checked', async () => {
    const agent = await agentThat((request, response) => response.writeHead(200).end(request.headers.host ?? ''));
    const denied = await client({ endpointAllowed: async () => ({ allowed: false, why: 'link-local' }) }).fetchState(
      agent,
      never,
    );
    expect(denied).toMatchObject({
      ok: false,
      retryable: false,
      text: expect.stringContaining('not allowed: link-local') as unknown,
    });
    const { port } = new URL(agent.instance.endpoint ?? '');
    const named = target(`http://agent.invalid:${port}`);
    const reply = await client({ endpointAllowed: async () => ({ allowed: true, address: '127.0.0.1' }) }).fetchState(
      named,
      never,
    );
    expect(reply.ok && new TextDecoder().decode(reply.state.bytes)).toBe(`agent.invalid:${port}`);
  });
});
