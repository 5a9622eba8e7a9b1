/**
 * Writes the public face of every package as text, one file for each entry point: packages/<p>/api/<entry>.api.md.
 * The report is made from the emitted declarations, so it shows what an importer sees. `--check` compares instead of
 * writing and fails on a difference; a signature that shows a type of a third-party library fails always.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const root = join(import.meta.dirname, '..');
const check = process.argv.includes('--check');

interface Entry {
  readonly packageName: string;
  readonly folder: string;
  /** `.` or `./plugin`. */
  readonly subpath: string;
  readonly declarations: string;
  readonly report: string;
}

interface Report {
  readonly text: string;
  /** Types of third-party libraries in signatures: they would make the library part of our promise. */
  readonly leaks: readonly string[];
}

function entries(): Entry[] {
  return readdirSync(join(root, 'packages')).flatMap((name) => {
    const folder = join(root, 'packages', name);
    if (!existsSync(join(folder, 'package.json'))) return [];
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
      name: string;
      exports?: Record<string, { types?: string } | string>;
    };
    return Object.entries(manifest.exports ?? {}).flatMap(([subpath, target]) => {
      if (typeof target === 'string' || !target.types) return [];
      const report = join(folder, 'api', `${subpath === '.' ? 'index' : subpath.slice(2)}.api.md`);
      return [{ packageName: manifest.name, folder, subpath, declarations: join(folder, target.types), report }];
    });
  });
}

function describeEntry(program: ts.Program, entry: Entry): Report {
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(entry.declarations);
  const module = source && checker.getSymbolAtLocation(source);
  if (!module) return { text: heading(entry, 0), leaks: [] };

  const listed = new Map<ts.Symbol, string>();
  for (const symbol of checker.getExportsOfModule(module)) listed.set(resolve(checker, symbol), symbol.name);
  const reached = reachable(checker, [...listed.keys()], entry.folder);
  const own = [...listed].sort(([, a], [, b]) => compareNames(a, b)).map(([symbol, name]) => section(symbol, name));
  const hidden = [...reached.own]
    .filter((symbol) => !listed.has(symbol))
    .sort((a, b) => compareNames(a.name, b.name))
    .map((symbol) => section(symbol, symbol.name));
  const rest = hidden.length === 0 ? [] : ['## Part of a signature, but not exported here\n', ...hidden];
  return { text: [heading(entry, own.length), ...own, ...rest].join('\n'), leaks: [...reached.foreign].sort() };
}

function heading({ packageName, subpath }: Entry, count: number): string {
  const name = subpath === '.' ? packageName : `${packageName}${subpath.slice(1)}`;
  return `# API of \`${name}\`\n\nWritten by \`npm run api\`; do not edit. ${count} exported names.\n`;
}

function section(symbol: ts.Symbol, name: string): string {
  const texts = (symbol.declarations ?? []).map((node) => print(node)).filter((text) => text !== '');
  return `### ${name}\n\n\`\`\`ts\n${[...new Set(texts)].join('\n')}\n\`\`\`\n`;
}

const printer = ts.createPrinter({ removeComments: true, newLine: ts.NewLineKind.LineFeed });

function print(node: ts.Node): string {
  const statement = ts.isVariableDeclaration(node) ? node.parent.parent : node;
  return printer
    .printNode(ts.EmitHint.Unspecified, statement, statement.getSourceFile())
    .replace(/^export default /, '')
    .replace(/^(export )?(declare )?/, '')
    .trim();
}

/** Follows the types in the signatures: those of this package, and those of third-party libraries. */
function reachable(
  checker: ts.TypeChecker,
  from: ts.Symbol[],
  folder: string,
): { own: Set<ts.Symbol>; foreign: Set<string> } {
  const own = new Set<ts.Symbol>();
  const foreign = new Set<string>();
  const queue = [...from];
  const enter = (node: ts.Node): void => {
    const named = ts.isTypeReferenceNode(node)
      ? node.typeName
      : ts.isExpressionWithTypeArguments(node)
        ? node.expression
        : undefined;
    const name =
      named ?? (ts.isTypeQueryNode(node) ? node.exprName : ts.isImportTypeNode(node) ? node.qualifier : undefined);
    const symbol = name && checker.getSymbolAtLocation(name);
    if (symbol) queue.push(resolve(checker, symbol));
    ts.forEachChild(node, enter);
  };
  for (let symbol = queue.pop(); symbol; symbol = queue.pop()) {
    const places = symbol.declarations ?? [];
    if (own.has(symbol) || places.length === 0 || symbol.flags & ts.SymbolFlags.TypeParameter) continue;
    const file = places[0]?.getSourceFile().fileName ?? '';
    if (file.startsWith(`${folder}/`) && !file.includes('/node_modules/')) {
      own.add(symbol);
      for (const place of places) enter(place);
    } else if (isThirdParty(file)) {
      foreign.add(`${symbol.name} (${/node_modules\/((@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? file})`);
    }
  }
  return { own, foreign };
}

/** Node's own types, the language's and those of our packages are no leak. */
function isThirdParty(file: string): boolean {
  return (
    file.includes('/node_modules/') &&
    !/node_modules\/(@types\/node|undici-types|typescript|@typescript\/[^/]+|@praetorian-guard)\//.test(file)
  );
}

function resolve(checker: ts.TypeChecker, symbol: ts.Symbol): ts.Symbol {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

/** By code point, so that the order does not depend on the machine's language. */
function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function firstDifference(old: string, now: string): string {
  const [before, after] = [old.split('\n'), now.split('\n')];
  const line = after.findIndex((text, index) => text !== before[index]);
  const at = line === -1 ? after.length : line;
  return `line ${at + 1}: was ${JSON.stringify(before[at] ?? '')}, is ${JSON.stringify(after[at] ?? '')}`;
}

function main(): number {
  const all = entries().filter((entry) => existsSync(entry.declarations));
  const program = ts.createProgram(
    all.map((entry) => entry.declarations),
    {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
      types: ['node'],
      skipLibCheck: true,
      noEmit: true,
    },
  );
  const problems: string[] = [];
  for (const entry of all) {
    const { text, leaks } = describeEntry(program, entry);
    const shown = entry.report.slice(root.length + 1);
    for (const leak of leaks) problems.push(`${shown}: a signature shows ${leak}. Wrap it in a type of our own.`);
    const old = existsSync(entry.report) ? readFileSync(entry.report, 'utf8') : '';
    if (old === text) continue;
    if (check) {
      problems.push(`${shown} differs, ${firstDifference(old, text)}. Run \`npm run api\` and review the change.`);
    } else {
      mkdirSync(join(entry.folder, 'api'), { recursive: true });
      writeFileSync(entry.report, text);
      console.log(`wrote ${shown}`);
    }
  }
  problems.push(...orphans(new Set(all.map((entry) => entry.report))));
  for (const problem of problems) console.error(problem);
  console.log(`${all.length} entry points, ${problems.length} problems`);
  return problems.length === 0 ? 0 : 1;
}

/** Reports whose entry point is gone. */
function orphans(known: ReadonlySet<string>): string[] {
  return readdirSync(join(root, 'packages')).flatMap((name) => {
    const folder = join(root, 'packages', name, 'api');
    const files = existsSync(folder) ? readdirSync(folder).map((file) => join(folder, file)) : [];
    const gone = files.filter((file) => !known.has(file));
    if (!check) for (const file of gone) rmSync(file);
    return check
      ? gone.map((file) => `${file.slice(root.length + 1)}: its entry point is gone. Run \`npm run api\`.`)
      : [];
  });
}

process.exitCode = main();
