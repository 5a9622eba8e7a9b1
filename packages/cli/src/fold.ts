import { stripVTControlCharacters } from 'node:util';

/** Lines narrower than this are not worth folding. */
const leastColumns = 40;

/**
 * Folds what is longer than the terminal is wide, between words; what follows stands under the text that began the
 * line, past its label. Without a terminal everything stays on its line, for `grep`.
 */
export function fold(text: string, columns: number | undefined): string {
  if (columns === undefined || columns < leastColumns) return text;
  return text
    .split('\n')
    .flatMap((line) => (widthOf(line) <= columns ? [line] : foldLine(line, columns)))
    .join('\n');
}

/** Columns a text takes; colours take none. */
export function widthOf(text: string): number {
  return stripVTControlCharacters(text).length;
}

function foldLine(line: string, columns: number): string[] {
  const hanging = hangOf(stripVTControlCharacters(line), columns);
  const hang = ' '.repeat(hanging);
  const lines: string[] = [];
  let current = '';
  // The gaps between columns stay as they are: only a single space is a place to break.
  for (const word of line.split(/(?<=\S) (?=\S)/)) {
    const longer = current === '' ? word : `${current} ${word}`;
    // A label is never torn from its text.
    if (widthOf(current) > hanging && widthOf(longer) > columns) {
      lines.push(current);
      current = hang + word;
    } else current = longer;
  }
  return [...lines, current];
}

/** Where the text begins that a line goes on with: past its last label, unless that would leave too little room. */
function hangOf(line: string, columns: number): number {
  const indent = line.length - line.trimStart().length;
  const ends = [...line.matchAll(/\S {2,}(?=\S)/g)].map((gap) => gap.index + gap[0].length);
  return ends.findLast((end) => end <= columns * 0.4) ?? (indent === 0 ? 0 : Math.min(indent + 2, leastColumns / 2));
}
