import { describe, expect, it } from 'vitest';
import type { MaintenanceWindow } from '../../model/index.ts';
import { createVirtualClock } from '../../testing/virtual-clock.ts';
import { Windows } from './windows.ts';

const hour = 3_600_000;
const midnight = Date.UTC(2026, 0, 1);

function window(given: Partial<MaintenanceWindow> = {}): MaintenanceWindow {
  return {
    cron: '0 2 * * *',
    timeZone: 'UTC',
    durationMs: hour,
    scope: { fleet: true, groups: [], agents: [] },
    reason: 'nightly patches',
    paging: false,
    ...given,
  };
}

describe('windows of maintenance', () => {
  it('are open from the start, to the millisecond, for their duration', async () => {
    const clock = createVirtualClock({ startAt: midnight });
    const windows = new Windows([window()], clock);
    expect(windows.open()).toEqual([]);
    await clock.advance(2 * hour - 1);
    expect(windows.open()).toEqual([]);
    await clock.advance(1);
    expect(windows.open()).toMatchObject([
      { id: 'window_1', kind: 'window', by: 'config', until: midnight + 3 * hour, maintenance: true },
    ]);
    await clock.advance(hour - 1);
    expect(windows.open()).toHaveLength(1);
    await clock.advance(1);
    expect(windows.open()).toEqual([]);
    await clock.advance(23 * hour);
    expect(windows.open()).toHaveLength(1);
  });

  it('are known to be open by a guard that starts in the middle of one', () => {
    const clock = createVirtualClock({ startAt: midnight + 2.5 * hour });
    expect(new Windows([window()], clock).open()).toHaveLength(1);
  });

  it('that begin again before they end stay open without a gap', async () => {
    const clock = createVirtualClock({ startAt: midnight });
    const windows = new Windows([window({ cron: '0 * * * *', durationMs: 1.5 * hour })], clock);
    for (let minute = 0; minute < 300; minute += 7) {
      const [open] = windows.open();
      expect(open?.until).toBeGreaterThan(clock.now());
      await clock.advance(7 * 60_000);
    }
  });

  it('name everybody they cover, each by a hold of its own', () => {
    const clock = createVirtualClock({ startAt: midnight + 2 * hour });
    const scope = { fleet: false, groups: ['web'], agents: ['db.1'] };
    const open = new Windows([window({ scope, paging: true })], clock).open();
    expect(open.map(({ id, scope: of, maintenance }) => [id, of.kind, maintenance])).toEqual([
      ['window_1:group:web', 'group', false],
      ['window_1:agent:db.1', 'agent', false],
    ]);
  });
});
