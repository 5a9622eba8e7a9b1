import { stripVTControlCharacters } from 'node:util';

const gap = '  ';

/**
 * Rows under headings, in columns as wide as their widest cell. The last column is cut to the terminal's width, if
 * there is one; colours in a cell do not count.
 */
export function table(headings: readonly string[], rows: readonly (readonly string[])[], columns?: number): string {
  const lines = [headings, ...rows];
  const widths = headings.map((_, at) => Math.max(...lines.map((line) => width(line[at] ?? ''))));
  const before = widths.slice(0, -1).reduce((sum, cell) => sum + cell + gap.length, 0);
  const last = columns === undefined ? Number.POSITIVE_INFINITY : Math.max(8, columns - before);
  return lines
    .map((line) =>
      headings
        .map((_, at) => cell(line, at))
        .join(gap)
        .trimEnd(),
    )
    .join('\n');

  function cell(line: readonly string[], at: number): string {
    const text = line[at] ?? '';
    if (at === headings.length - 1) return cut(text, last);
    return text + ' '.repeat((widths[at] as number) - width(text));
  }
}

function width(text: string): number {
  return stripVTControlCharacters(text).length;
}

/** Cuts plain text; a coloured cell is left whole, because a cut could leave the colour on. */
function cut(text: string, max: number): string {
  return text.length <= max || width(text) !== text.length ? text : `${text.slice(0, max - 1)}…`;
}
