import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Clock, guardError, messageOf } from '../contracts/index.ts';
import type { Ms, TlsPolicy } from '../model/index.ts';

/** What `node:tls` has to know to judge a certificate. */
export interface TlsOptions {
  readonly ca?: string;
  readonly rejectUnauthorized: boolean;
  readonly servername?: string;
}

interface KnownFile {
  readonly text: string;
  readonly modifiedMs: number;
  lookedMs: Ms;
}

/** How often a file of authorities is looked at for a change. */
const lookEveryMs: Ms = 30_000;

/** Turns what the config says of trust into the options of a connection; files are read once and again when they change. */
export class TlsTrust {
  readonly #clock: Clock;
  readonly #baseDir: string;
  readonly #files = new Map<string, KnownFile>();

  /** @param baseDir folder against which relative paths are resolved. */
  constructor(clock: Clock, baseDir: string) {
    this.#clock = clock;
    this.#baseDir = baseDir;
  }

  /** Throws `GUARD_CONFIG_INVALID` for a file that cannot be read or carries no certificate. */
  optionsFor({ caFile, insecure, serverName }: TlsPolicy): TlsOptions {
    return {
      ...(caFile === undefined ? {} : { ca: this.#read(caFile) }),
      rejectUnauthorized: !insecure,
      ...(serverName === undefined ? {} : { servername: serverName }),
    };
  }

  #read(caFile: string): string {
    const path = resolve(this.#baseDir, caFile);
    const nowMs = this.#clock.monotonic();
    const known = this.#files.get(path);
    if (known && nowMs - known.lookedMs < lookEveryMs) return known.text;
    try {
      const modifiedMs = statSync(path).mtimeMs;
      if (known?.modifiedMs === modifiedMs) {
        known.lookedMs = nowMs;
        return known.text;
      }
      const text = readFileSync(path, 'utf8');
      if (!text.includes('-----BEGIN CERTIFICATE-----')) throw unusable(path, 'it holds no certificate in PEM form');
      this.#files.set(path, { text, modifiedMs, lookedMs: nowMs });
      return text;
    } catch (thrown) {
      throw unusable(path, messageOf(thrown), thrown);
    }
  }
}

function unusable(path: string, why: string, cause?: unknown): Error {
  const problems = `probes.tls.caFile: ${path} cannot be used: ${why}`;
  return guardError('GUARD_CONFIG_INVALID', { problems }, { cause });
}
