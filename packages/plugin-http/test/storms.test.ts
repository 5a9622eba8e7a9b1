import type { Storm } from '@praetorian-guard/core/plugin';
import { describe, expect, test } from 'vitest';
import { createRig, send } from './fixture.ts';

const storm: Storm = {
  id: 'storm_01KDVDNF2G0MSV5TY7FW399FGM',
  version: 1,
  state: 'open',
  cause: 'silence',
  group: 'web',
  groups: ['web'],
  members: ['web-1', 'web-2'],
  memberCount: 2,
  reason: { code: 'silence-of-many', text: 'All fell silent.' },
  breaker: { state: 'closed', trips: 0 },
  openedAt: 1,
  changedAt: 1,
  paged: false,
  told: false,
  timeline: [],
};

describe('storms', () => {
  test('are listed, and read one by one', async () => {
    const rig = await createRig();
    rig.guard.putStorm(storm);
    for (const query of ['', '?state=open', '?limit=1'])
      expect((await send(rig, `GET /api/v1/storms${query}`)).body.items).toMatchObject([{ id: storm.id }]);
    expect((await send(rig, 'GET /api/v1/storms?state=closed')).body.items).toEqual([]);
    expect((await send(rig, 'GET /api/v1/storms?state=lost')).status).toBe(400);
    expect((await send(rig, `GET /api/v1/storms/${storm.id}`)).body).toEqual(storm);
  });

  test.each(['storm_unknown', '..%2f..', '%3Cb%3E'])('that are not there are 404: %s', async (unknown) => {
    const rig = await createRig();
    expect(await send(rig, `GET /api/v1/storms/${unknown}`)).toMatchObject({
      status: 404,
      body: { code: 'GUARD_STORM_UNKNOWN' },
    });
  });
});
