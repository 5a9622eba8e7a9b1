import assert from 'node:assert/strict';
import type { InventoryEvent } from '../contracts/index.ts';
import {
  type Action,
  type ActionKind,
  type AgentId,
  capabilityFor,
  type Instance,
  isId,
  type Receipt,
} from '../model/index.ts';
import { testExec } from './orchestrator-exec.ts';
import { testLook } from './orchestrator-look.ts';
import { OrchestratorBench as Bench, type OrchestratorUnderTest } from './orchestrator-bench.ts';
import { createRig, type Rig } from './rig.ts';
import type { Runner } from './runner.ts';

export interface OrchestratorSubject {
  /** A new orchestrator with at least one agent, not started yet. The suite starts and stops it. */
  make(rig: Rig): Promise<OrchestratorUnderTest>;
}

type Check = (subject: Bench) => Promise<void>;
type It = (name: string, check: Check) => void;

/** The promises of `Orchestrator`, gated by `supports`. */
export function testOrchestrator(runner: Runner, subject: OrchestratorSubject): void {
  const it: It = (name, check) => {
    runner.it(name, async () => {
      const rig = createRig({ seed: `${name} ${process.pid}` });
      const bench = new Bench(await subject.make(rig), rig);
      await bench.wait(bench.orchestrator.start?.(new AbortController().signal) ?? Promise.resolve());
      try {
        await check(bench);
      } finally {
        await bench.release();
      }
    });
  };
  runner.describe('Orchestrator', () => {
    testCapabilities(it);
    testInventory(it);
    testPrepare(it);
    for (const kind of kinds) it(`achieves what it promises: ${kind}`, (bench) => achieves(bench, kind));
    testExecution(it);
    testExec(it);
    testLook(it);
    testEnd(it);
  });
}

const kinds = [
  'restart',
  'recreate',
  'respawn',
  'retire',
  'isolate',
  'reinstate',
  'scale',
  'promote',
  'restoreState',
] as const satisfies ActionKind[];

function testCapabilities(it: It): void {
  it('says what it can do, once each and as plain data', async ({ orchestrator }) => {
    const { supports } = orchestrator;
    assert.deepEqual(structuredClone(supports), supports);
    assert.equal(new Set(supports.map(({ action }) => action)).size, supports.length);
    for (const { action, respawn } of supports)
      assert.equal((respawn?.length ?? 0) > 0, action === 'respawn', `respawn modes of ${action}`);
  });
  it('refuses with a reason what it does not support', async (bench) => {
    const instance = await bench.instance();
    for (const kind of kinds) {
      if (!bench.can(kind)) await bench.assertRefused(bench.action(kind, instance.id));
    }
    const modes = capabilityFor(bench.orchestrator.supports, 'respawn')?.respawn ?? [];
    for (const mode of ['beside', 'in-place'] as const) {
      const action = { ...bench.action('respawn', instance.id), mode } as Action;
      if (!modes.includes(mode)) await bench.assertRefused(action);
    }
  });
}

function testInventory(it: It): void {
  it('lists its agents with valid names, then says that it is complete', async (bench) => {
    const events = await bench.listing();
    const agents = events.flatMap((event) => (event.type === 'present' ? [event.agent] : []));
    assert.ok(agents.some((agent) => agent.id === bench.agentId));
    for (const { id, group, instance } of agents) {
      assert.ok(isId(id) && isId(group) && isId(instance.id), `${id}, ${group} and ${instance.id} are ids`);
      assert.ok(instance.generation >= 1);
    }
    assert.deepEqual(structuredClone(events), events);
  });
  it('gives every follower the whole list', async (bench) => {
    const first = bench.follow();
    await bench.until(() => first.synced());
    const second = bench.follow();
    await bench.until(() => second.synced());
    assert.equal(second.agent(bench.agentId)?.instance.id, first.agent(bench.agentId)?.instance.id);
  });
  it('tells a new instance to whoever follows', async (bench) => {
    const kind = replacingOf(bench);
    if (!kind) return;
    const follower = bench.follow();
    await bench.until(() => follower.synced());
    const old = follower.agent(bench.agentId)?.instance;
    await bench.succeed(bench.action(kind, old?.id ?? ''), 'k');
    await bench.until(() => differs(follower.agent(bench.agentId)?.instance, old));
  });
  it('tells that an instance died, with its name', async (bench) => {
    if (!bench.subject.crash) return;
    const follower = bench.follow();
    await bench.until(() => follower.synced());
    const { id } = await bench.instance();
    await bench.subject.crash();
    const isDeath = (event: InventoryEvent): boolean =>
      event.type === 'lifecycle' && event.event === 'died' && event.instanceId === id;
    await bench.until(() => follower.events.some(isDeath));
  });
  it('ends an iteration when the call aborts, also one that is aborted from the start', async (bench) => {
    const follower = bench.follow();
    await bench.until(() => follower.synced());
    follower.abort();
    await bench.wait(follower.ended);
    const late = bench.follow(AbortSignal.abort());
    await bench.wait(late.ended);
  });
}

