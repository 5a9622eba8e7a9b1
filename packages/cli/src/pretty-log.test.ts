import { expect, test } from 'vitest';
import { prettyDestination, prettyLine } from './pretty-log.ts';
import { plain } from './style.ts';

const pretty = (line: string): string => prettyLine(line, plain);

test('a log line becomes time, level, message and fields', () => {
  const line = JSON.stringify({ level: 40, time: 0, name: 'g', msg: 'the store is slow', latencyMs: 240, key: 'a b' });
  expect(pretty(line)).toMatch(/^\d\d:\d\d:\d\d {2}warn {3}the store is slow {2}latencyMs=240 key=a b$/);
});

test.each([
  [20, 'debug'],
  [30, 'info'],
  [50, 'error'],
])('level %i is called %s', (level, word) => {
  expect(pretty(JSON.stringify({ level, msg: 'm' }))).toMatch(new RegExp(`^${word} +m$`));
});

test('a message to people is its text, without what is for programs', () => {
  const notice = {
    level: 50,
    msg: 'w needs a person',
    noticeId: 'n',
    priority: 'critical',
    text: 'w is handed over.',
    plugin: 'core',
  };
  expect(pretty(JSON.stringify(notice))).toBe('message (critical)  w is handed over.');
});

test('what is not a log line is shown as it is', () => {
  expect(pretty('Warning: something\n')).toBe('Warning: something');
  expect(pretty('null')).toBe('null');
});

test('as a destination it writes one line for each', () => {
  const lines: string[] = [];
  prettyDestination((line) => lines.push(line), plain).write('{"level":30,"msg":"m"}\n');
  expect(lines).toEqual(['info   m']);
});
