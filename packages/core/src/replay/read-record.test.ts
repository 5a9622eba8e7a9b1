import { expect, it } from 'vitest';
import { isGuardError } from '../contracts/index.ts';
import { RecordReader } from './read-record.ts';
import { parseRecord } from './read-record.ts';

const head = (given: object = {}): string =>
  JSON.stringify({
    k: 'header',
    format: 1,
    core: '0.1.0',
    node: process.version,
    run: 'a1',
    segment: 1,
    wall: 1_000_000,
    t: 500,
    seed: 's',
    configHash: 'h',
    config: { version: 1 },
    plugins: [],
    orchestrators: {},
    notifiers: {},
    store: { durable: false, shared: false },
    baseDir: '/',
    ...given,
  });
const beat = (t: number): string => `{"t":${t},"k":"b","a":"web.1","s":1}`;
const decision = (t: number): string => `{"t":${t},"k":"d","agent":"web.1","incident":"i","seq":1}`;

function thrown(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}

it('reads inputs, answers, decisions and the end apart', () => {
  const record = parseRecord([
    head(),
    '{"k":"state","key":"meta/guard","value":{"shards":64}}',
    beat(600),
    '{"t":700,"k":"q","p":"world execute restart web.1","n":1}',
    '{"t":710,"k":"a","p":"world execute restart web.1","n":1,"s":700,"v":{}}',
    '{"t":711,"k":"a","p":"probe web.1 health","n":1,"f":1,"v":{}}',
    decision(720),
    '{"t":800,"k":"end"}',
    decision(801),
  ]);
  expect(record.inputs.map(({ k }) => k)).toEqual(['b', 'a', 'end']);
  expect(record.answers.answers.get('probe web.1 health')?.get(1)).toMatchObject({ f: 1 });
  expect(record.answers.begun.get('world execute restart web.1')?.has(1)).toBe(true);
  expect(record.outputs).toHaveLength(1);
  expect(record.endMs).toBe(800);
  expect(record.state).toHaveLength(1);
  expect(record.warnings).toEqual([]);
});

it('a line cut off at the end of a file is left out, with a warning that names it', () => {
  const record = parseRecord([head(), beat(600), '{"t":601,"k":"b","a":"we'], 'cut.ndjson');
  expect(record.inputs).toHaveLength(1);
  expect(record.warnings).toEqual(['cut.ndjson, line 3: cut off, and left out']);
});

it.each([
  ['a broken line in the middle', [head(), '{"t":601', beat(602)], 'GUARD_RECORD_INVALID', 2],
  ['a line of a kind nobody knows', [head(), '{"t":1,"k":"zzz"}'], 'GUARD_RECORD_INVALID', 2],
  ['a line without time', [head(), '{"k":"b","a":"x"}'], 'GUARD_RECORD_INVALID', 2],
  ['a value that is no line', [head(), '7'], 'GUARD_RECORD_INVALID', 2],
  ['a record without a head', [beat(1)], 'GUARD_RECORD_INVALID', 1],
  ['a second head', [head(), head()], 'GUARD_RECORD_INVALID', 2],
  ['an empty record', [], 'GUARD_RECORD_INVALID', 1],
])('%s is refused with file and line', (_what, lines, code, line) => {
  const error = thrown(() => parseRecord(lines, 'bad.ndjson'));
  expect(isGuardError(error) && error.code).toBe(code);
  expect(isGuardError(error) && error.details).toMatchObject({ file: 'bad.ndjson', line });
});

it('another format is refused, and it is said who can read it', () => {
  const error = thrown(() => parseRecord([head({ format: 99 })], 'new.ndjson'));
  expect(isGuardError(error, 'GUARD_RECORD_FORMAT') && error.message).toMatch(/new\.ndjson has format 99/);
  expect(isGuardError(error) && error.remedy).toMatch(/version of the guard that wrote it/);
});

it('a record of another Node major is read with a warning', () => {
  expect(parseRecord([head({ node: 'v4.2.0' })]).warnings).toEqual([expect.stringMatching(/recorded on Node 4/)]);
});

it('parts of one life are one record; what a later head repeats counts once', () => {
  const reader = new RecordReader();
  reader.begin('1');
  for (const line of [head(), beat(600)]) reader.line(line);
  reader.begin('2');
  const listed = '{"t":900,"k":"inv","o":"world","n":1,"h":1,"e":{"type":"synced"}}';
  for (const line of [head({ segment: 2, t: 900 }), '{"k":"state","key":"meta/guard","value":1}', listed, beat(901)])
    reader.line(line);
  const record = reader.end();
  expect(record.inputs.map(({ t }) => t)).toEqual([600, 901]);
  expect(record.state).toEqual([]);
  expect(record.files).toEqual(['1', '2']);
});

it.each([
  ['another life', { run: 'b2', segment: 2 }, /another life/],
  ['a part that does not follow', { segment: 3 }, /part 2 of the life has to come first|part 2 has to come first/],
])('%s cannot be joined', (_what, given, why) => {
  const reader = new RecordReader();
  reader.begin('1');
  reader.line(head());
  reader.begin('2');
  const error = thrown(() => reader.line(head(given)));
  expect(isGuardError(error, 'GUARD_RECORD_INVALID') && error.message).toMatch(why);
});

it('a part from the middle of a life is replayed from what its head tells', () => {
  const listed = '{"t":900,"k":"inv","o":"world","n":3,"h":1,"e":{"type":"synced"}}';
  const record = parseRecord([head({ segment: 7, t: 900 }), listed, beat(901)]);
  expect(record.inputs.map(({ k }) => k)).toEqual(['inv', 'b']);
});
