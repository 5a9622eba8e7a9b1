import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Json, Notice, NoticeKind, Priority } from '../model/index.ts';
import { outboxJson, type OutboxRecord, readOutbox, type TargetState } from './outbox-record.ts';

const text = fc.string({ minLength: 1 });
const id = fc.stringMatching(/^[A-Za-z0-9._:~-]{1,20}$/);

/** Every member of a notice, each with the values it can have. */
const members: { readonly [K in keyof Required<Notice>]: fc.Arbitrary<Required<Notice>[K]> } = {
  id: text,
  kind: fc.constantFrom<NoticeKind>('opened', 'approval', 'escalated', 'storm-over'),
  priority: fc.constantFrom<Priority>('info', 'warning', 'error', 'critical'),
  tier: fc.constant(2 as const),
  incidentId: text,
  threadId: text,
  agentId: id,
  group: id,
  at: fc.nat(),
  title: text,
  text,
  recommendedAction: text,
  failureDetails: fc.record({ severity: fc.nat(), note: fc.string() }),
};
const optional = ['tier', 'recommendedAction', 'failureDetails'] as const;
const required = (Object.keys(members) as (keyof Notice)[]).filter((key) => !optional.some((one) => one === key));
const states = fc.constantFrom<TargetState>('pending', 'sent', 'failed', 'skipped');

it('a notice comes out of the outbox as it went in, with everything that was said of it', () => {
  const record = fc.record({
    notice: fc.record(members, { requiredKeys: required }),
    targets: fc.dictionary(id, states, { noNullPrototype: true }),
  }) as fc.Arbitrary<OutboxRecord>;
  fc.assert(
    fc.property(record, (given) => {
      const stored = JSON.parse(JSON.stringify(outboxJson(given))) as Json;
      expect(readOutbox(stored)).toEqual(given);
    }),
  );
});
