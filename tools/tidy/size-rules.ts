/**
 * The size ratchet. A file has at most 300 lines of code and a function at most 70; the exceptions are listed in
 * tools/size-ratchet.json with the size they had, and those numbers may only go down.
 */
import ts from 'typescript';
import { lineOf, type Repository, type SourceFile, type Violation, visit } from './repository.ts';

export interface Ratchet {
  readonly files: Readonly<Record<string, number>>;
  /** Key: `path#name`. */
  readonly functions: Readonly<Record<string, number>>;
}

const fileMax = 300;
const functionMax = 70;
const ratchetFile = 'tools/size-ratchet.json';

export function sizeRules(repository: Repository, ratchet: Ratchet): Violation[] {
  const files = new Map<string, number>();
  const functions = new Map<string, number>();
  for (const file of repository.files) {
    const code = codeLines(file);
    files.set(file.path, code.size);
    if (!file.isTest)
      for (const [name, lines] of functionSizes(file, code)) functions.set(`${file.path}#${name}`, lines);
  }
  return [
    ...compare('file-size', files, ratchet.files, fileMax),
    ...compare('function-size', functions, ratchet.functions, functionMax),
  ];
}

function compare(
  rule: string,
  sizes: Map<string, number>,
  allowed: Readonly<Record<string, number>>,
  max: number,
): Violation[] {
  const found: Violation[] = [];
  const say = (key: string, message: string): void => {
    found.push({ rule, file: key.split('#')[0] ?? key, message: `${key}: ${message}` });
  };
  for (const [key, lines] of sizes) {
    const limit = allowed[key] ?? max;
    if (lines > limit)
      say(key, `at most ${limit} lines of code; it has ${lines}. Split it along a concept; sizes only go down.`);
  }
  for (const [key, limit] of Object.entries(allowed)) {
    const lines = sizes.get(key);
    if (lines === undefined || lines <= max) {
      say(key, `${ratchetFile} lists only what is over ${max} lines. It no longer is: delete the entry.`);
    } else if (lines < limit) {
      say(key, `${ratchetFile} states the size as it is. It shrank from ${limit} to ${lines}: lower the number.`);
    }
  }
  return found;
}

/** The lines that carry a token: blank lines and comments do not count. */
function codeLines(file: SourceFile): Set<number> {
  const lines = new Set<number>();
  const walk = (node: ts.Node): void => {
    if (ts.isJSDoc(node)) return;
    const children = node.getChildren(file.ast);
    if (children.length > 0) return children.forEach(walk);
    if (node.getWidth(file.ast) === 0) return;
    const first = file.ast.getLineAndCharacterOfPosition(node.getStart(file.ast)).line + 1;
    const last = file.ast.getLineAndCharacterOfPosition(node.getEnd()).line + 1;
    for (let line = first; line <= last; line += 1) lines.add(line);
  };
  walk(file.ast);
  return lines;
}

function functionSizes(file: SourceFile, code: ReadonlySet<number>): Map<string, number> {
  const sizes = new Map<string, number>();
  visit(file.ast, (node) => {
    if (!ts.isFunctionLike(node) || !('body' in node) || !node.body) return;
    const first = lineOf(file.ast, node);
    const last = file.ast.getLineAndCharacterOfPosition(node.getEnd()).line + 1;
    let lines = 0;
    for (let line = first; line <= last; line += 1) if (code.has(line)) lines += 1;
    const name = nameOf(node, file.ast);
    sizes.set(name, Math.max(lines, sizes.get(name) ?? 0));
  });
  return sizes;
}

function nameOf(node: ts.SignatureDeclaration, ast: ts.SourceFile): string {
  const holder = node.parent;
  const owner = ts.isClassLike(holder) && holder.name ? `${holder.name.text}.` : '';
  if (node.name) return owner + node.name.getText(ast);
  if (ts.isConstructorDeclaration(node)) return `${owner}constructor`;
  if ((ts.isVariableDeclaration(holder) || ts.isPropertyAssignment(holder)) && holder.name)
    return holder.name.getText(ast);
  return `(anonymous at line ${lineOf(ast, node)})`;
}
