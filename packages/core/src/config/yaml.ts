/** Reads the text of a config. JSON is read as YAML 1.2, which contains it, so that both have lines and columns. */
import {
  type Alias,
  type CST,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  Parser,
  visit,
} from 'yaml';
import { guardError, messageOf } from '../contracts/errors.ts';
import type { PathPart } from '../runtime/json-schema.ts';
import type { Locate } from './problem.ts';

/** A config is written by people: what is larger is not one. */
const largestText = 1_048_576;

/** Deeper text is refused before it is composed: composing is recursive, and its end can be that of the process. */
const deepestText = 200;

/** Aliases may multiply a document; this many is more than any honest one needs. */
const mostAliases = 100;

export interface ParsedConfig {
  readonly value: unknown;
  readonly locate: Locate;
}

/** Parses; throws `GUARD_CONFIG_SYNTAX` with the line and column. `path` names the file in messages. */
export function parseConfigText(text: string, path: string): ParsedConfig {
  const fail = (why: string, at?: { readonly line: number; readonly col: number }, cause?: unknown): never => {
    const place = at ? { line: at.line, column: at.col } : {};
    const where = at ? `line ${at.line}, column ${at.col}: ` : '';
    const format = path.endsWith('.json') ? 'JSON' : 'YAML';
    throw guardError(
      'GUARD_CONFIG_SYNTAX',
      { path, format, why: `${where}${why}`, ...place },
      cause === undefined ? undefined : { cause },
    );
  };
  if (text.length > largestText) return fail(`it has more than ${largestText} characters`);
  if (depthOf(text) > deepestText) return fail('it is nested too deeply');
  const lines = new LineCounter();
  try {
    const document = parseDocument(text, {
      lineCounter: lines,
      stringKeys: true,
      prettyErrors: false,
      logLevel: 'error',
    });
    // An unresolved tag is only a warning to the parser; here it would be a value that silently means something else.
    const fault = document.errors[0] ?? document.warnings[0];
    if (fault) return fail(firstLine(fault.message), lines.linePos(fault.pos[0]));
    const stray = strayAlias(document);
    if (stray) return fail(`nothing is anchored as &${stray.source} before it`, lines.linePos(stray.range?.[0] ?? 0));
    if (document.contents === null) return fail('it is empty');
    return { value: document.toJS({ maxAliasCount: mostAliases }), locate: (at) => locate(document, lines, at) };
  } catch (thrown) {
    if (thrown instanceof ReferenceError) return fail(messageOf(thrown), undefined, thrown);
    throw thrown;
  }
}

/** An alias that stands for nothing; the parser would only tell without its place. */
function strayAlias(document: Document): Alias | undefined {
  let stray: Alias | undefined;
  visit(document, {
    Alias: (_key, alias) => {
      if (alias.resolve(document)) return undefined;
      stray = alias;
      return visit.BREAK;
    },
  });
  return stray;
}

/** Levels of a text, found without recursion. */
function depthOf(text: string): number {
  let deepest = 0;
  let level: CST.Token[] = [...new Parser().parse(text)];
  for (; level.length > 0 && deepest <= deepestText; deepest += 1) level = level.flatMap(childrenOf);
  return deepest;
}

function childrenOf(token: CST.Token): CST.Token[] {
  if (token.type === 'document') return token.value ? [token.value] : [];
  if (!('items' in token)) return [];
  return token.items.flatMap(({ key, value }) => [...(key ? [key] : []), ...(value ? [value] : [])]);
}

const firstLine = (message: string): string => message.split('\n', 1)[0]?.replace(/[.:]$/, '') ?? '';

function locate(document: Document, lines: LineCounter, path: readonly PathPart[]): ReturnType<Locate> {
  let node: unknown = document.contents;
  let offset = (node as Node | null)?.range?.[0] ?? 0;
  for (const part of path) {
    const step = child(isAlias(node) ? node.resolve(document) : node, part);
    if (!step) break;
    ({ node } = step);
    offset = step.offset ?? offset;
  }
  const { line, col } = lines.linePos(offset);
  return { line, column: col };
}

function child(
  node: unknown,
  part: PathPart,
): { readonly node: unknown; readonly offset: number | undefined } | undefined {
  if (isMap(node)) {
    const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part));
    return pair && { node: pair.value, offset: (pair.key as Node).range?.[0] };
  }
  if (!isSeq(node)) return undefined;
  const item = node.items[Number(part)];
  return item === undefined ? undefined : { node: item, offset: (item as Node).range?.[0] };
}
