/**
 * JSON Schema 2020-12 with the guard's own keywords: the one place that knows the validator.
 *
 * `x-duration`, `x-ratio` and `x-bytes` mark a value that people write with a unit (`30s`, `99.9%`, `2GB`) and code gets
 * as a number (ms, share, bytes). `x-secret` marks a value that is given by `{ $env }` or `{ $file }`. `x-allowed` says
 * in words what a pattern allows. A unit must mean the same in every branch of an `anyOf` or `oneOf`.
 */
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { type Json, type JsonObject, parseBytes, parseDuration, parseRatio } from '../model/index.ts';

export type PathPart = string | number;

/** One thing a value does wrong, as the validator sees it. */
export interface SchemaIssue {
  readonly keyword: string;
  readonly path: readonly PathPart[];
  readonly params: { readonly [name: string]: unknown };
  /** The schema that holds the keyword. */
  readonly schema: { readonly [keyword: string]: unknown };
  /** Position of the keyword inside the schema, for telling the branches of an `anyOf` apart. */
  readonly schemaPath: string;
  readonly found: unknown;
  /** Set when the name of a property, not its value, is wrong. */
  readonly propertyName?: string;
  readonly message: string;
}

/** Where a secret stands in a checked value. `put` replaces the reference by the secret itself. */
export interface SecretPlace {
  readonly path: readonly PathPart[];
  readonly reference: { readonly $env: string } | { readonly $file: string } | string;
  readonly minLength: number;
  readonly put: (secret: string) => void;
}

export interface SchemaResult {
  readonly issues: readonly SchemaIssue[];
  readonly secrets: readonly SecretPlace[];
}

/** Fills in defaults and, if there is no issue, turns what carries a unit into its number. Changes `value` itself. */
export type SchemaValidator = (value: unknown) => SchemaResult;

/** A value with a unit; converted only after the whole was found valid, and once, whatever branch saw it. */
interface UnitPlace {
  readonly holder: Record<PathPart, unknown>;
  readonly key: PathPart;
  readonly value: number;
}

interface Collector {
  readonly units: Map<string, UnitPlace>;
  readonly secrets: Map<string, SecretPlace>;
}

interface DataContext {
  readonly instancePath: string;
  readonly parentData: Record<PathPart, unknown>;
  readonly parentDataProperty: PathPart;
}

type DataCheck = (this: Collector, data: unknown, context?: DataContext) => boolean;

/** Made once per place in a schema: `argument` is the keyword's value, `schema` what holds it. */
type KeywordCompiler = (argument: unknown, schema: { readonly [keyword: string]: unknown }) => DataCheck;

/** No duration in a config is longer than ten years: what is, is a slip of the unit. */
const longestDurationMs = 10 * 365 * 86_400_000;

const readers: { readonly [keyword: string]: (value: string | number, argument: unknown) => number | undefined } = {
  'x-duration': (value, argument) => {
    const durationMs = parseDuration(value);
    if (durationMs === undefined || durationMs > longestDurationMs) return undefined;
    const { min, max } = (typeof argument === 'object' ? argument : {}) as { min?: string; max?: string };
    const tooShort = min !== undefined && durationMs < (parseDuration(min) ?? 0);
    const tooLong = max !== undefined && durationMs > (parseDuration(max) ?? longestDurationMs);
    return tooShort || tooLong ? undefined : durationMs;
  },
  'x-ratio': (value) => parseRatio(value),
  'x-bytes': (value) => parseBytes(value),
};

function unitKeyword(keyword: string): KeywordCompiler {
  return (argument) =>
    function check(data, context) {
      // Another type, or a number that is none, is the business of `type`: one mistake, one message.
      if (typeof data !== 'string' && !Number.isFinite(data)) return true;
      const value = readers[keyword]?.(data as string | number, argument);
      if (value === undefined || !Number.isFinite(value)) return false;
      if (context) {
        this.units.set(context.instancePath, { holder: context.parentData, key: context.parentDataProperty, value });
      }
      return true;
    };
}

const secretKeyword: KeywordCompiler = (argument, schema) => {
  const textAllowed = typeof argument === 'object' && (argument as { text?: unknown }).text === true;
  const minLength = typeof schema['x-secret-min'] === 'number' ? schema['x-secret-min'] : 1;
  return function check(data, context) {
    const reference = secretReference(data, textAllowed);
    if (reference === undefined || !context) return false;
    const { instancePath, parentData, parentDataProperty } = context;
    const put = (secret: string): void => {
      parentData[parentDataProperty] = secret;
    };
    this.secrets.set(instancePath, { path: pathParts(instancePath), reference, minLength, put });
    return true;
  };
};

