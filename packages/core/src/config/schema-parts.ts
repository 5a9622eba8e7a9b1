import type { JsonObject } from '../model/index.ts';

/** The pieces the config schema is written in. Every one takes the sentence people read. */
export function duration(
  preset: string,
  description: string,
  limits: { readonly min?: string; readonly max?: string } = {},
): JsonObject {
  return { type: ['string', 'number'], 'x-duration': { min: '0s', ...limits }, default: preset, description };
}

export function ratio(preset: string, description: string): JsonObject {
  return { type: ['string', 'number'], 'x-ratio': true, default: preset, description };
}

export function count(
  preset: number,
  description: string,
  limits: { readonly minimum?: number; readonly maximum?: number } = {},
): JsonObject {
  return { type: 'integer', minimum: 0, ...limits, default: preset, description };
}

export function flag(preset: boolean, description: string): JsonObject {
  return { type: 'boolean', default: preset, description };
}

export function choice(values: readonly string[], preset: string | undefined, description: string): JsonObject {
  return { type: 'string', enum: [...values], ...(preset === undefined ? {} : { default: preset }), description };
}

export function path(preset: string, description: string): JsonObject {
  return {
    type: 'string',
    pattern: '^(/[!-~]*)?$',
    maxLength: 500,
    'x-allowed': 'a path that begins with /, or an empty text',
    default: preset,
    description,
  };
}

/** An object of which every member is known; absent means empty, so that the defaults of its members hold. */
export function section(description: string, properties: { readonly [name: string]: JsonObject }): JsonObject {
  return { type: 'object', additionalProperties: false, default: {}, properties, description };
}

/** The same without defaults: what a group or an agent leaves out comes from the level above. */
export function withoutDefaults(schema: JsonObject): JsonObject {
  const {
    default: _preset,
    properties,
    ...rest
  } = schema as { default?: unknown; properties?: { [name: string]: JsonObject } } & JsonObject;
  if (properties === undefined) return rest;
  const bare = Object.entries(properties).map(([name, child]) => [name, withoutDefaults(child)] as const);
  return { ...rest, properties: Object.fromEntries(bare) };
}

/** What may name an agent or a group. */
export const idName: JsonObject = {
  type: 'string',
  pattern: '^[A-Za-z0-9._:~-]{1,200}$',
  'x-allowed': '1–200 characters of A–Z a–z 0–9 . _ : ~ -',
};

/** What may name a plugin instance or a contribution. */
export const instanceName: JsonObject = {
  type: 'string',
  pattern: '^[A-Za-z][A-Za-z0-9_-]{0,63}$',
  'x-allowed': 'a letter followed by up to 63 letters, digits, - or _',
};

/** What refers to a contribution: `name`, or `instance/name`. */
export const contributionName: JsonObject = {
  type: 'string',
  pattern: '^[A-Za-z][A-Za-z0-9_-]{0,63}(/[A-Za-z][A-Za-z0-9_-]{0,63})?$',
  'x-allowed': 'a name, or <plugin instance>/<name>',
};
