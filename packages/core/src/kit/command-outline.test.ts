import { expect, test } from 'vitest';
import { commandOutline } from './command-outline.ts';

test.each([
  ['redis-server --requirepass hunter2', 'redis-server --requirepass …'],
  ['app --password=hunter2 --verbose', 'app --password=… --verbose'],
  ['mysql -phunter2 -u root db', 'mysql -p… -u … …'],
  ['node server.js --token hunter2 hunter3', 'node server.js --token … …'],
  ['app login bob hunter2', 'app login bob …'],
  ['env DB_PW=hunter2 app', 'env DB_PW=… app'],
  ['app --token -- hunter2', 'app --token -- …'],
])('keeps nothing that may be a secret: %s', (line, outline) => {
  expect(commandOutline(line.split(' '))).toBe(outline);
});

test('of a script in place of a word keeps none', () => {
  expect(commandOutline(['sh', '-c', 'exec app --password hunter2'])).toBe('sh -c …');
  expect(commandOutline(['exec app --password hunter2'])).toBe('exec…');
});

test.each(['/docker-entrypoint.sh redis-server', 'python manage.py migrate', 'tini -- node server.js', ''])(
  'keeps what tells one program from another: %s',
  (line) => expect(commandOutline(line.split(' '))).toBe(line),
);
