import { describe, expect, it } from 'vitest';
import type { ContainerFacts } from '../engine/engine.ts';
import type { EngineEvent } from '../engine/event-stream.ts';
import { endingOf, Endings, policyActs } from './endings.ts';

const second = 1_000;

function event(action: string, at: number, attributes: EngineEvent['attributes'] = {}, id = 'c'): EngineEvent {
  return { type: 'container', action, id, attributes, at, stamp: `${at / 1_000}` };
}

function facts(
  state: object,
  more: { labels?: object; policy?: object; restarts?: number; config?: object } = {},
): ContainerFacts {
  return {
    Id: 'c',
    RestartCount: more.restarts ?? 0,
    State: { ExitCode: 1, OOMKilled: false, Error: '', ...state },
    Config: { Labels: more.labels ?? {}, ...more.config },
    HostConfig: { RestartPolicy: more.policy ?? { Name: 'no' } },
  } as unknown as ContainerFacts;
}

function seen(...events: readonly EngineEvent[]): Endings {
  const endings = new Endings();
  for (const one of events) endings.note(one, undefined);
  return endings;
}

describe('how a container ended', () => {
  it('is by itself when nobody asked for it', () => {
    const endings = seen(event('start', 0), event('die', second));
    expect(endings.handOf('c')).toBe('itself');
    expect(endingOf(facts({ ExitCode: 137 }), endings)).toEqual({ kind: 'failed', outOfMemory: false });
  });

  it('is by a person who stopped or killed it, also when the signal was one of its own', () => {
    expect(seen(event('kill', 0, { signal: '15' }), event('die', second)).handOf('c')).toBe('operator');
    expect(seen(event('kill', 0, { signal: '10' }), event('die', second)).handOf('c')).toBe('itself');
    const own = new Endings();
    const stopsByUsr1 = facts({}, { config: { StopSignal: 'SIGUSR1' } });
    own.note(event('kill', 0, { signal: 'USR1' }), stopsByUsr1);
    own.note(event('die', second), stopsByUsr1);
    expect(own.handOf('c')).toBe('operator');
  });

  it('is by itself when the signal was sent long before, and by a person when the engine says so afterwards', () => {
    const endings = seen(event('kill', 0, { signal: '15' }), event('die', 60 * second));
    expect(endings.handOf('c')).toBe('itself');
    endings.note(event('stop', 60 * second + 1), undefined);
    expect(endings.handOf('c')).toBe('operator');
  });

  it('is the engine when that was gone right after it had ended all of them', () => {
    const endings = seen(
      event('kill', 0, { signal: '15' }, 'by-hand'),
      event('die', 100, {}, 'by-hand'),
      event('stop', 110, {}, 'by-hand'),
      event('kill', 20 * second, { signal: '15' }, 'a'),
      event('kill', 20 * second + 5, { signal: '15' }, 'b'),
      event('die', 20 * second + 50, {}, 'a'),
      event('stop', 20 * second + 60, {}, 'a'),
      event('die', 1_000, {}, 'crashed'),
    );
    endings.engineLost(20 * second + 500);
    endings.engineBack('stopped', []);
    expect(['by-hand', 'a', 'b', 'crashed'].map((id) => endings.handOf(id))).toEqual([
      'operator',
      'engine',
      'engine',
      'itself',
    ]);
  });

  it('is the engine also for the quick ones when one of them held it up, to its last signal', () => {
    const endings = seen(
      event('kill', 0, { signal: '15' }, 'quick'),
      event('kill', 5, { signal: '15' }, 'slow'),
      event('die', 50, {}, 'quick'),
      event('stop', 60, {}, 'quick'),
      event('kill', 6 * second, { signal: '9' }, 'slow'),
      event('die', 6 * second + 10, {}, 'slow'),
      event('stop', 6 * second + 20, {}, 'slow'),
    );
    endings.engineLost(7 * second);
    endings.engineBack('stopped', []);
    expect(['quick', 'slow'].map((id) => endings.handOf(id))).toEqual(['engine', 'engine']);
  });

  it('is the engine for whoever still ran when it was stopped, unless somebody had asked for the end', () => {
    const endings = seen(event('kill', 0, { signal: '1' }, 'reloaded'), event('kill', 9 * second, {}, 'asked'));
    endings.engineLost(20 * second, ['reloaded', 'asked', 'quiet', 'anew']);
    endings.note(event('start', 30 * second, {}, 'anew'), undefined);
    endings.engineBack('stopped', []);
    expect(['reloaded', 'asked', 'quiet', 'anew'].map((id) => endings.handOf(id))).toEqual([
      'engine',
      'unknown',
      'engine',
      'unknown',
    ]);
  });

  it('is by itself when the engine was restarted without its containers, and it ended while there was none', () => {
    const endings = seen(event('kill', 19.9 * second, {}, 'asked'), event('die', 19.95 * second, {}, 'asked'));
    endings.engineLost(20 * second, ['quiet', 'stopped']);
    endings.note(event('kill', 30 * second, {}, 'stopped'), undefined);
    endings.note(event('die', 30 * second, {}, 'stopped'), undefined);
    endings.engineBack('restarted', []);
    expect(['asked', 'quiet', 'stopped'].map((id) => endings.handOf(id))).toEqual(['operator', 'itself', 'operator']);
  });

  it('stays unknown when the engine was only out of reach', () => {
    const endings = seen();
    endings.engineLost(20 * second, ['quiet']);
    endings.engineBack('out of reach', []);
    expect(endings.handOf('quiet')).toBe('unknown');
  });

  it('stays by a person when the engine is lost only later, or was only out of reach', () => {
    const endings = seen(event('kill', 0, { signal: '9' }), event('die', 20), event('stop', 30));
    endings.engineLost(60 * second);
    endings.engineBack('stopped', []);
    expect(endings.handOf('c')).toBe('operator');
    endings.engineLost(second);
    endings.engineBack('out of reach', []);
    endings.engineBack('stopped', []);
    expect(endings.handOf('c')).toBe('operator');
  });

  it.each([
    ['1', 3, 3 * second, 'itself'],
    ['1', 129, 100, 'operator'],
    ['HUP', 0, 100, 'operator'],
    ['1', 129, 14 * second, 'itself'],
    ['14', 1, 100, 'itself'],
    ['10', 138, 100, 'operator'],
    ['SIGTERM', 3, 14 * second, 'operator'],
  ])('is after signal %s with code %d %d ms later by: %s', (signal, code, afterMs, hand) => {
    const endings = seen(event('kill', 0, { signal }), event('die', afterMs, { exitCode: `${code}` }));
    expect(endings.handOf('c')).toBe(hand);
  });

  it.each([
    ['SIGUSR1', '10'],
    ['SIGRTMIN+3', '37'],
    ['1', '1'],
    ['HUP', 'SIGHUP'],
  ])('is by a person when it is stopped by %s, told as %s', (StopSignal, signal) => {
    const endings = new Endings();
    const stops = facts({}, { config: { StopSignal } });
    endings.note(event('kill', 0, { signal }), stops);
    endings.note(event('die', second, { exitCode: '3' }), stops);
    expect(endings.handOf('c')).toBe('operator');
  });

  it('begins anew with every start', () => {
    expect(seen(event('kill', 0, { signal: '9' }), event('die', 20), event('start', 30)).handOf('c')).toBe('unknown');
  });
});

