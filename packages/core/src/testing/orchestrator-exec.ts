import assert from 'node:assert/strict';
import type { OrchestratorBench as Bench } from './orchestrator-bench.ts';

const well: readonly string[] = ['node', '-e', '0'];

/** The promises of `exec`, for orchestrators that offer it. */
export function testExec(it: (name: string, check: (bench: Bench) => Promise<void>) => void): void {
  it('runs a command inside an instance and gives what it printed and how it ended', async (bench) => {
    const { orchestrator } = bench;
    if (!orchestrator.exec) return;
    const instance = await bench.instance();
    const result = await bench.wait(orchestrator.exec(instance, bench.subject.command ?? well, bench.call()));
    assert.equal(result.exitCode, 0, result.stderr);
    assert.deepEqual([typeof result.stdout, typeof result.stderr], ['string', 'string']);
    assert.deepEqual((await bench.instance()).id, instance.id, 'a command changes no instance');
  });
  it('refuses by throwing to run a command in an instance that it does not know', async (bench) => {
    const { orchestrator } = bench;
    if (!orchestrator.exec) return;
    const instance = { ...(await bench.instance()), id: 'no-such-instance', ref: {} };
    await assert.rejects(bench.wait(orchestrator.exec(instance, bench.subject.command ?? well, bench.call())));
  });
  it('ends a command promptly when the call aborts', async (bench) => {
    const { orchestrator } = bench;
    if (!orchestrator.exec) return;
    const call = { signal: AbortSignal.abort(), traceId: 'conformance' };
    await assert.rejects(bench.wait(orchestrator.exec(await bench.instance(), bench.subject.command ?? well, call)));
  });
}
