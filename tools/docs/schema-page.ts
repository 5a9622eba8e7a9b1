/** A JSON Schema as tables: one row a key, one table an object. */

export interface Schema {
  readonly [keyword: string]: unknown;
  readonly description?: string;
  readonly properties?: { readonly [name: string]: Schema };
}

interface Table {
  readonly path: string;
  readonly description: string;
  readonly rows: readonly string[];
}

/** Tables of a schema, the outermost object first. `skip` names paths whose tables stand elsewhere. */
export function schemaTables(schema: Schema, root: string, skip: ReadonlySet<string> = new Set()): string {
  return tables(schema, root, skip)
    .map(({ path, description, rows }) =>
      [
        ...(path === '' ? [] : [`## \`${path}\``, '']),
        ...(description === '' ? [] : [description, '']),
        ...table(rows),
      ].join('\n'),
    )
    .join('\n\n');
}

function table(rows: readonly string[]): string[] {
  if (rows.length === 0) return ['Nothing can be set here.'];
  return ['| key | value | default | meaning |', '| --- | --- | --- | --- |', ...rows];
}

function tables(schema: Schema, path: string, skip: ReadonlySet<string>): Table[] {
  const required = new Set((schema['required'] ?? []) as string[]);
  const properties = Object.entries(schema.properties ?? {});
  const own: Table = {
    path,
    description: schema.description ?? '',
    rows: properties.map(([name, child]) => row(name, child, required.has(name))),
  };
  const below = properties.flatMap(([name, child]) =>
    skip.has(join(path, name)) ? [] : children(child, join(path, name), skip),
  );
  return [own, ...below];
}

/** Objects that a key holds itself, in a list, or by name. */
function children(schema: Schema, path: string, skip: ReadonlySet<string>): Table[] {
  if (schema.properties) return tables(schema, path, skip);
  const items = schema['items'] as Schema | undefined;
  if (items?.properties) return tables(items, `${path}[]`, skip);
  const named = schema['additionalProperties'] as Schema | undefined;
  return named?.properties ? tables(named, `${path}.<name>`, skip) : [];
}

const join = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);

function row(name: string, schema: Schema, required: boolean): string {
  const preset = required ? 'required' : presetOf(schema);
  return `| \`${name}\` | ${cell(valueOf(schema))} | ${preset} | ${cell(schema.description ?? '')} |`;
}

function presetOf(schema: Schema): string {
  const preset = schema['default'];
  if (preset === undefined) return '–';
  if (typeof preset === 'object' && Object.keys(preset as object).length === 0)
    return schema.properties ? 'see below' : 'none';
  return `\`${typeof preset === 'string' && preset !== '' ? preset : JSON.stringify(preset)}\``;
}

/** What may stand there, in words. */
function valueOf(schema: Schema): string {
  const said = ['x-duration', 'x-ratio', 'x-bytes', 'x-secret', 'const', 'enum'].find((keyword) => keyword in schema);
  if (said) return spoken[said]?.(schema[said], schema) ?? '';
  if (typeof schema['x-allowed'] === 'string') return schema['x-allowed'];
  const branches = (schema['anyOf'] ?? schema['oneOf']) as readonly Schema[] | undefined;
  if (branches) return branches.map(valueOf).join(' or ');
  const types = (Array.isArray(schema['type']) ? schema['type'] : [schema['type']]) as string[];
  return types.map((type) => typed(type, schema)).join(' or ');
}

const spoken: { readonly [keyword: string]: (argument: unknown, schema: Schema) => string } = {
  'x-duration': (argument) => `duration${limits(argument as { min?: string; max?: string })}`,
  'x-ratio': () => 'share, such as 99.9% or 0.999',
  'x-bytes': () => 'size, such as 512m or 2GB',
  'x-secret': (argument) =>
    `secret: \`{ $env: NAME }\` or \`{ $file: path }\`${typeof argument === 'object' ? ', or text' : ''}`,
  const: (argument) => `\`${JSON.stringify(argument)}\``,
  enum: (argument) => (argument as unknown[]).map((value) => `\`${String(value)}\``).join(', '),
};

function limits({ min, max }: { readonly min?: string; readonly max?: string }): string {
  const least = min === undefined || min === '0s' ? '' : ` from ${min}`;
  return `${least}${max === undefined ? '' : ` to ${max}`}`;
}

function typed(type: string, schema: Schema): string {
  if (type === 'array') return `list of ${schema['items'] ? valueOf(schema['items'] as Schema) : 'anything'}`;
  if (type === 'object')
    return schema.properties || schema['additionalProperties'] === undefined ? 'object' : 'object by name';
  const words: { readonly [name: string]: string } = {
    string: 'text',
    integer: 'whole number',
    number: 'number',
    boolean: 'true or false',
  };
  const from = schema['minimum'] ?? schema['exclusiveMinimum'];
  const range =
    type === 'string' || from === undefined
      ? ''
      : ` from ${JSON.stringify(from)}${schema['maximum'] === undefined ? '' : ` to ${JSON.stringify(schema['maximum'])}`}`;
  return `${words[type] ?? 'anything'}${range}`;
}

/** A pipe would end the cell, and `<` outside of code would begin a tag. */
export function cell(text: string): string {
  const spans = text.replaceAll('|', '\\|').replaceAll('\n', ' ').split('`');
  return spans.map((span, index) => (index % 2 === 0 ? span.replaceAll('<', '&lt;') : span)).join('`');
}