describe('what an end means', () => {
  const nobody = new Endings();

  it('is a failure with any other code than 0, and that it is done with 0', () => {
    expect(endingOf(facts({ ExitCode: 3 }), nobody).kind).toBe('failed');
    expect(endingOf(facts({ ExitCode: 0 }), nobody).kind).toBe('left');
    expect(endingOf(facts({ ExitCode: 0 }, { labels: { 'praetorian.lifetime': 'service' } }), nobody).kind).toBe(
      'failed',
    );
  });

  it('is left alone where it looks as if requested and nobody saw it, unless it ran out of memory', () => {
    for (const ExitCode of [130, 137, 143]) expect(endingOf(facts({ ExitCode }), nobody).kind).toBe('left');
    expect(endingOf(facts({ ExitCode: 137, OOMKilled: true }), nobody)).toMatchObject({
      kind: 'failed',
      outOfMemory: true,
    });
  });

  it('is a failure where the guard made it and died before it started it, and none where somebody else may start it', () => {
    const made = facts({ Status: 'created', ExitCode: 0 }, { labels: { 'praetorian.key': 'inc/1/recreate' } });
    expect(endingOf(made, nobody)).toMatchObject({ kind: 'failed', detail: expect.stringContaining('guard made it') });
    expect(endingOf(facts({ Status: 'created', ExitCode: 0 }), nobody).kind).toBe('left');
  });

  it('is out of memory when the engine said so shortly before', () => {
    const endings = seen(event('oom', 0), event('die', 100));
    expect(endingOf(facts({ ExitCode: 137 }), endings)).toMatchObject({ outOfMemory: true });
    const longAgo = seen(event('oom', 0), event('die', 60 * second));
    expect(endingOf(facts({ ExitCode: 137 }), longAgo)).toMatchObject({ outOfMemory: false });
  });
});

describe('whether a restart policy acts', () => {
  it.each([
    [{ Name: 'always' }, 0, 0, true],
    [{ Name: 'unless-stopped' }, 1, 9, true],
    [{ Name: 'no' }, 1, 0, false],
    [{ Name: '' }, 1, 0, false],
    [{ Name: 'on-failure' }, 0, 0, false],
    [{ Name: 'on-failure' }, 1, 99, true],
    [{ Name: 'on-failure', MaximumRetryCount: 2 }, 1, 1, true],
    [{ Name: 'on-failure', MaximumRetryCount: 2 }, 1, 2, false],
  ])('%j after code %d and %d restarts: %s', (policy, ExitCode, restarts, acts) => {
    expect(policyActs(facts({ ExitCode }, { policy, restarts }))).toBe(acts);
  });
});
