import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { guardError, messageOf } from '@praetorian-guard/core/plugin';

/** Where an engine listens and how to reach it, as the client library takes it. */
export interface EngineAddress {
  readonly socketPath?: string;
  readonly host?: string;
  readonly port?: number;
  readonly protocol: 'http' | 'https';
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Paths of PEM files, relative ones to the folder of the config. */
export interface TlsFiles {
  /** Authority that signed the engine's certificate. [those the system trusts] */
  readonly ca?: string;
  /** The guard's own certificate. */
  readonly cert?: string;
  readonly key?: string;
}

const defaultPort = { http: 2375, https: 2376 } as const;

/** The address of a URL like `unix:///var/run/docker.sock`, `tcp://10.0.0.5:2375` or `https://engine:2376`. */
export function addressOf(url: string, tls: TlsFiles | undefined, baseDir: string): EngineAddress {
  if (url.startsWith('unix://')) {
    const socketPath = url.slice('unix://'.length);
    if (socketPath === '') throw invalidUrl(url, 'it names no socket');
    if (tls) throw invalidUrl(url, 'a socket does not speak TLS; leave `tls` out');
    return { socketPath: resolve(baseDir, socketPath), protocol: 'http' };
  }
  const { protocol: scheme, hostname, port, pathname, username, password, search } = parsed(url);
  if (!['tcp:', 'http:', 'https:'].includes(scheme)) throw invalidUrl(url, 'it is none of unix, tcp, http and https');
  if (hostname === '') throw invalidUrl(url, 'it names no host');
  if (username !== '' || password !== '' || search !== '' || (pathname !== '' && pathname !== '/'))
    throw invalidUrl(url, 'it has more than a host and a port');
  const protocol = tls !== undefined || scheme === 'https:' ? 'https' : 'http';
  return {
    // An IPv6 address in its brackets: the client takes what stands before the first colon for a scheme.
    host: hostname,
    port: port === '' ? defaultPort[protocol] : Number(port),
    protocol,
    ...(tls ? pemsOf(tls, baseDir) : {}),
  };
}

function parsed(url: string): URL {
  try {
    return new URL(url);
  } catch {
    throw invalidUrl(url, 'it is no URL');
  }
}

function pemsOf(tls: TlsFiles, baseDir: string): Pick<EngineAddress, 'ca' | 'cert' | 'key'> {
  if ((tls.cert === undefined) !== (tls.key === undefined))
    throw invalid('tls', 'a certificate and its key belong together');
  const read = (name: 'ca' | 'cert' | 'key'): { readonly [name: string]: string } => {
    const path = tls[name];
    if (path === undefined) return {};
    try {
      return { [name]: readFileSync(resolve(baseDir, path), 'utf8') };
    } catch (error) {
      throw invalid(`tls.${name}: ${path}`, messageOf(error));
    }
  };
  return { ...read('ca'), ...read('cert'), ...read('key') };
}

/** What stands before an `@` or behind a `?` may be a secret. */
function invalidUrl(url: string, why: string): Error {
  return invalid(url.replace(/^(\w+:\/\/)?.*@/s, '$1…@').replace(/[?#].*$/s, '?…'), why);
}

function invalid(what: string, why: string): Error {
  return guardError('GUARD_PLUGIN_FAILED', {
    plugin: '@praetorian-guard/plugin-docker',
    where: 'config',
    why: `engine ${JSON.stringify(what)}: ${why}`,
  });
}
