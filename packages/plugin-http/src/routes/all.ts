import type { Parts } from '../parts.ts';
import type { RouteSpec } from '../route.ts';
import { agentDataRoutes } from './agent-data.ts';
import { agentRoutes } from './agents.ts';
import { auditRoutes } from './audit.ts';
import { groupRoutes } from './groups.ts';
import { guardRoutes } from './guard.ts';
import { healthRoutes } from './health.ts';
import { heartbeatRoutes } from './heartbeat.ts';
import { heartbeatsRoutes } from './heartbeats.ts';
import { holdRoutes } from './holds.ts';
import { incidentRoutes } from './incidents.ts';
import { pageRoutes } from './page.ts';
import { stormRoutes } from './storms.ts';

/** Every route but the description of the routes. */
export function allRoutes(parts: Parts): RouteSpec[] {
  return [
    ...heartbeatRoutes(parts),
    ...heartbeatsRoutes(parts),
    ...agentRoutes(parts),
    ...agentDataRoutes(parts),
    ...groupRoutes(parts),
    ...incidentRoutes(parts),
    ...stormRoutes(parts),
    ...holdRoutes(parts),
    ...auditRoutes(parts),
    ...guardRoutes(parts),
    ...healthRoutes(parts),
    ...pageRoutes(),
  ];
}