function secretReference(data: unknown, textAllowed: boolean): SecretPlace['reference'] | undefined {
  if (typeof data === 'string') return textAllowed && data !== '' ? data : undefined;
  if (typeof data !== 'object' || data === null || Object.keys(data).length !== 1) return undefined;
  const { $env, $file } = data as { $env?: unknown; $file?: unknown };
  if (typeof $env === 'string' && /^[A-Za-z_]\w*$/.test($env)) return { $env };
  return typeof $file === 'string' && $file !== '' ? { $file } : undefined;
}

let shared: Ajv2020 | undefined;

/** Made at the first use: a process that never validates does not pay for it. */
function validatorLibrary(): Ajv2020 {
  if (shared) return shared;
  const ajv = new Ajv2020({
    allErrors: true,
    useDefaults: true,
    verbose: true,
    passContext: true,
    strict: true,
    strictTypes: false,
    strictTuples: false,
    strictRequired: false,
    allowUnionTypes: true,
    addUsedSchema: false,
    inlineRefs: false,
    logger: false,
    formats: { uri: (text: string) => URL.canParse(text) },
  });
  for (const keyword of Object.keys(readers)) {
    ajv.addKeyword({ keyword, schemaType: ['boolean', 'object'], compile: unitKeyword(keyword), errors: false });
  }
  ajv.addKeyword({ keyword: 'x-secret', schemaType: ['boolean', 'object'], compile: secretKeyword, errors: false });
  ajv.addKeyword({ keyword: 'x-allowed', schemaType: 'string' });
  ajv.addKeyword({ keyword: 'x-secret-min', schemaType: 'number' });
  shared = ajv;
  return ajv;
}

/** Compiles a schema; throws the validator's own error when it is not a valid one. */
export function compileSchema(schema: JsonObject): SchemaValidator {
  const validate: ValidateFunction = validatorLibrary().compile(prepare(schema) as JsonObject);
  return (value) => {
    const collector: Collector = { units: new Map(), secrets: new Map() };
    const valid = validate.call(collector as unknown as Ajv2020, value);
    const issues = valid ? [] : (validate.errors ?? []).map(issueOf);
    if (issues.length === 0)
      for (const { holder, key, value: number } of collector.units.values()) holder[key] = number;
    return { issues, secrets: [...collector.secrets.values()] };
  };
}

function issueOf(error: ErrorObject): SchemaIssue {
  return {
    keyword: error.keyword,
    path: pathParts(error.instancePath),
    params: error.params,
    schema: error.parentSchema ?? {},
    schemaPath: error.schemaPath,
    found: error.data,
    ...(error.propertyName === undefined ? {} : { propertyName: error.propertyName }),
    message: error.message ?? error.keyword,
  };
}

/** JSON pointer (RFC 6901) to parts; a number stays text, since an object may have it as a key. */
function pathParts(pointer: string): PathPart[] {
  if (pointer === '') return [];
  return pointer
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/**
 * The schema as the validator and an editor need it: what carries a unit may be text or number however its author
 * typed it, and a secret is a reference although code gets text.
 */
export function prepare(schema: Json, describe?: Describe): Json {
  if (Array.isArray(schema)) return schema.map((item: Json) => prepare(item, describe));
  if (typeof schema !== 'object' || schema === null) return schema;
  const members = Object.entries(schema).map(([key, value]) => {
    if (literalKeywords.has(key)) return [key, value] as const;
    return [key, mapKeywords.has(key) ? prepareMap(value, describe) : prepare(value, describe)] as const;
  });
  const node: JsonObject = Object.fromEntries(members);
  if ('x-secret' in node) return prepareSecret(node, describe);
  if (Object.keys(readers).some((keyword) => keyword in node)) {
    const prepared: JsonObject = { ...node, type: ['string', 'number'] };
    return describe ? describe(prepared) : prepared;
  }
  return node;
}

/** Says the meaning of our keywords in another way. */
type Describe = (node: JsonObject) => JsonObject;

/** Keywords whose value is data, and keywords whose members have names of the author's choice. */
const literalKeywords = new Set(['default', 'const', 'enum', 'examples', 'required']);
const mapKeywords = new Set(['properties', 'patternProperties', 'dependentSchemas', '$defs']);

function prepareMap(map: Json, describe?: Describe): Json {
  if (typeof map !== 'object' || map === null || Array.isArray(map)) return map;
  return Object.fromEntries(Object.entries(map).map(([name, schema]) => [name, prepare(schema, describe)]));
}

/** `type`, `minLength` and `pattern` of a secret speak of the secret, not of the reference in the file. */
function prepareSecret(node: JsonObject, describe?: Describe): JsonObject {
  const kept = Object.entries(node).filter(
    ([key]) => !['type', 'minLength', 'maxLength', 'pattern', 'format'].includes(key),
  );
  const prepared: JsonObject = {
    ...Object.fromEntries(kept),
    ...(typeof node['minLength'] === 'number' ? { 'x-secret-min': node['minLength'] } : {}),
  };
  return describe ? describe(prepared) : prepared;
}
