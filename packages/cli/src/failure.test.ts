import { guardError } from '@praetorian-guard/core/plugin';
import { expect, test } from 'vitest';
import { recordedIo } from '../test/recorded-io.ts';
import { reportAnswer, reportThrown } from './failure.ts';

test('an error of the catalogue is told with its code and remedy', () => {
  const io = recordedIo();
  expect(reportThrown(io, guardError('GUARD_STATE_LOCKED', { path: 'data/store' }))).toBe(1);
  expect(io.stderr).toEqual([
    'GUARD_STATE_LOCKED: The store at data/store is in use by another process.',
    '  remedy: Stop the other guard, or give this one another path.',
  ]);
});

test('every problem of a config has its own line', () => {
  const io = recordedIo();
  const problems = ['/watch/every: found soon', '/groups: found 3'];
  expect(reportThrown(io, guardError('GUARD_CONFIG_INVALID', { problems }))).toBe(2);
  expect(io.stderr).toEqual([
    'GUARD_CONFIG_INVALID: the config is not valid; 2 problems:',
    '  /watch/every: found soon',
    '  /groups: found 3',
    '  remedy: Mend each place named; `praetorian schema` prints what is allowed.',
  ]);
});

test('a problem of a file is told with its place, what was found, what is allowed and what to do', () => {
  const io = recordedIo();
  const place = {
    path: 'watch.every',
    found: '"soon"',
    allowed: 'a duration',
    remedy: 'Use what is allowed.',
    line: 3,
    column: 10,
  };
  reportThrown(io, guardError('GUARD_CONFIG_INVALID', { problems: '', file: 'p.yaml', places: [place] }));
  expect(io.stderr.slice(0, 2)).toEqual([
    'GUARD_CONFIG_INVALID: the config is not valid; one problem:',
    '  p.yaml:3:10  watch.every: found "soon"; allowed: a duration. Use what is allowed.',
  ]);
});

test('several errors are all told', () => {
  const io = recordedIo();
  const both = new AggregateError([guardError('GUARD_STATE_CLOSED'), new TypeError('b is wrong')], 'two');
  expect(reportThrown(io, both)).toBe(1);
  expect(io.stderr.join('\n')).toMatch(/GUARD_STATE_CLOSED[^]*b is wrong/);
});

test('a refusal is told by code, detail, places and remedy', () => {
  const io = recordedIo();
  const problem = {
    status: 400,
    title: 'Bad Request',
    detail: 'The body is not valid.',
    remedy: 'Mend it.',
    code: 'GUARD_HTTP_BODY',
    places: ['/a is missing', '/b is not known'],
  };
  expect(reportAnswer(io, { kind: 'problem', problem }, 'http://g')).toBe(1);
  expect(io.stderr).toEqual([
    'praetorian: GUARD_HTTP_BODY: The body is not valid.',
    '  /a is missing',
    '  /b is not known',
    '  remedy: Mend it.',
  ]);
});

test('a guard that does not answer is one line and code 3', () => {
  const io = recordedIo();
  expect(reportAnswer(io, { kind: 'unreachable', why: 'ECONNREFUSED' }, 'http://127.0.0.1:1')).toBe(3);
  expect(io.stderr).toHaveLength(1);
  expect(io.stderr[0]).toMatch(/no guard answers at http:\/\/127.0.0.1:1 \(ECONNREFUSED\).*praetorian start/);
});

test('a program gets a refusal with everything the guard said of it', () => {
  const io = { ...recordedIo(), json: true };
  const problem = { status: 404, title: 'Not Found', detail: 'No agent a.', code: 'GUARD_AGENT_UNKNOWN', places: [] };
  expect(reportAnswer(io, { kind: 'problem', problem }, 'http://g')).toBe(1);
  expect(io.stderr.map((line) => JSON.parse(line) as unknown)).toEqual([
    { error: { message: 'No agent a.', status: 404, code: 'GUARD_AGENT_UNKNOWN' } },
  ]);
});

test('an answer cannot write to the terminal what it likes', () => {
  const io = recordedIo();
  const problem = { status: 500, title: '\u001b[2J', places: [] };
  reportAnswer(io, { kind: 'problem', problem }, 'http://g');
  expect(io.stderr).toEqual(['praetorian: \\u001b[2J']);
});

test.each([
  ['GUARD_HTTP_UNAUTHORIZED', '--token'],
  ['GUARD_AGENT_UNKNOWN', 'praetorian agents'],
  ['GUARD_HOLD_UNKNOWN', 'praetorian holds'],
])('a person gets the verb where the guard names a route, a program what the guard said: %s', (code, verb) => {
  const refused = {
    kind: 'problem',
    problem: { status: 404, title: 'Not Found', code, remedy: 'List them: GET /api/v1/x.', places: [] },
  } as const;
  const [person, program] = [recordedIo(), { ...recordedIo(), json: true }];
  reportAnswer(person, refused, 'http://guard');
  reportAnswer(program, refused, 'http://guard');
  expect(person.stderr.at(-1)).toContain(verb);
  expect(JSON.parse(program.stderr[0] ?? '')).toMatchObject({ error: { code, remedy: 'List them: GET /api/v1/x.' } });
});