function testPrepare(it: It): void {
  it('changes nothing by preparing, and names what it would touch and the state before', async (bench) => {
    const instance = await bench.instance();
    for (const { action: kind, scope } of bench.orchestrator.supports) {
      if (kind === 'retire' || kind === 'scale' || kind === 'promote' || kind === 'restoreState') continue;
      const before = await bench.listing();
      const intent = await bench.prepare(bench.action(kind, instance.id), `prepare-${kind}`);
      assert.equal(intent.key, `prepare-${kind}`);
      assert.ok(intent.affects.includes(bench.agentId));
      if (scope === 'instance') assert.deepEqual(intent.affects, [bench.agentId]);
      assert.deepEqual(JSON.parse(JSON.stringify(intent)), intent);
      assert.deepEqual(await bench.listing(), before);
    }
  });
  it('refuses an agent and an instance that it does not know', async (bench) => {
    const { id } = await bench.instance();
    for (const { action: kind } of bench.orchestrator.supports) {
      if (kind === 'scale') await bench.assertRefused({ kind, group: 'no-such-group', replicas: 1 });
      else {
        await bench.assertRefused({ ...bench.action(kind, id), agentId: 'no-such-agent' } as Action);
        await bench.assertRefused(bench.action(kind, 'no-such-instance'));
      }
    }
  });
}

/** Prepares, finds it not done, does it, and finds it done. */
async function achieves(bench: Bench, kind: ActionKind): Promise<void> {
  if (!bench.can(kind) || kind === 'promote' || kind === 'restoreState') return;
  if (kind === 'scale') return scales(bench);
  let { id } = await bench.instance();
  const old = await bench.instance();
  if (kind === 'reinstate') await bench.succeed(bench.action('isolate', id), 'first');
  if (kind === 'retire' && !bench.canBeside) return takesBack(bench);
  if (kind === 'retire') {
    const respawned = await bench.succeed({ ...bench.action('respawn', id), mode: 'beside' } as Action, 'first');
    assert.ok(respawned.instance && respawned.instance.id !== id, 'a respawn beside gives another instance');
    assert.equal((await bench.instance()).id, id, 'the old instance stays current beside the new one');
  }
  const intent = await bench.prepare(bench.action(kind, id), 'k');
  assert.notEqual((await bench.wait(bench.orchestrator.reconcile(intent, bench.call()))).result, 'succeeded');
  const receipt = await bench.run(intent);
  assert.equal(receipt.result, 'succeeded', JSON.stringify(receipt));
  assert.equal((await bench.wait(bench.orchestrator.reconcile(intent, bench.call()))).result, 'succeeded');
  id = (await bench.instance()).id;
  if (kind === 'isolate' || kind === 'reinstate') assert.equal(id, old.id);
  else if (kind === 'respawn' && bench.mode === 'beside')
    assert.ok(receipt.result === 'succeeded' && differs(receipt.instance, old));
  else await bench.until(async () => differs(await bench.instance(), old));
}

/** Where nothing runs beside an instance, retiring the new one brings back what it replaced. */
async function takesBack(bench: Bench): Promise<void> {
  const override = { env: { TAKEN_BACK: 'no' } };
  const { id } = await bench.instance();
  await bench.succeed({ ...bench.action('respawn', id), mode: 'in-place', override } as Action, 'first');
  await bench.until(async () => (await bench.instance()).id !== id);
  const made = await bench.instance();
  const intent = await bench.prepare(bench.action('retire', made.id), 'k');
  assert.notEqual((await bench.wait(bench.orchestrator.reconcile(intent, bench.call()))).result, 'succeeded');
  const receipt = await bench.run(intent);
  assert.equal(receipt.result, 'succeeded', JSON.stringify(receipt));
  assert.equal((await bench.wait(bench.orchestrator.reconcile(intent, bench.call()))).result, 'succeeded');
  await bench.until(async () => differs(await bench.instance(), made));
}

async function scales(bench: Bench): Promise<void> {
  const group = bench.subject.scalable;
  assert.ok(group, 'name a group in `scalable`, since scale is supported');
  const members = async (): Promise<AgentId[]> =>
    (await bench.agents()).filter((agent) => agent.group === group).map((agent) => agent.id);
  const before = await members();
  const out = await bench.prepare({ kind: 'scale', group, replicas: before.length + 1 }, 'out');
  assert.notEqual((await bench.orchestrator.reconcile(out, bench.call())).result, 'succeeded');
  assert.equal((await bench.run(out)).result, 'succeeded');
  await bench.until(async () => (await members()).length === before.length + 1);
  assert.equal((await bench.orchestrator.reconcile(out, bench.call())).result, 'succeeded');
  const back = await bench.prepare({ kind: 'scale', group, replicas: before.length }, 'back');
  assert.equal(back.affects.length, 1, 'scaling in touches whoever goes');
  assert.equal((await bench.run(back)).result, 'succeeded');
  await bench.until(async () => (await members()).length === before.length);
  assert.ok(!(await members()).includes(back.affects[0] ?? ''));
}

