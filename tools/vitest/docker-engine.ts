import { request } from 'node:http';

/** Where the tests on containers find their engine. */
const url = process.env['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock';

/**
 * Looks once, before all tests, whether there is a Docker engine to test against. Where there is none the tests on
 * containers are left out, in one line that says how to add them; in CI that is a failure.
 */
export async function setup(): Promise<void> {
  // Two projects ask, and one line is enough.
  if (process.env['DOCKER_TESTS'] !== undefined) return;
  const why = await missing();
  process.env['DOCKER_TESTS'] = why === undefined ? 'on' : 'off';
  if (why === undefined) return;
  const text = `tests on containers need a Docker engine and root: ${why}`;
  if (process.env['CI'] === 'true') throw new Error(text);
  process.stderr.write(`Left out: ${text}. Start dockerd, and set DOCKER_HOST if it does not listen at ${url}.\n`);
}

async function missing(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'this is not root, whose signals containers obey';
  return new Promise((resolve) => {
    const asked = request({ ...addressOf(), path: '/_ping', timeout: 5_000 }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200 ? undefined : `${url} answers ${answer.statusCode}`);
    });
    asked.on('timeout', () => asked.destroy(new Error('no answer within 5 s')));
    asked.on('error', (error) => resolve(`nobody answers at ${url} (${error.message})`));
    asked.end();
  });
}

function addressOf(): { socketPath: string } | { host: string; port: string } {
  if (url.startsWith('unix://')) return { socketPath: url.slice('unix://'.length) };
  const { hostname, port } = new URL(url);
  return { host: hostname, port: port === '' ? '2375' : port };
}
