/**
 * What the tidy rules look at: the repository's TypeScript files, parsed once. A rule gets a `Repository` and returns
 * violations; it never touches the disk, so the self-test feeds it small made-up repositories.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import ts from 'typescript';

export interface Violation {
  readonly rule: string;
  readonly file: string;
  readonly line?: number;
  /** States the rule and the remedy, in that order. */
  readonly message: string;
}

export interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
  readonly line: number;
  /** The imported file of this repository, when the specifier is relative. */
  readonly file?: string;
}

export interface SourceFile {
  readonly path: string;
  readonly ast: ts.SourceFile;
  readonly imports: readonly Import[];
  readonly isTest: boolean;
  /** `core`, `plugin-level`, …; undefined outside `packages/`. */
  readonly packageName: string | undefined;
}

export interface Repository {
  readonly files: readonly SourceFile[];
  /** Any file or folder of the repository, also one that is not TypeScript. */
  exists(path: string): boolean;
  /** The text of a file that is not TypeScript, or undefined. */
  text(path: string): string | undefined;
}

const skipped = new Set(['node_modules', 'dist', 'coverage', '.git', '.cache', '.nx', 'fixtures', 'public']);
const roots = ['packages', 'examples', 'tools', 'bench'];

export function loadRepository(root: string): Repository {
  const texts = new Map<string, string>();
  for (const top of roots) {
    if (existsSync(join(root, top))) collect(root, top, texts);
  }
  return repositoryOf(texts, {
    exists: (path) => existsSync(join(root, path)),
    text: (path) => (existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : undefined),
  });
}

/** A repository out of texts; without `disk` nothing else exists. */
export function repositoryOf(
  texts: ReadonlyMap<string, string>,
  disk: Pick<Repository, 'exists' | 'text'> = {
    exists: (path) => [...texts.keys()].some((file) => file === path || file.startsWith(`${path.replace(/\/$/, '')}/`)),
    text: (path) => texts.get(path),
  },
): Repository {
  const files = [...texts]
    .filter(([path]) => /\.(ts|tsx|mts)$/.test(path) && !path.endsWith('.d.ts'))
    .map(([path, text]) => parse(path, text, texts));
  return { files, ...disk };
}

function collect(root: string, folder: string, into: Map<string, string>): void {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory() && !skipped.has(entry.name)) collect(root, path, into);
    if (entry.isFile() && /\.(ts|tsx|mts)$/.test(entry.name)) into.set(path, readFileSync(join(root, path), 'utf8'));
  }
}

function parse(path: string, text: string, all: ReadonlyMap<string, string>): SourceFile {
  const ast = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true);
  return {
    path,
    ast,
    imports: importsOf(ast, all),
    isTest: /\.(test|test-d|bench)\.ts$/.test(path) || /^(packages|examples)\/[^/]+\/(test|bench)\//.test(path),
    packageName: /^packages\/([^/]+)\//.exec(path)?.[1],
  };
}

function importsOf(ast: ts.SourceFile, all: ReadonlyMap<string, string>): Import[] {
  const found: Import[] = [];
  const add = (specifier: ts.Node, typeOnly: boolean): void => {
    if (!ts.isStringLiteralLike(specifier)) return;
    const file = resolveRelative(ast.fileName, specifier.text, all);
    const line = lineOf(ast, specifier);
    found.push({ specifier: specifier.text, typeOnly, line, ...(file === undefined ? {} : { file }) });
  };
  visit(ast, (node) => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, isTypeOnlyImport(node));
    if (ts.isExportDeclaration(node) && node.moduleSpecifier) add(node.moduleSpecifier, isTypeOnlyExport(node));
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, true);
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword && node.arguments[0]) {
      add(node.arguments[0], false);
    }
  });
  return found;
}

function isTypeOnlyImport(node: ts.ImportDeclaration): boolean {
  const clause = node.importClause;
  if (!clause) return false;
  if (clause.isTypeOnly) return true;
  const named = clause.namedBindings;
  return !clause.name && !!named && ts.isNamedImports(named) && named.elements.every((element) => element.isTypeOnly);
}

function isTypeOnlyExport(node: ts.ExportDeclaration): boolean {
  if (node.isTypeOnly) return true;
  const clause = node.exportClause;
  return !!clause && ts.isNamedExports(clause) && clause.elements.every((element) => element.isTypeOnly);
}

function resolveRelative(from: string, specifier: string, all: ReadonlyMap<string, string>): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  const target = posix.normalize(posix.join(posix.dirname(from), specifier));
  const stem = target.replace(/\.[cm]?js$/, '');
  const candidates = [target, `${stem}.ts`, `${stem}.tsx`, `${stem}.mts`, `${target}.ts`, `${target}/index.ts`];
  return candidates.find((candidate) => all.has(candidate)) ?? `${stem}.ts`;
}

export function visit(node: ts.Node, each: (node: ts.Node) => void): void {
  each(node);
  ts.forEachChild(node, (child) => visit(child, each));
}

export function lineOf(ast: ts.SourceFile, node: ts.Node): number {
  return ast.getLineAndCharacterOfPosition(node.getStart(ast)).line + 1;
}
