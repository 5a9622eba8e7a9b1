/**
 * Rules about the code inside a file that the linter cannot express.
 */
import ts from 'typescript';
import { lineOf, type Repository, type SourceFile, type Violation, visit } from './repository.ts';

export function codeRules(repository: Repository): Violation[] {
  return repository.files.flatMap((file) => [
    ...noExportStar(file),
    ...(isGuardedSource(file) ? [...noClock(file), ...noBareError(file), ...noTimerModules(file)] : []),
    ...onlyCliExits(file),
    ...(file.isTest ? [...noDeadTests(file), ...noElapsedTime(file)] : []),
  ]);
}

/** Where time, chance and bare errors are banned: package sources, except the rooms that implement them. */
function isGuardedSource(file: SourceFile): boolean {
  if (file.isTest || !/^packages\/[^/]+\/src\//.test(file.path)) return false;
  return !/^packages\/core\/src\/(runtime|testing)\//.test(file.path);
}

function noExportStar(file: SourceFile): Violation[] {
  return find(
    file,
    (node) => ts.isExportDeclaration(node) && !node.exportClause,
    () => ({
      rule: 'no-export-star',
      message: 'Every exported name is listed by hand: no `export *`. Name what belongs to the public face.',
    }),
  );
}

function noClock(file: SourceFile): Violation[] {
  return find(
    file,
    (node) => {
      const empty = ts.isNewExpression(node) && (node.arguments ?? []).length === 0;
      return empty && node.expression.getText(file.ast) === 'Date';
    },
    () => ({
      rule: 'no-wall-clock',
      message: 'Time is a dependency: no `new Date()` without an argument. Use clock.now(), or new Date(clock.now()).',
    }),
  );
}

const timeAndChance: Record<string, string> = {
  'process.hrtime': 'clock.monotonic()',
  'process.hrtime.bigint': 'clock.monotonic()',
  'process.uptime': 'clock.monotonic()',
  'globalThis.performance': 'clock.monotonic()',
  'globalThis.Date.now': 'clock.now()',
  'globalThis.crypto.randomUUID': 'random.id()',
  'crypto.getRandomValues': 'random.next()',
};

/** The forms that escape a linter's list of globals: hrtime, and the same things by way of globalThis. */
function noTimerModules(file: SourceFile): Violation[] {
  return find(
    file,
    (node) => ts.isPropertyAccessExpression(node) && node.getText(file.ast) in timeAndChance,
    (node) => ({
      rule: 'no-hidden-clock',
      message: `Time and chance are dependencies: no \`${node.getText(file.ast)}\`. Use ${timeAndChance[node.getText(file.ast)]}.`,
    }),
  );
}

function noBareError(file: SourceFile): Violation[] {
  return find(
    file,
    (node) => {
      if (!ts.isThrowStatement(node)) return false;
      const made = node.expression;
      const creates = ts.isNewExpression(made) || ts.isCallExpression(made);
      return creates && made.expression.getText(file.ast) === 'Error';
    },
    () => ({
      rule: 'no-bare-error',
      message:
        'Errors come from the catalogue: no `throw new Error(`. Use guardError(code, details); add the code to the catalogue.',
    }),
  );
}

function onlyCliExits(file: SourceFile): Violation[] {
  if (!/^packages\/[^/]+\/src\//.test(file.path) || file.packageName === 'cli') return [];
  return find(
    file,
    (node) => ts.isCallExpression(node) && node.expression.getText(file.ast) === 'process.exit',
    () => ({
      rule: 'only-cli-exits',
      message:
        'A library never ends the process: no `process.exit`. Throw, and let packages/cli decide on the exit code.',
    }),
  );
}

const testRoots = new Set(['it', 'test', 'describe', 'suite', 'bench']);

function noDeadTests(file: SourceFile): Violation[] {
  const dead = (node: ts.Node): boolean => {
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) {
      return ['xit', 'xtest', 'xdescribe', 'fit', 'fdescribe'].includes(node.expression.text);
    }
    if (!ts.isPropertyAccessExpression(node) || !['only', 'skip', 'todo'].includes(node.name.text)) return false;
    let base: ts.Expression = node.expression;
    while (ts.isPropertyAccessExpression(base) || ts.isCallExpression(base)) base = base.expression;
    return ts.isIdentifier(base) && testRoots.has(base.text);
  };
  return find(file, dead, (node) => ({
    rule: 'no-dead-test',
    message: `A test runs or is deleted: no \`${node.getText(file.ast).slice(0, 40)}\`. Finish it, remove it, or use skipIf with a stated need.`,
  }));
}

/** A reading of the real clock, or a name that was computed from one. */
function noElapsedTime(file: SourceFile): Violation[] {
  const tainted = taintedNames(file);
  const readsClock = (root: ts.Node): boolean => {
    let found = false;
    visit(root, (node) => {
      if (isClockReading(node, file.ast) || (ts.isIdentifier(node) && tainted.has(node.text))) found = true;
    });
    return found;
  };
  return find(
    file,
    (node) => {
      if (!ts.isCallExpression(node)) return false;
      const called = node.expression.getText(file.ast);
      const asserts = called === 'expect' || called === 'assert' || called.startsWith('assert.');
      return asserts && node.arguments.some(readsClock);
    },
    () => ({
      rule: 'no-elapsed-time',
      message:
        'A test never asserts on elapsed real time: it fails on a busy machine. Use the virtual clock, or assert on what happened and in which order.',
    }),
  );
}

function taintedNames(file: SourceFile): Set<string> {
  const tainted = new Set<string>();
  const reads = (root: ts.Node): boolean => {
    let found = false;
    visit(root, (node) => {
      if (isClockReading(node, file.ast) || (ts.isIdentifier(node) && tainted.has(node.text))) found = true;
    });
    return found;
  };
  for (let before = -1; before !== tainted.size;) {
    before = tainted.size;
    visit(file.ast, (node) => {
      const plain = ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) && node.initializer;
      if (plain && isArithmetic(node.initializer) && reads(node.initializer)) tainted.add(node.name.text);
    });
  }
  return tainted;
}

/** Only readings and sums of readings taint a name; an object built with a time in it does not. */
function isArithmetic(node: ts.Expression): boolean {
  if (ts.isParenthesizedExpression(node)) return isArithmetic(node.expression);
  if (ts.isCallExpression(node)) return /^(Date|performance|process|Number|Math)\b/.test(node.expression.getText());
  return ts.isBinaryExpression(node) || ts.isIdentifier(node);
}

function isClockReading(node: ts.Node, ast: ts.SourceFile): boolean {
  if (!ts.isCallExpression(node)) return false;
  return ['Date.now', 'performance.now', 'process.hrtime', 'process.hrtime.bigint'].includes(
    node.expression.getText(ast),
  );
}

function find(
  file: SourceFile,
  matches: (node: ts.Node) => boolean,
  describe: (node: ts.Node) => Pick<Violation, 'rule' | 'message'>,
): Violation[] {
  const found: Violation[] = [];
  visit(file.ast, (node) => {
    if (matches(node)) found.push({ ...describe(node), file: file.path, line: lineOf(file.ast, node) });
  });
  return found;
}
