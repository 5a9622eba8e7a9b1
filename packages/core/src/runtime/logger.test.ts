import { describe, expect, it } from 'vitest';
import { createLogger, noopLogger } from './logger.ts';
import { Redactor } from './redaction.ts';

function rigged(level: 'debug' | 'info' | 'silent' = 'debug') {
  const lines: Record<string, unknown>[] = [];
  const redactor = new Redactor();
  redactor.register('hunter22');
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
  return { lines, log: createLogger({ level, name: 'guard-1', destination, redactor }) };
}

describe('createLogger', () => {
  it('writes a JSON object a line with level, name, fields and message', () => {
    const { log, lines } = rigged();
    log.info({ agentId: 'web-1' }, 'hello');
    expect(lines).toEqual([expect.objectContaining({ level: 30, name: 'guard-1', agentId: 'web-1', msg: 'hello' })]);
  });

  it('keeps silent below its level', () => {
    const { log, lines } = rigged('info');
    log.debug({}, 'hidden');
    log.warn({}, 'shown');
    rigged('silent').log.error({}, 'hidden');
    expect(lines.map((line) => line['msg'])).toEqual(['shown']);
  });

  it('writes no secret: not in fields, messages, errors or fields of a child', () => {
    const { log, lines } = rigged();
    const child = log.child({ plugin: 'hunter22', token: 'abc' });
    child.error({ err: new TypeError('with hunter22'), nested: { cookie: 'abc', text: 'hunter22' } }, 'it is hunter22');
    expect(JSON.stringify(lines)).not.toMatch(/hunter22|abc/);
    expect(lines[0]).toMatchObject({
      plugin: '[redacted]',
      err: { type: 'TypeError', message: 'with [redacted]' },
      msg: 'it is [redacted]',
    });
  });

  it('cuts messages that are too long', () => {
    const { log, lines } = rigged();
    log.error({}, 'x'.repeat(2_400_000));
    expect(String(lines[0]?.['msg']).length).toBe(2_001);
  });

  it('has a silent brother', () => {
    expect(noopLogger.child({})).toBe(noopLogger);
    expect(noopLogger.error({}, 'x')).toBeUndefined();
  });
});
