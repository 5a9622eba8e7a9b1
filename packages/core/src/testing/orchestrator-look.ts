import assert from 'node:assert/strict';
import type { OrchestratorBench as Bench } from './orchestrator-bench.ts';

/** The promises of `look`, for orchestrators that offer it. */
export function testLook(it: (name: string, check: (bench: Bench) => Promise<void>) => void): void {
  it('looks at an instance without changing it, and at one that it does not know without an error', async (bench) => {
    const { orchestrator, subject } = bench;
    if (!orchestrator.look) return;
    const instance = await bench.instance();
    await bench.wait(orchestrator.look(instance, subject.agentId, bench.call()));
    await bench.wait(
      orchestrator.look({ ...instance, id: 'no-such-instance', ref: {} }, subject.agentId, bench.call()),
    );
    assert.deepEqual((await bench.instance()).id, instance.id, 'a look changes no instance');
  });
}
