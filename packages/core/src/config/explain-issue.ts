/** Turns what the validator says into sentences that name place, value, what is allowed and what to do. */
import type { PathPart, SchemaIssue } from '../runtime/json-schema.ts';
import { didYouMean, type Found, show, useAllowed } from './problem.ts';

type Schema = { readonly [keyword: string]: unknown };

/** One problem for each mistake: what only repeats another is left out. `prefix` is where the checked value stands. */
export function problemsOf(issues: readonly SchemaIssue[], prefix: readonly PathPart[] = []): Found[] {
  const told = new Set<string>();
  return withoutEchoes(issues).flatMap((issue) => {
    const problem = problemOf(issue);
    const key = JSON.stringify([problem.path, problem.found, problem.allowed]);
    if (told.has(key)) return [];
    told.add(key);
    return [{ ...problem, path: [...prefix, ...problem.path] }];
  });
}

/** Of an `anyOf` or `oneOf` that fails, the branches or the whole are told: the branches if one of them got deeper. */
function withoutEchoes(issues: readonly SchemaIssue[]): readonly SchemaIssue[] {
  const choices = issues.filter((issue) => issue.keyword === 'anyOf' || issue.keyword === 'oneOf');
  const dropped = new Set<SchemaIssue>(issues.filter((issue) => ['propertyNames', 'if'].includes(issue.keyword)));
  for (const choice of choices) {
    const branches = issues.filter((issue) => issue.schemaPath.startsWith(`${choice.schemaPath}/`));
    const deeper = branches.filter(
      (issue) => issue.path.length > choice.path.length || issue.keyword === 'additionalProperties',
    );
    for (const issue of deeper.length > 0 ? [choice, ...branches.filter((item) => !deeper.includes(item))] : branches)
      dropped.add(issue);
  }
  return issues.filter((issue) => !dropped.has(issue));
}

function problemOf(issue: SchemaIssue): Found {
  const { keyword, path, params, schema, found } = issue;
  if (issue.propertyName !== undefined) {
    const at = [...path, issue.propertyName];
    return {
      path: at,
      found: `the name ${JSON.stringify(issue.propertyName)}`,
      allowed: allowedBy(schema),
      remedy: useAllowed,
    };
  }
  if (keyword === 'additionalProperties' || keyword === 'unevaluatedProperties') return unknownKey(issue);
  if (keyword === 'required' || keyword === 'dependentRequired') {
    const missing = String(params['missingProperty']);
    const wanted = ((schema['properties'] ?? {}) as { [name: string]: Schema })[missing];
    return {
      path: [...path, missing],
      found: 'nothing',
      allowed: wanted ? allowedBy(wanted) : 'a value',
      remedy: `add ${missing}`,
    };
  }
  if (keyword === 'x-secret') return secretProblem(issue);
  const values = keyword === 'enum' ? texts(schema['enum']) : [];
  return { path, found: show(found, path), allowed: allowedBy(schema, issue), remedy: didYouMean(found, values) };
}

function unknownKey({ path, params, schema }: SchemaIssue): Found {
  const key = String(params['additionalProperty'] ?? params['unevaluatedProperty']);
  const known = Object.keys(schema['properties'] ?? {});
  const allowed = known.length === 0 ? 'no key at all' : known.join(', ');
  const remedy = didYouMean(key, known);
  return {
    path: [...path, key],
    found: 'an unknown key',
    allowed,
    remedy: remedy === useAllowed ? 'remove it' : remedy,
  };
}

function secretProblem({ path, found, schema }: SchemaIssue): Found {
  const plain = typeof found === 'string';
  return {
    path,
    found: plain ? 'a secret as plain text (not shown)' : show(found, path),
    allowed: allowedBy(schema),
    remedy: plain ? 'put it into an environment variable or a file and name that here' : useAllowed,
  };
}

/** What a schema allows, in words. */
function allowedBy(schema: Schema, issue?: SchemaIssue): string {
  if (typeof schema['x-allowed'] === 'string') return schema['x-allowed'];
  if ('x-duration' in schema) return `a duration such as 30s, 5m or 1h30m${durationLimits(schema['x-duration'])}`;
  if ('x-ratio' in schema) return 'a share such as 99.9% or 0.999';
  if ('x-bytes' in schema) return 'a size such as 512m or 2GB';
  if ('x-secret' in schema)
    return `{ $env: NAME } or { $file: path }${typeof schema['x-secret'] === 'object' ? ' or text' : ''}`;
  if ('const' in schema) return JSON.stringify(schema['const']);
  if (Array.isArray(schema['enum'])) return texts(schema['enum']).join(', ');
  const branches = (schema['anyOf'] ?? schema['oneOf']) as readonly Schema[] | undefined;
  if (branches !== undefined && issue?.keyword !== 'type')
    return branches.map((branch) => allowedBy(branch)).join(', or ');
  if (issue !== undefined && !(issue.keyword in described)) return issue.message;
  return `${typeText(schema['type'])}${limitText(schema)}`;
}

function durationLimits(argument: unknown): string {
  if (typeof argument !== 'object' || argument === null) return '';
  const { min, max } = argument as { min?: string; max?: string };
  const least = min === undefined || min === '0s' ? '' : `at least ${min}`;
  const most = max === undefined ? '' : `at most ${max}`;
  const both = [least, most].filter((text) => text !== '').join(', ');
  return both === '' ? '' : ` (${both})`;
}

const typeTexts: { readonly [type: string]: string } = {
  string: 'text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  array: 'a list',
  null: 'null',
};

function typeText(type: unknown): string {
  const types = Array.isArray(type) ? type : [type];
  return types.map((name) => typeTexts[String(name)] ?? 'a value').join(' or ');
}

const described: { readonly [keyword: string]: (limit: string) => string } = {
  type: () => '',
  minimum: (limit) => `at least ${limit}`,
  maximum: (limit) => `at most ${limit}`,
  exclusiveMinimum: (limit) => `above ${limit}`,
  exclusiveMaximum: (limit) => `below ${limit}`,
  minLength: (limit) => (limit === '1' ? 'not empty' : `of at least ${limit} characters`),
  maxLength: (limit) => `of at most ${limit} characters`,
  pattern: (limit) => `that matches ${limit}`,
  minItems: (limit) => `of at least ${limit}`,
  maxItems: (limit) => `of at most ${limit}`,
  uniqueItems: () => 'without repetitions',
  minProperties: (limit) => `with at least ${limit} keys`,
  maxProperties: (limit) => `with at most ${limit} keys`,
};

function limitText(schema: Schema): string {
  const limits = Object.entries(described).flatMap(([keyword, say]) => {
    const text = keyword in schema && keyword !== 'type' ? say(String(schema[keyword])) : '';
    return text === '' ? [] : [text];
  });
  return limits.length === 0 ? '' : ` ${limits.join(', ')}`;
}

const texts = (values: unknown): string[] => (Array.isArray(values) ? values.map(String) : []);
