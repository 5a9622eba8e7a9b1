import { widthOf } from './fold.ts';

const gap = '  ';
/** With less room than this a text is no use beside the other columns. */
const leastLast = 24;

/**
 * Rows under headings, in columns as wide as their widest cell. The last column is cut to the terminal's width, if
 * there is one, and stands on a line of its own where the others leave it too little room; colours do not count.
 */
export function table(headings: readonly string[], rows: readonly (readonly string[])[], columns?: number): string {
  const lines = [headings, ...rows];
  const widths = headings.map((_, at) => Math.max(...lines.map((line) => widthOf(line[at] ?? ''))));
  const end = headings.length - 1;
  const before = widths.slice(0, end).reduce((sum, cell) => sum + cell + gap.length, 0);
  const needed = widths[end] ?? 0;
  const room = columns === undefined ? Number.POSITIVE_INFINITY : columns - before;
  const beneath = end > 0 && columns !== undefined && room < Math.min(needed, leastLast);
  return lines.map((line, row) => (beneath ? twoLines(line, row === 0) : oneLine(line))).join('\n');

  function oneLine(line: readonly string[]): string {
    return (padded(line) + cut(line[end] ?? '', room)).trimEnd();
  }

  function twoLines(line: readonly string[], head: boolean): string {
    const text = head ? '' : (line[end] ?? '');
    const first = padded(line).trimEnd();
    return text === '' ? first : `${first}\n${gap}${cut(text, Math.max(8, (columns ?? 0) - gap.length))}`;
  }

  function padded(line: readonly string[]): string {
    return line
      .slice(0, end)
      .concat(Array<string>(Math.max(0, end - line.length)).fill(''))
      .map((text, at) => text + ' '.repeat((widths[at] as number) - widthOf(text)) + gap)
      .join('');
  }
}

/** Cuts plain text; a coloured cell is left whole, because a cut could leave the colour on. */
function cut(text: string, max: number): string {
  return text.length <= max || widthOf(text) !== text.length ? text : `${text.slice(0, max - 1)}…`;
}
