import { describe, it } from 'vitest';
import { guardError } from '../contracts/index.ts';
import { logNotifier } from '../notification/log-notifier.ts';
import { FakeNotifier } from './fake-notifier.ts';
import { testNotifier } from './notifier-suite.ts';

const secret = 'xoxb-not-to-be-seen';

for (const threads of [true, false]) {
  describe(`fake notifier ${threads ? 'with' : 'without'} threads`, () => {
    testNotifier(
      { describe, it },
      {
        secrets: [secret],
        make: async () => {
          const notifier = new FakeNotifier({ threads });
          return {
            notifier,
            received: () => notifier.delivered.map((one) => one.notice.title),
            breakNext: (fault) => {
              if (fault === 'hang') notifier.hangNext();
              else
                notifier.failNext(
                  guardError(fault === 'temporary' ? 'GUARD_NOTICE_FAILED' : 'GUARD_NOTICE_REJECTED', {
                    notifier: 'fake',
                    why: 'told to',
                  }),
                );
            },
          };
        },
      },
    );
  });
}

describe('log notifier', () => {
  testNotifier(
    { describe, it },
    {
      make: async (rig) => ({
        notifier: logNotifier(rig.log, rig.clock),
        received: () => rig.log.entries.map((entry) => entry.message),
      }),
    },
  );
});
