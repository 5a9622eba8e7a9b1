import type { Incident } from '@praetorian-guard/core/plugin';
import { openIncident } from '@praetorian-guard/core/testing';
import { expect, test } from 'vitest';
import { incidentText } from './incident-text.ts';
import { plain } from './style.ts';

test('whoever has to approve a plan reads its settings, but no value of the environment', () => {
  const override = { image: 'web:2', command: ['serve', '--all of it'], env: { LEVEL: 'debug' } };
  const approval = {
    plan: { rung: 'respawn', override },
    reason: { code: 'approval-required', text: 'Critical.' },
    planHash: 'hash',
    expiresAt: 1,
    quorum: 1,
    votes: [],
  };
  const open = openIncident({ id: 'inc_1', agentId: 'web-1', group: 'web', at: 1 }, approval.reason as never);
  const text = incidentText(plain, { ...open, state: 'awaiting-approval', approval } as unknown as Incident);
  expect(text).toContain('image "web:2", command ["serve","--all of it"], env LEVEL');
  expect(text).not.toContain('debug');
});
