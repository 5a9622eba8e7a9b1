import { guardError } from '@praetorian-guard/core/plugin';
import type { HttpConfig } from './config.ts';
import { hostName, inUrl, isLoopback } from './loopback.ts';

/** What of a request says where it comes from. */
export interface Provenance {
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly remoteAddress: string | undefined;
  /** A browser fetches it for a page of another site, and not because a person follows a link. */
  readonly embedded: boolean;
}

/**
 * Keeps web pages and other machines out of a guard that asks for no token. A page of another site can make a browser
 * send requests here, and by DNS rebinding even under its own name: so the peer must be this machine, the `Host` a
 * loopback name or an allowed one, and the `Origin`, if there is one, the guard itself or an allowed one.
 */
export class OriginCheck {
  readonly #open: boolean;
  readonly #hosts: ReadonlySet<string>;
  readonly #origins: ReadonlySet<string>;

  constructor({ auth, host, allowedHosts, allowedOrigins }: HttpConfig) {
    this.#open = auth === 'loopback-open';
    const own = this.#open ? ['localhost', '127.0.0.1', '[::1]', inUrl(host).toLowerCase()] : [];
    this.#hosts = new Set([...own, ...allowedHosts.map((name) => name.toLowerCase())]);
    this.#origins = new Set(allowedOrigins.map((origin) => origin.toLowerCase()));
  }

  /** Whether there is anything to check. */
  get active(): boolean {
    return this.#hosts.size > 0;
  }

  /** @throws GUARD_HTTP_ORIGIN naming what is not allowed. */
  require({ host, origin, remoteAddress, embedded }: Provenance): void {
    if (this.#open && !isLoopback(remoteAddress)) throw foreign(`the address ${remoteAddress ?? 'unknown'}`);
    if (this.#hosts.size > 0) {
      const name = hostName(host);
      if (name === undefined || !this.#hosts.has(name)) throw foreign(`the host name ${shown(host)}`);
    }
    // For a picture or a script a browser names no origin, and yet it may hold a stream of events open.
    if (this.#open && origin === undefined && embedded) throw foreign('a web page of another site');
    if (this.#open && origin !== undefined && !this.#isOwn(origin, host) && !this.allows(origin)) {
      throw foreign(`the web page ${shown(origin)}`);
    }
  }

  /** Whether pages of this origin may read answers (CORS). */
  allows(origin: string): boolean {
    return this.#origins.has(origin.toLowerCase());
  }

  #isOwn(origin: string, host: string | undefined): boolean {
    const name = host?.toLowerCase();
    return name !== undefined && [`http://${name}`, `https://${name}`].includes(origin.toLowerCase());
  }
}

function foreign(from: string): Error {
  return guardError('GUARD_HTTP_ORIGIN', { from });
}

function shown(header: string | undefined): string {
  return header === undefined ? '(none)' : header.slice(0, 100);
}
