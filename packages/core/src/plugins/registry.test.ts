import { describe, expect, it } from 'vitest';
import { isGuardError } from '../contracts/errors.ts';
import type { Kinds, PluginContext } from '../contracts/plugin.ts';
import { builtIn, Registry } from './registry.ts';

const context = (instance: string): PluginContext => ({ instance }) as PluginContext;
const notifier = (): Kinds['notifiers'] => ({
  supports: { threads: false },
  deliver: () => Promise.reject(new TypeError('not called here')),
});

function registry(): Registry {
  return new Registry((instance) => context(instance));
}

function errorOf(run: () => unknown): Error {
  try {
    run();
  } catch (thrown) {
    return thrown as Error;
  }
  throw new TypeError('it did not throw');
}

describe('the registry', () => {
  it('makes a contribution at its first use, once, whichever of its names is used', () => {
    const asked: string[] = [];
    const names = new Registry((instance, kind, name) => {
      asked.push(`${instance} ${kind} ${name}`);
      return context(instance);
    });
    names.registerPlugin({ instance: 'ops', manifest: { contributes: { notifiers: { slack: notifier } } } });
    expect(asked).toEqual([]);
    expect(names.get('notifiers', 'ops')).toBe(names.get('notifiers', 'ops/slack'));
    expect(asked).toEqual(['ops notifiers ops']);
  });

  it('knows by which other names a contribution is called', () => {
    const names = registry();
    names.register('notifiers', 'log', notifier, builtIn);
    names.registerPlugin({ instance: 'ops', manifest: { contributes: { notifiers: { slack: notifier } } } });
    expect(names.aliases('notifiers', 'ops')).toEqual(['ops/slack']);
    expect(names.aliases('notifiers', 'log')).toEqual([]);
    expect(names.aliases('notifiers', 'nobody')).toEqual([]);
  });

  it('gives the short name only to a plugin that offers exactly one of the kind', () => {
    const names = registry();
    names.registerPlugin({
      instance: 'ops',
      manifest: { contributes: { notifiers: { slack: notifier, email: notifier } } },
    });
    expect(names.names('notifiers')).toEqual(['ops/email', 'ops/slack']);
    expect(names.has('notifiers', 'ops')).toBe(false);
  });

  it('keeps two instances of one plugin apart', () => {
    const names = registry();
    const manifest = { contributes: { notifiers: { slack: notifier } } };
    names.registerPlugin({ instance: 'day', manifest });
    names.registerPlugin({ instance: 'night', manifest });
    expect(names.get('notifiers', 'day')).not.toBe(names.get('notifiers', 'night'));
    expect(names.origin('notifiers', 'night')).toEqual({ instance: 'night' });
  });

  it('refuses a name that is taken, naming both who offer it', () => {
    const names = registry();
    names.register('notifiers', 'log', notifier, builtIn);
    const error = errorOf(() =>
      names.registerPlugin({ instance: 'log', manifest: { contributes: { notifiers: { file: notifier } } } }),
    );
    expect(isGuardError(error, 'GUARD_PLUGIN_DUPLICATE')).toBe(true);
    expect(error.message).toBe('The notifiers log is offered twice, by core and log.');
  });

  it('names what there is, and what was probably meant, when a name is unknown', () => {
    const names = registry();
    names.register('detectors', 'heartbeat', () => ({}) as never, builtIn);
    const error = errorOf(() => names.get('detectors', 'hartbeat'));
    expect(isGuardError(error, 'GUARD_PLUGIN_UNKNOWN')).toBe(true);
    expect(error.message).toContain('there are: heartbeat (did you mean "heartbeat"?)');
    expect(errorOf(() => names.get('notifiers', 'x')).message).toContain('there are: none');
  });

  it('does not find what objects inherit', () => {
    expect(registry().has('notifiers', 'constructor')).toBe(false);
  });

  it('keeps the cause when a factory throws, and passes on the words of the guard', () => {
    const names = registry();
    const cause = new TypeError('no such host');
    names.register(
      'notifiers',
      'bad',
      () => {
        throw cause;
      },
      { instance: 'ops' },
    );
    const error = errorOf(() => names.get('notifiers', 'bad'));
    expect(isGuardError(error, 'GUARD_PLUGIN_FAILED')).toBe(true);
    expect(error.cause).toBe(cause);
    expect(error.message).toContain('The plugin ops failed in notifiers bad: no such host');
  });

  it.each([
    ['a promise', () => Promise.resolve(notifier())],
    ['undefined', () => undefined],
    ['null', () => null],
  ])('refuses a factory that returns %s', (what, factory) => {
    const names = registry();
    names.register('notifiers', 'odd', factory as never, { instance: 'ops' });
    expect(errorOf(() => names.get('notifiers', 'odd')).message).toContain(`it returned ${what}`);
  });

  it('lists what was made in the order it was made', () => {
    const names = registry();
    names.register('notifiers', 'b', notifier, builtIn);
    names.register('notifiers', 'a', notifier, builtIn);
    names.get('notifiers', 'b');
    names.get('notifiers', 'a');
    expect(names.created().map(({ name }) => name)).toEqual(['b', 'a']);
  });
});
