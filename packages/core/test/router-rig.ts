import { guardError, type Notifier } from '../src/contracts/index.ts';
import type { Notice } from '../src/model/index.ts';
import { type NoticeRoute, NotificationRouter, type RouterDeps } from '../src/notification/index.ts';
import { keys } from '../src/state/keys.ts';
import { createRig, FakeNotifier, type Rig } from '../src/testing/index.ts';

export const minute = 60_000;
export const busy = guardError('GUARD_NOTICE_FAILED', { notifier: 'slack', why: 'status 503' });
export const refused = guardError('GUARD_NOTICE_REJECTED', { notifier: 'slack', why: 'status 401' });
const both: readonly NoticeRoute[] = [
  { to: 'slack', from: 'info' },
  { to: 'pager', from: 'error' },
];

/** Two fake channels, a router between them and the store, and what the router told the engine. */
export class RouterRig {
  readonly rig: Rig = createRig();
  slack = new FakeNotifier();
  pager = new FakeNotifier();
  readonly told: string[] = [];
  readonly undelivered: string[] = [];
  readonly failures: string[] = [];
  readonly sent: string[] = [];
  held = false;
  owned = true;
  #count = 0;

  router(given: Partial<RouterDeps> = {}): NotificationRouter {
    return new NotificationRouter({
      notifiers: new Map<string, Notifier>([
        ['slack', this.slack],
        ['pager', this.pager],
      ]),
      routes: both,
      retryForMs: 10 * minute,
      store: this.rig.state,
      keys,
      clock: this.rig.clock,
      random: this.rig.random,
      log: this.rig.log,
      shardOf: () => 7,
      fenceOf: () => (this.owned ? 1 : undefined),
      redact: (text) => text.replaceAll('hunter2', '[redacted]'),
      suppressed: () => this.held,
      events: {
        onSent: (notice, notifier) => void this.sent.push(`${notifier} ${notice.id}`),
        onFailed: (_notice, notifier, error) => void this.failures.push(`${notifier}: ${error}`),
        onTold: (notice, notifier) => void this.told.push(`${notice.id} by ${notifier}`),
        onUndelivered: (notice) => void this.undelivered.push(notice.id),
      },
      ...given,
    });
  }

  notice(given: Partial<Notice> & { readonly n?: number } = {}): Notice {
    this.#count += 1;
    const { n = this.#count, ...rest } = given;
    const incidentId = rest.incidentId ?? 'inc_1';
    return {
      id: `${incidentId}.${String(n).padStart(6, '0')}.${rest.kind ?? 'opened'}`,
      kind: 'opened',
      priority: 'critical',
      incidentId,
      threadId: incidentId,
      agentId: 'web-1',
      group: 'web',
      at: this.rig.clock.now(),
      title: `title ${n}`,
      text: `text ${n}`,
      ...rest,
    };
  }

  /** As the pipeline does: store with the incident, then hand over. */
  async tell(router: NotificationRouter, notice: Notice): Promise<void> {
    await this.rig.state.commit(keys.partition(7), router.opsFor(notice), { fence: 1, durability: 'sync' });
    router.accept(notice);
  }

  /** Ids of the notices in the outbox. */
  async waiting(): Promise<readonly string[]> {
    const found = await this.rig.state.list(keys.outboxes(7), { limit: 1_000 });
    return found.map(({ key }) => key.slice(keys.outboxes(7).length));
  }
}

/** Titles of what a channel accepted, in order. */
export function titles(channel: FakeNotifier): string[] {
  return channel.delivered.map((one) => one.notice.title);
}
