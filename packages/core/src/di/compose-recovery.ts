import { Ledger } from '../learning/index.ts';
import { NotificationRouter } from '../notification/index.ts';
import type { AgentClient } from '../recovery/index.ts';
import { Checkpoints, httpAgentClient } from '../recovery/index.ts';
import { tapAgentClient } from '../replay/agent-client-tap.ts';
import { redact } from '../runtime/index.ts';
import { keys } from '../state/index.ts';
import type { Provider, Scope } from './container.ts';
import { core } from './core-tokens.ts';
import type { Inputs } from './inputs.ts';

/** What brings agents back, what is remembered of it, and who is told. */
export function composeRecovery(scope: Scope, { agentClient, recording }: Inputs): void {
  const shardOfAgent = (at: Provider) => (agentId: string) => {
    const fleet = at.get(core.fleet);
    const slot = fleet.slotOf(agentId);
    const group =
      (slot === undefined ? undefined : fleet.agent(slot)?.agent.group) ??
      at.get(core.incidentLog).openFor(agentId)?.group;
    return at.get(core.ownership).shard(group ?? '');
  };
  scope.provide(
    core.ledger,
    (at) => new Ledger({ store: at.get(core.store), keys, log: at.get(core.log), shardOf: shardOfAgent(at) }),
  );
  scope.provide(core.agentClient, (at) => heard(agentClient ?? makeAgentClient(at), recording));
  scope.provide(
    core.checkpoints,
    (at) =>
      new Checkpoints({
        store: at.get(core.store),
        keys,
        clock: at.get(core.clock),
        random: at.get(core.random).fork('checkpoints'),
        log: at.get(core.log),
        shardOf: shardOfAgent(at),
        policyOf: (agentId) => {
          const fleet = at.get(core.fleet);
          const policy = fleet.agent(fleet.requireSlot(agentId))?.policy;
          return (policy ?? at.get(core.config).policyOf({ id: agentId, group: '', labels: {} })).checkpoints;
        },
      }),
  );
  scope.provide(core.notifications, makeNotifications);
}

function heard(client: AgentClient, recording: Inputs['recording']): AgentClient {
  return recording ? tapAgentClient(recording.recorder, client) : client;
}

function makeAgentClient(at: Provider): AgentClient {
  const fleet = at.get(core.fleet);
  return httpAgentClient({
    clock: at.get(core.clock),
    log: at.get(core.log),
    endpointAllowed: async (endpoint, agent) => {
      const slot = fleet.slotOf(agent.id);
      const known = slot === undefined ? undefined : fleet.endpointOf(slot);
      const asked = known?.endpoint === endpoint ? known : { endpoint, source: known?.source ?? 'registration' };
      const checked = await at.get(core.endpoints).check(agent.id, asked);
      const probes = slot === undefined ? undefined : fleet.agent(slot)?.policy.probes;
      if (!probes || checked.url.protocol !== 'https:')
        return { allowed: true, url: checked.url, address: checked.address };
      const tls = at.get(core.tlsTrust).optionsFor(probes.tls);
      return { allowed: true, url: checked.url, address: checked.address, tls };
    },
  });
}

function makeNotifications(at: Provider): NotificationRouter {
  const registry = at.get(core.registry);
  const { notifications } = at.get(core.config).config;
  const names = new Set(['log', ...notifications.routes.map((route) => route.to)]);
  const bus = at.get(core.bus);
  return new NotificationRouter({
    notifiers: new Map([...names].map((name) => [name, registry.get('notifiers', name)])),
    routes: notifications.routes,
    retryForMs: notifications.retryForMs,
    store: at.get(core.store),
    keys,
    clock: at.get(core.clock),
    random: at.get(core.random).fork('notices'),
    log: at.get(core.log),
    shardOf: (group) => at.get(core.ownership).shard(group),
    fenceOf: (shard) => at.get(core.ownership).fenceOfShard(shard),
    redact,
    suppressed: (notice) =>
      notice.kind === 'storm'
        ? at.get(core.stormVoice).isQuiet(notice.incidentId)
        : at.get(core.holds).isQuiet(notice.agentId, notice.group),
    events: {
      onSent: (notice, notifier, delivery) => void bus.emit('notice.sent', { notice, notifier, delivery }),
      onFailed: (notice, notifier, error) => void bus.emit('notice.failed', { notice, notifier, error }),
      onTold: (notice, notifier) => {
        at.get(core.degradations).set('notifications', undefined);
        return at.get(core.pipeline).told(notice, notifier);
      },
      onUndelivered: (notice) =>
        at.get(core.degradations).set('notifications', `nobody could be told of ${notice.incidentId}`),
    },
  });
}
