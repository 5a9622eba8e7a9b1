import { expect, it } from 'vitest';
import type { Action, Agent, Incident, Plan, StepRecord, StepSpec } from '../../src/model/index.ts';
import type { ExecutorPorts } from '../../src/remediation/ports.ts';
import { resolveStep } from '../../src/remediation/resolve-step.ts';
import { samplePolicy } from '../../src/testing/sample-fleet.ts';

type Doing = Extract<StepSpec, { type: 'action' }>['action'];

const short = { graceMs: 0, shortGrace: { code: 'hung', text: 'web.1 hangs.' } } as const;

/** The grace with which an action of the plan is asked for, in the moment it is to be done. */
async function graceOf(action: Doing, change: Partial<Plan>, hangs: boolean): Promise<number | undefined> {
  const instance = { id: 'web.1~1', generation: 1 };
  const agent = { id: 'web.1', group: 'web', orchestrator: 'fake', instance } as unknown as Agent;
  const asked: Action[] = [];
  const ports = {
    agent: () => agent,
    hangs: () => hangs,
    orchestrator: () => ({
      supports: [],
      prepare: async (one: Action) => {
        asked.push(one);
        return { act: true, value: { affects: ['web.1'] }, reason: { code: 'proceed', text: 'ok' } };
      },
    }),
  } as unknown as ExecutorPorts;
  const plan = { rung: 'restart', ...change };
  const attempt = { plan, instance };
  const incident = { id: 'inc_1', agentId: 'web.1', state: 'acting', policy: samplePolicy(), attempt };
  const step = { id: '1', spec: { type: 'action', action, on: 'old' } } as unknown as StepRecord;
  const { signal } = new AbortController();
  await resolveStep(ports, incident as unknown as Extract<Incident, { state: 'acting' }>, { step, key: 'k', signal });
  const [only] = asked;
  return only && 'graceMs' in only ? only.graceMs : undefined;
}

it.each<[Doing, Partial<Plan>]>([
  ['restart', { rung: 'restart', ...short }],
  ['recreate', { rung: 'recreate', ...short }],
  ['respawn', { rung: 'respawn', ...short }],
])('a %s has the short grace of its plan while the agent hangs, and else that of the rung', async (action, plan) => {
  expect(await graceOf(action, plan, true)).toBe(0);
  expect(await graceOf(action, plan, false)).toBe(10_000);
});

it('what is retired has the grace of the rung: a new instance did not hang, and nobody waits for the old one', async () => {
  expect(await graceOf('retire', { rung: 'respawn', ...short }, true)).toBe(10_000);
});

it('a plan that says nothing of it has its own grace, whatever the policy says and however the agent is', async () => {
  expect(await graceOf('restart', { graceMs: 3_000 }, true)).toBe(3_000);
});
