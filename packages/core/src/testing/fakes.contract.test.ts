import { describe, it } from 'vitest';
import { testAnomalyModel } from './anomaly-model-suite.ts';
import { FakeAnomalyModel } from './fake-anomaly-model.ts';
import { fakeSignalSource } from './fake-signal-source.ts';
import { testSignalSource } from './signal-source-suite.ts';

describe('fake anomaly model', () => {
  testAnomalyModel({ describe, it }, { make: () => new FakeAnomalyModel() });
});

describe('fake signal source', () => {
  testSignalSource(
    { describe, it },
    {
      make: async () => {
        const source = fakeSignalSource();
        return { source, cause: () => source.push({ kind: 'error', agentId: 'web-1', message: 'boom', count: 1 }) };
      },
    },
  );
});
