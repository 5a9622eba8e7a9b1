import { guardError } from '@praetorian-guard/core/plugin';
import type { QuerySpec } from './route.ts';

type Value<S> = S extends { readonly type: 'integer' } ? number : string;

/** The values of a query by the specification; what was left out is missing. */
export type QueryOf<S extends QuerySpec> = { readonly [K in keyof S]?: Value<S[K]> };

/**
 * Reads the query of a request strictly: unknown, repeated and ill-formed parameters are refused, so that a slip of the
 * pen does not list everything.
 * @throws GUARD_HTTP_QUERY naming the parameter.
 */
export function readQuery<S extends QuerySpec>(spec: S, query: unknown, route: string): QueryOf<S> {
  const refuse = (why: string): never => {
    throw guardError('GUARD_HTTP_QUERY', { route, why });
  };
  const values: { [name: string]: string | number } = {};
  for (const [name, text] of Object.entries(query as { readonly [name: string]: unknown })) {
    const wanted = Object.hasOwn(spec, name) ? spec[name] : undefined;
    if (wanted === undefined)
      return refuse(`${name.slice(0, 100)} is not known; there are: ${Object.keys(spec).join(', ') || 'none'}`);
    if (typeof text !== 'string') return refuse(`${name} stands there more than once`);
    if (text === '') return refuse(`${name} is empty`);
    if (wanted.enum && !wanted.enum.includes(text)) return refuse(`${name} is one of ${wanted.enum.join(', ')}`);
    values[name] =
      wanted.type === 'integer'
        ? whole(text, wanted, () => refuse(`${name} is a whole number ${bounds(wanted)}`))
        : text;
  }
  const missing = Object.keys(spec).find((name) => spec[name]?.required && values[name] === undefined);
  if (missing !== undefined) return refuse(`${missing} is missing`);
  return values as QueryOf<S>;
}

type Bounds = { readonly minimum?: number; readonly maximum?: number };

function whole(text: string, { minimum = 0, maximum = Number.MAX_SAFE_INTEGER }: Bounds, refuse: () => never): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  return value >= minimum && value <= maximum ? value : refuse();
}

function bounds({ minimum = 0, maximum }: Bounds): string {
  return maximum === undefined ? `≥ ${minimum}` : `from ${minimum} to ${maximum}`;
}
