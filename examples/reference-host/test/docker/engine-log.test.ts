import { expect, it } from 'vitest';
import type { TestEngine } from './engine.ts';
import { EngineLog } from './engine-log.ts';

const line = (timeNano: number, Action: string): string =>
  JSON.stringify({ Action, timeNano, Actor: { ID: 'c', Attributes: { 'praetorian.agent': 'web.1' } } });

it('hears each event once, also those that come out of their order or again after the connection was lost', async () => {
  const connections = [
    [line(2e18, 'kill'), line(3e18, 'create'), line(2.5e18, 'start')],
    [line(2.5e18, 'start'), line(3e18, 'create'), line(4e18, 'die')],
  ];
  const paths: string[] = [];
  let log: EngineLog | undefined;
  const heardAll = new Promise<void>((resolve) => {
    const follow = async (path: string, signal: AbortSignal, take: (line: string) => void): Promise<void> => {
      paths.push(path);
      for (const one of connections.shift() ?? []) take(one);
      if (connections.length > 0) return;
      resolve();
      await new Promise((ended) => signal.addEventListener('abort', ended));
    };
    log = new EngineLog({ follow } as unknown as TestEngine, 'fleet=yes');
  });
  log?.start();
  await heardAll;
  await log?.stop();
  expect(log?.of('web.1', 0).map(({ action }) => action)).toEqual(['kill', 'create', 'start', 'die']);
  expect(paths.at(-1)).toContain(`&since=2999999999.`);
});
