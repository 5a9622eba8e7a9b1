import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { type GuardError, guardError, messageOf } from '../contracts/errors.ts';
import type { PathPart, SecretPlace } from '../runtime/json-schema.ts';
import { dotted } from './problem.ts';

export interface SecretSources {
  /** The environment; passed in, so that a test or an embedder decides what it is. */
  readonly env: { readonly [name: string]: string | undefined };
  /** Folder against which the paths of `$file` are resolved. */
  readonly baseDir: string;
  /** Stands for every secret, and none is read: for a run that shows itself to nobody, as a replay. */
  readonly standIn?: string;
  /** Told every secret, so that the logger can redact it. */
  readonly onSecret?: (secret: string) => void;
}

/** Secrets are keys and passwords; what is larger was named by mistake. */
const largestSecret = 65_536;

interface Failure {
  readonly path: string;
  readonly why: string;
}

/** A secret and where it stands in the whole file. */
export interface PlacedSecret {
  readonly place: SecretPlace;
  readonly path: readonly PathPart[];
}

/** Puts every secret in its place, or throws one `GUARD_CONFIG_SECRET` that names all that are missing. */
export function resolveSecrets(secrets: readonly PlacedSecret[], sources: SecretSources): void {
  const failures: Failure[] = [];
  for (const { place, path } of secrets) {
    const secret = readSecret(place, sources);
    if (typeof secret === 'string') {
      sources.onSecret?.(secret);
      place.put(secret);
    } else failures.push({ path: dotted(path), why: secret.why });
  }
  if (failures.length > 0) throw secretError(failures);
}

function secretError(failures: readonly Failure[]): GuardError {
  return guardError('GUARD_CONFIG_SECRET', {
    path: failures.map(({ path }) => path).join(', '),
    why: failures.map(({ why }) => why).join('; '),
    places: failures.map((failure) => ({ ...failure })),
  });
}

function readSecret({ reference, minLength }: SecretPlace, sources: SecretSources): string | { readonly why: string } {
  if (sources.standIn !== undefined) return sources.standIn;
  const { secret, name } =
    typeof reference === 'string'
      ? { secret: reference, name: 'the text' }
      : '$env' in reference
        ? fromEnv(reference.$env, sources)
        : fromFile(reference.$file, sources);
  if (typeof secret !== 'string') return secret;
  if (secret === '') return { why: `${name} is empty` };
  // The length alone tells nothing of the secret.
  return secret.length < minLength ? { why: `${name} has fewer than ${minLength} characters` } : secret;
}

type Read = { readonly secret: string | { readonly why: string }; readonly name: string };

function fromEnv(variable: string, { env }: SecretSources): Read {
  const name = `the environment variable ${variable}`;
  return { name, secret: env[variable] ?? { why: `${name} is not set` } };
}

function fromFile(file: string, { baseDir }: SecretSources): Read {
  const path = resolve(baseDir, file);
  const name = `the file ${path}`;
  try {
    if (statSync(path).size > largestSecret)
      return { name, secret: { why: `${name} has more than ${largestSecret} bytes` } };
    // Editors and `echo` end a file with a line break that is no part of the secret.
    return { name, secret: readFileSync(path, 'utf8').replace(/\r?\n$/, '') };
  } catch (thrown) {
    return { name, secret: { why: `${name} cannot be read: ${messageOf(thrown)}` } };
  }
}