function testExecution(it: It): void {
  it('acts once for a key, also when asked twice at the same moment', async (bench) => {
    const kind = replacingOf(bench);
    if (!kind) return;
    const intent = await bench.prepare(bench.action(kind, (await bench.instance()).id), 'k');
    const [one, two] = await Promise.all([bench.run(intent), bench.run(intent)]);
    assert.equal(one.result, 'succeeded', JSON.stringify(one));
    assert.deepEqual(idOf(two), idOf(one));
    const made = (await bench.instance()).id;
    assert.deepEqual(idOf(await bench.run(intent)), idOf(one));
    assert.equal((await bench.instance()).id, made);
  });
  it('answers superseded when the instance has changed since it was prepared', async (bench) => {
    const kind = replacingOf(bench);
    if (!kind) return;
    const { id } = await bench.instance();
    const [first, second] = [
      await bench.prepare(bench.action(kind, id), 'k1'),
      await bench.prepare(bench.action(kind, id), 'k2'),
    ];
    assert.equal((await bench.run(first)).result, 'succeeded');
    const made = await bench.instance();
    assert.equal((await bench.run(second)).result, 'superseded');
    assert.deepEqual(await bench.instance(), made);
  });
  it('does nothing after the deadline, after an abort, and in a dry run', async (bench) => {
    const kind = replacingOf(bench);
    if (!kind) return;
    const before = await bench.instance();
    const intent = await bench.prepare(bench.action(kind, before.id), 'k');
    const late = await bench.run(intent, { deadline: bench.now() - 1 });
    assert.ok(late.result === 'failed' || late.result === 'cancelled', `late: ${late.result}`);
    const aborted = await bench.wait(
      bench.orchestrator.execute(intent, bench.grant('k'), { signal: AbortSignal.abort(), traceId: 't' }),
    );
    assert.ok(aborted.result === 'failed' || aborted.result === 'cancelled', `aborted: ${aborted.result}`);
    await bench.run(intent, { dryRun: true });
    assert.deepEqual(await bench.instance(), before);
    assert.equal((await bench.run(intent)).result, 'succeeded', 'none of these used the key up');
  });
  it('proves by inspection what was done when the reply is lost', async (bench) => {
    const kind = replacingOf(bench);
    if (!kind || !bench.subject.loseReply) return;
    const intent = await bench.prepare(bench.action(kind, (await bench.instance()).id), 'k');
    bench.subject.loseReply();
    assert.equal((await bench.run(intent)).result, 'unknown');
    const found = await bench.wait(bench.orchestrator.reconcile(intent, bench.call()));
    assert.equal(found.result, 'succeeded');
    assert.equal(idOf(found), (await bench.instance()).id);
  });
  it('gives evidence as labelled text, and for an instance that never was no error', async (bench) => {
    if (!bench.orchestrator.evidence) return;
    const instance = await bench.instance();
    for (const { label, text } of await bench.orchestrator.evidence(instance, bench.agentId, bench.call())) {
      assert.ok(label !== '' && typeof text === 'string');
    }
    const nobody: Instance = { id: 'no-such-instance', generation: 1 };
    assert.ok(Array.isArray(await bench.orchestrator.evidence(nobody, bench.agentId, bench.call())));
  });
  it('gives the log from a place it named itself, and nothing of what was before', async (bench) => {
    if (!bench.orchestrator.logs) return;
    const instance = await bench.instance();
    const begin = await bench.orchestrator.logs(instance, bench.agentId, undefined, bench.call());
    assert.deepEqual(begin.lines, [], 'without a place it begins now');
    const page = await bench.orchestrator.logs(instance, bench.agentId, begin.next, bench.call());
    assert.ok(page.lines.every((line) => typeof line === 'string' && !line.includes('\n')));
    assert.ok(typeof page.next === 'string');
  });
}

function testEnd(it: It): void {
  it('ends iterations and leaves nothing behind when it is stopped, also twice', async (bench) => {
    const follower = bench.follow();
    await bench.until(() => follower.synced());
    await bench.stop();
    await bench.wait(follower.ended);
    await bench.stop();
    await bench.until(() => bench.leftovers() === '');
  });
}

/** An action that puts a new instance in the place of the current one. */
function replacingOf(bench: Bench): 'restart' | 'recreate' | undefined {
  return (['restart', 'recreate'] as const).find((kind) => bench.can(kind));
}

function differs(a: Instance | undefined, b: Instance | undefined): boolean {
  return JSON.stringify(a) !== JSON.stringify(b);
}

function idOf(receipt: Receipt): string | undefined {
  return receipt.result === 'succeeded' ? receipt.instance?.id : `not done: ${receipt.result}`;
}
