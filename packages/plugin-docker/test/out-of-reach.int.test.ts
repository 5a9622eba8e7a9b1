import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eachHarness } from './each-harness.ts';
import { testEngine } from './engine-kit.ts';
import { documentedCalls, FilteringProxy } from './filtering-proxy.ts';
import { engineUrl, type Harness, type Inventory, until } from './harness.ts';

const docker = await testEngine();
const socket = engineUrl.startsWith('unix://') ? engineUrl.slice('unix://'.length) : undefined;

describe.runIf(docker && socket)('an engine that runs on while it is out of reach', () => {
  let harness: Harness;
  let proxy: FilteringProxy;

  afterEach(() => proxy.close());
  eachHarness(docker, (one) => void (harness = one));
  beforeEach(() => connect());

  const path = (): string => join(harness.dir, 'proxy.sock');
  async function connect(): Promise<void> {
    proxy = new FilteringProxy(socket ?? '', documentedCalls('containers'));
    await proxy.listen(path());
  }
  const follow = async (): Promise<[Inventory, () => Promise<Inventory>]> => {
    const orchestrator = await harness.start({ engine: `unix://${path()}` });
    return [await harness.follow(orchestrator), () => harness.follow(orchestrator)];
  };

  it('leaves alone what a person stopped just before, also when nothing else runs', async () => {
    const [web, db] = [await harness.run('web'), await harness.run('db')];
    const [before, again] = await follow();
    for (const { id, name } of [web, db]) {
      await harness.docker.getContainer(id).stop({ t: 1 });
      await before.until((seen) => seen.lifecycle(name).includes('stopped'));
    }
    proxy.close();
    expect(await before.ended).toBeInstanceOf(Error);
    await connect();
    const after = await again();
    expect([after.lifecycle(web.name), after.lifecycle(db.name)]).toEqual([['stopped'], ['stopped']]);
  });

  it('has told afterwards who was stopped meanwhile and who ended by itself', async () => {
    const [web, db] = [await harness.run('web'), await harness.run('db')];
    const [before, again] = await follow();
    proxy.close();
    expect(await before.ended).toBeInstanceOf(Error);
    process.kill((await harness.inspect(web.id)).State.Pid, 'SIGKILL');
    await harness.docker.getContainer(db.id).kill();
    await until(async () => !(await harness.inspect(web.id)).State.Running);
    await connect();
    const after = await again();
    expect(after.lifecycle(web.name)).toEqual(['died']);
    expect(after.lifecycle(db.name)).toEqual(['stopped']);
  });
});
