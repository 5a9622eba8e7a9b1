import { expect, it } from 'vitest';
import { bandOf } from './assessment.ts';
import { priorityOf } from './notice.ts';

it('gives every band one priority, in rising order', () => {
  const severities = Array.from({ length: 10 }, (_, at) => at + 1);
  const pairs = new Set(severities.map((severity) => `${bandOf(severity)} ${priorityOf(severity)}`));
  expect([...pairs]).toEqual(['low info', 'medium warning', 'high error', 'critical critical']);
});
