import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../model/index.ts';
import { compileSchema, type SchemaResult } from './json-schema.ts';

function object(properties: JsonObject): JsonObject {
  return { type: 'object', additionalProperties: false, properties };
}

function check(schema: JsonObject, value: unknown): SchemaResult & { readonly value: unknown } {
  return { ...compileSchema(schema)(value), value };
}

describe('a value with a unit', () => {
  it.each([
    [{ 'x-duration': true }, '1m30s', 90_000],
    [{ 'x-duration': true }, 300, 300_000],
    [{ 'x-duration': true }, '0s', 0],
    [{ type: 'string', 'x-duration': true }, 2, 2_000],
    [{ 'x-ratio': true }, '99.9%', 0.999],
    [{ 'x-ratio': true }, 1, 1],
    [{ 'x-bytes': true }, '2GB', 2 * 1024 ** 3],
  ])('%j turns %j into %d', (schema, written, expected) => {
    const result = check(object({ a: schema }), { a: written });
    expect(result.issues).toEqual([]);
    expect(result.value).toEqual({ a: expected });
  });

  it.each([
    [{ 'x-duration': true }, '30 parsecs'],
    [{ 'x-duration': true }, -1],
    [{ 'x-duration': true }, Number.NaN],
    [{ 'x-duration': true }, Number.POSITIVE_INFINITY],
    [{ 'x-duration': true }, '4000d'],
    [{ 'x-duration': true }, ''],
    [{ 'x-duration': true }, null],
    [{ 'x-duration': { min: '1s' } }, '999ms'],
    [{ 'x-duration': { max: '1h' } }, '61m'],
    [{ 'x-ratio': true }, '100.1%'],
    [{ 'x-ratio': true }, 99.9],
    [{ 'x-ratio': true }, '-1%'],
    [{ 'x-bytes': true }, '2 parsecs'],
    [{ 'x-bytes': true }, -5],
  ])('%j refuses %j with one issue', (schema, written) => {
    expect(check(object({ a: schema }), { a: written }).issues).toHaveLength(1);
  });

  it('is converted in a default, in a list and once only however many branches saw it', () => {
    const schema = object({
      preset: { 'x-duration': true, default: '5s' },
      list: { type: 'array', items: { 'x-duration': true } },
      either: { anyOf: [{ 'x-duration': true }, { 'x-duration': { max: '1h' } }, { const: 'off' }] },
    });
    const result = check(schema, { list: ['1s', 2], either: '3s' });
    expect(result.value).toEqual({ preset: 5_000, list: [1_000, 2_000], either: 3_000 });
  });

  it('is converted behind a reference and under a name with a slash', () => {
    const schema = { ...object({ 'a/b': { $ref: '#/$defs/pause' } }), $defs: { pause: { 'x-duration': true } } };
    expect(check(schema, { 'a/b': '1s' }).value).toEqual({ 'a/b': 1_000 });
  });

  it('is left as written when anything in the value is wrong', () => {
    const value = { a: '1s', b: 'x' };
    check(object({ a: { 'x-duration': true }, b: { type: 'number' } }), value);
    expect(value.a).toBe('1s');
  });

  it('may be a property whose name is that of a keyword', () => {
    expect(check(object({ default: { type: 'string', 'x-duration': true } }), { default: 3 }).value).toEqual({
      default: 3_000,
    });
  });
});

describe('defaults', () => {
  it('fill nested objects whose parents default to empty', () => {
    const schema = object({ a: { ...object({ b: { type: 'integer', default: 3 } }), default: {} } });
    expect(check(schema, {}).value).toEqual({ a: { b: 3 } });
  });

  it('are fresh for every value', () => {
    const validate = compileSchema(object({ list: { type: 'array', default: [] } }));
    const [first, second]: { list?: unknown[] }[] = [{}, {}];
    validate(first);
    validate(second);
    first?.list?.push(1);
    expect(second?.list).toEqual([]);
  });
});

describe('a secret', () => {
  const schema = object({
    token: { type: 'string', 'x-secret': true, minLength: 8 },
    note: { 'x-secret': { text: true } },
  });

  it.each([[{ $env: 'TOKEN' }], [{ $file: './token' }]])('is given by %j and found at its place', (reference) => {
    const value = { token: reference };
    const result = check(schema, value);
    expect(result.issues).toEqual([]);
    expect(result.secrets).toMatchObject([{ path: ['token'], reference, minLength: 8 }]);
    result.secrets[0]?.put('hunter2hunter2');
    expect(value).toEqual({ token: 'hunter2hunter2' });
  });

  it.each([
    ['hunter2'],
    [{ $env: '' }],
    [{ $env: 'A B' }],
    [{ $file: '' }],
    [{ $env: 'A', $file: 'b' }],
    [{}],
    [7],
    [null],
    [['a']],
  ])('is not given by %j', (written) => {
    expect(check(schema, { token: written }).issues).toMatchObject([{ keyword: 'x-secret', path: ['token'] }]);
  });

  it('is given by text where the schema allows it', () => {
    expect(check(schema, { note: 'plain' }).secrets).toMatchObject([{ reference: 'plain' }]);
    expect(check(schema, { note: '' }).issues).toHaveLength(1);
  });
});

describe('a schema', () => {
  it.each([
    [{ type: 'objekt' }, /schema is invalid/],
    [{ type: 'object', reqired: [] }, /unknown keyword: "reqired"/],
    [{ type: 'string', 'x-duratoin': true }, /unknown keyword: "x-duratoin"/],
    [{ $ref: '#/$defs/none' }, /can't resolve reference/],
  ])('is refused when it says %j', (schema, why) => {
    expect(() => compileSchema(schema)).toThrow(why);
  });

  it('does not clash with another of the same $id', () => {
    const first = compileSchema({ $id: 'urn:test:same', type: 'string' });
    const second = compileSchema({ $id: 'urn:test:same', type: 'number' });
    expect([first('a').issues.length, second('a').issues.length]).toEqual([0, 1]);
  });
});
