import { describe, expect, it } from 'vitest';
import type { ControlPlane, Detector, FleetView } from '../contracts/index.ts';
import { builtInDetectors } from '../detection/index.ts';
import { Fleet, FleetControlPlane } from '../fleet/index.ts';
import { testControlPlane } from './control-plane-suite.ts';
import { testDetector } from './detector-suite.ts';
import type { Runner } from './runner.ts';
import { samplePolicy } from './sample-fleet.ts';

/** Runs a suite and gives back the names of the promises that were broken. */
async function broken(suite: (runner: Runner) => void): Promise<string> {
  const tests: { readonly name: string; readonly body: () => Promise<void> }[] = [];
  suite({ describe: (_name, body) => body(), it: (name, body) => void tests.push({ name, body }) });
  const names: string[] = [];
  for (const { name, body } of tests) await body().catch(() => names.push(name));
  return names.join('\n');
}

describe('the suite of detectors finds', () => {
  const heartbeat = (fleet: FleetView): Detector => builtInDetectors['heartbeat']?.(fleet) as Detector;

  /** The heartbeat detector with something wrong in it. */
  function wrong(spoil: (good: Detector) => Partial<Detector>): (fleet: FleetView) => Detector {
    return (fleet) => {
      const good = heartbeat(fleet);
      const whole: Detector = {
        consumes: good.consumes,
        observe: (batch) => good.observe(batch),
        evaluate: (due, nowMs) => good.evaluate(due, nowMs),
        reset: (slot) => good.reset(slot),
      };
      return { ...whole, ...spoil(whole) };
    };
  }
  const said = (change: object) =>
    wrong((good) => ({
      evaluate: (due, nowMs) =>
        good.evaluate(due, nowMs).map((one) => ({
          ...one,
          suspicions: one.suspicions.map((suspicion) => ({ ...suspicion, ...change })),
        })),
    }));
  let calls = 0;

  it.each<[string, (fleet: FleetView) => Detector, string]>([
    ['one that consumes nothing', wrong(() => ({ consumes: [] })), 'says what it consumes'],
    ['one that suspects nobody', wrong(() => ({ evaluate: () => [] })), 'suspects somebody in bad times'],
    [
      'one that never clears',
      wrong((good) => ({
        evaluate: (due, nowMs) => good.evaluate(due, nowMs).filter(({ suspicions }) => suspicions.length > 0),
      })),
      'suspects somebody in bad times',
    ],
    ['a signature with figures', said({ signature: 'silent-90s' }), 'tells every suspicion in full'],
    ['a strength above 1', said({ strength: 2 }), 'tells every suspicion in full'],
    ['what cannot be cloned', said({ data: { f: () => 1 } }), 'another thread'],
    [
      'one that judges who is not due',
      wrong((good) => ({ evaluate: (due, nowMs) => [...good.evaluate(due, nowMs), { slot: 6_000, suspicions: [] }] })),
      'judges only who is due',
    ],
    [
      'one that wants to wake in the past',
      wrong((good) => ({
        evaluate: (due, nowMs) => good.evaluate(due, nowMs).map((one) => ({ ...one, wakeAtMs: 1 })),
      })),
      'wakes later',
    ],
    ['one that forgets nothing', wrong(() => ({ reset: () => undefined })), 'forgets the old instance'],
    [
      'one that depends on chance',
      wrong((good) => ({ evaluate: (due, nowMs) => good.evaluate(due, nowMs + 1_000 * (calls++ % 7)) })),
      'the same of the same',
    ],
    [
      'one that keeps the batch',
      wrong((good) => {
        const kept: Parameters<Detector['observe']>[0][] = [];
        return {
          observe: (batch) => void kept.push(batch),
          evaluate: (due, nowMs) => {
            for (const batch of kept) good.observe(batch);
            return good.evaluate(due, nowMs);
          },
        };
      }),
      'keeps nothing of a batch',
    ],
  ])('%s', async (_, make, promise) => {
    expect(await broken((runner) => testDetector(runner, { make }))).toContain(promise);
  });
});

describe('the suite of control planes finds', () => {
  type Apply = ControlPlane['apply'];

  function wrong(spoil: (good: ControlPlane) => Partial<ControlPlane>) {
    return {
      make: async ({ clock }: { readonly clock: ConstructorParameters<typeof Fleet>[0]['clock'] }) => {
        const good = new FleetControlPlane({ clock, fleet: new Fleet({ clock, policyOf: () => samplePolicy() }) });
        const whole: ControlPlane = {
          agents: (call) => good.agents(call),
          apply: (command, grant, call) => good.apply(command, grant, call),
          routes: (group) => good.routes(group),
        };
        return { ...whole, ...spoil(whole) };
      },
    };
  }
  const applied = (change: (good: Apply) => Apply) =>
    wrong((good) => ({ apply: change((...given) => good.apply(...given)) }));
  let keys = 0;

  it.each([
    [
      'one that does things twice',
      applied((good) => (command, grant, call) => good(command, { ...grant, key: `${(keys += 1)}` }, call)),
      'doing it once',
    ],
    [
      'one that ignores fences',
      applied((good) => (command, grant, call) => good(command, { ...grant, fence: 1 }, call)),
      'lower than one it has seen',
    ],
    [
      'one that ignores the abort',
      applied(
        (good) => (command, grant, call) => good(command, grant, { ...call, signal: new AbortController().signal }),
      ),
      'a call that was aborted',
    ],
    [
      'one that routes all work alike',
      wrong((good) => ({ routes: (group) => good.routes(group).map((route) => ({ ...route, weight: 1 })) })),
      'little to one half open',
    ],
    [
      'one that routes to other groups',
      wrong((good) => ({ routes: () => [...good.routes('web'), ...good.routes('api')] })),
      'of the group alone',
    ],
    [
      'one that never deregisters',
      applied(
        (good) => (command, grant, call) =>
          command.kind === 'deregister'
            ? good({ kind: 'status', agentId: command.agentId, health: 'healthy' }, grant, call)
            : good(command, grant, call),
      ),
      'sends no more work',
    ],
  ])('%s', async (_, subject, promise) => {
    expect(await broken((runner) => testControlPlane(runner, subject))).toContain(promise);
  });
});
