/** Reads the doc comments of the events, since a comment does not survive into the running program. */
import { readFileSync } from 'node:fs';
import ts from 'typescript';

export interface EventDoc {
  readonly type: string;
  readonly says: string;
  /** The type of its data, as written. */
  readonly data: string;
}

/** Every member of the interface `GuardEvents` in a source file. */
export function eventDocs(file: string): EventDoc[] {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  const found: EventDoc[] = [];
  source.forEachChild((node) => {
    if (!ts.isInterfaceDeclaration(node) || node.name.text !== 'GuardEvents') return;
    for (const member of node.members) {
      if (!ts.isPropertySignature(member) || !ts.isStringLiteral(member.name) || !member.type) continue;
      const comments = ts
        .getJSDocCommentsAndTags(member)
        .map((comment) => ts.getTextOfJSDocComment(comment.comment) ?? '');
      found.push({ type: member.name.text, says: comments.join(' '), data: fields(member.type, source) });
    }
  });
  return found;
}

function fields(type: ts.TypeNode, source: ts.SourceFile): string {
  if (!ts.isTypeLiteralNode(type)) return `\`${type.getText(source)}\``;
  const shown = type.members.filter(ts.isPropertySignature).map((member) => {
    const optional = member.questionToken ? '?' : '';
    return `\`${member.name.getText(source)}${optional}: ${member.type?.getText(source).replaceAll('readonly ', '') ?? 'unknown'}\``;
  });
  return shown.join(', ');
}
