import { guardError } from '../../contracts/index.ts';
import type { HoldScope } from '../../model/index.ts';
import { parseDuration } from '../../model/index.ts';
import type { AgentFault } from '../simulated-fleet.ts';
import type { ScenarioWorld } from './world.ts';

/** Every word of a scenario: how it is written, and what it does. */
export interface Command {
  readonly usage: string;
  /** @returns what is wrong with the words, or nothing. */
  run(world: ScenarioWorld, words: readonly string[]): string | undefined | void;
}

/** New instances that a cut network outlives. */
const forEver = 1_000_000;

const faults: readonly string[] = ['hang', 'slow', 'errors', 'silent', 'not-ready', 'deaf', 'leak', 'busy'];

export const commands: Readonly<Record<string, Command>> = {
  kill: {
    usage: 'kill <agents> [<exit code>|oom]',
    run: (world, [agents = '', how = '137']) =>
      each(world, agents, (agentId) =>
        world.turn(
          agentId,
          'exited',
          how === 'oom'
            ? { event: 'oom-killed', exitCode: 137, exitSignal: 'SIGKILL' }
            : { event: 'died', exitCode: Number(how) },
        ),
      ),
  },
  suffer: {
    usage: `suffer <agents> ${faults.join('|')} [<new instances it outlives>]`,
    run: (world, [agents = '', fault = '', survives = '0']) => {
      if (!faults.includes(fault)) return `${fault} is no fault`;
      return each(world, agents, (agentId) => world.rig.fleet.suffer(agentId, fault as AgentFault, Number(survives)));
    },
  },
  recover: {
    usage: 'recover <agents>',
    run: (world, [agents = '']) => each(world, agents, (agentId) => world.rig.fleet.recover(agentId)),
  },
  partition: {
    usage: 'partition <agents>: no heartbeat and no answer of theirs gets through; `recover` ends it',
    run: (world, [agents = '']) => each(world, agents, (agentId) => world.rig.fleet.suffer(agentId, 'hang', forEver)),
  },
  stop: {
    usage: 'stop <agents>: by hand',
    run: (world, [agents = '']) =>
      each(world, agents, (agentId) => world.turn(agentId, 'stopped', { event: 'stopped' })),
  },
  pause: {
    usage: 'pause <agents>: by hand',
    run: (world, [agents = '']) => each(world, agents, (agentId) => world.turn(agentId, 'paused', { event: 'paused' })),
  },
  start: {
    usage: 'start <agents>: by hand',
    run: (world, [agents = '']) =>
      each(world, agents, (agentId) => world.turn(agentId, 'running', { event: 'started' })),
  },
  unhealthy: {
    usage: 'unhealthy <agents>: by the verdict of its orchestrator',
    run: (world, [agents = '']) =>
      each(world, agents, (agentId) => world.turn(agentId, undefined, { event: 'unhealthy' })),
  },
  rollout: {
    usage: 'rollout <group> in-progress|paused|over',
    run: (world, [group = '', how = '']) => {
      if (!['in-progress', 'paused', 'over'].includes(how)) return `${how} is no state of a rollout`;
      const state = how === 'over' ? undefined : (how as 'in-progress' | 'paused');
      world.orchestrator.world.roll(group, state);
      return undefined;
    },
  },
  canary: {
    usage: 'canary silent|answers: the endpoints by which the guard knows that it is not cut off itself',
    run: (world, [how = '']) => {
      if (how !== 'silent' && how !== 'answers') return `${how} is nothing a canary does`;
      world.rig.fleet.canaryAnswers = how === 'answers';
      return undefined;
    },
  },
  remove: {
    usage: 'remove <agents>: scaled in by another hand',
    run: (world, [agents = '']) => each(world, agents, (agentId) => world.orchestrator.world.remove(agentId)),
  },
  say: {
    usage: 'say <agent> <times> <line>: it writes to its log',
    run: (world, [agentId = '', times = '1', ...line]) => {
      const { orchestrator } = world;
      if (!('say' in orchestrator)) return 'the agents of a workload have no logs';
      for (let time = 0; time < Number(times); time += 1) orchestrator.say(agentId, line.join(' '));
      return undefined;
    },
  },
  lose: {
    usage: 'lose reply: the answer to the next execution is lost',
    run: (world) => world.orchestrator.loseReply(),
  },
  fail: {
    usage: 'fail <text>: the next execution fails',
    run: (world, words) =>
      world.orchestrator.failNext(
        'execute',
        guardError('GUARD_ORCHESTRATOR_FAILED', {
          orchestrator: 'world',
          verb: 'act on',
          agentId: 'it',
          why: words.join(' '),
        }),
      ),
  },
  jump: {
    usage: 'jump <-|+><duration>: the wall clock is set',
    run: (world, [by = '']) => {
      const ms = parseDuration(by.slice(1));
      if (ms === undefined) return `${by} is no span; write +1h or -1h`;
      world.rig.clock.jumpWall(by.startsWith('-') ? -ms : ms);
      return undefined;
    },
  },
  crash: { usage: 'crash: the guard is killed', run: (world) => world.rig.crash() },
  boot: { usage: 'boot: the guard starts again', run: (world) => world.ask(() => world.rig.boot()) },
  hold: {
    usage: 'hold fleet|<group>|<agent> <duration> <by> <reason>',
    run: (world, words) => hold(world, words, false),
  },
  maintain: {
    usage: 'maintain fleet|<group>|<agent> <duration> <by> <reason>: a hold that silences pages too',
    run: (world, words) => hold(world, words, true),
  },
  release: {
    usage: 'release <by>: every hold',
    run: (world, [by = '']) => {
      const guard = world.rig.guard();
      for (const { id } of guard.holds.list()) world.ask(() => guard.release(id, { by }));
    },
  },
  approve: { usage: 'approve <agent> <by>', run: (world, words) => operate(world, words, 'approve') },
  reject: { usage: 'reject <agent> <by>', run: (world, words) => operate(world, words, 'reject') },
  resolve: { usage: 'resolve <agent> <by>', run: (world, words) => operate(world, words, 'resolve') },
  acknowledge: { usage: 'acknowledge <agent> <by>', run: (world, words) => operate(world, words, 'acknowledge') },
  respawn: {
    usage: 'respawn <agent> <by>',
    run: (world, [agentId = '', by = '']) => world.ask(() => world.rig.guard().respawn(agentId, { by })),
  },
  save: {
    usage: 'save <agents>: a checkpoint is taken',
    run: (world, [agents = '']) =>
      each(world, agents, (agentId) =>
        world.ask(() =>
          world.rig.guard().checkpoints.save(agentId, new Uint8Array([7]), { contentType: 'application/octet-stream' }),
        ),
      ),
  },
};

function each(world: ScenarioWorld, word: string, run: (agentId: string) => void): string | undefined {
  const named = world.named(word);
  const unknown = named.find((agentId) => !world.agents.includes(agentId));
  if (named.length === 0 || unknown !== undefined) return `${unknown ?? word} is no agent of the fleet`;
  for (const agentId of named) run(agentId);
  return undefined;
}

function hold(world: ScenarioWorld, words: readonly string[], maintenance: boolean): string | undefined {
  const [on = '', duration = '', by = '', ...reason] = words;
  const ttlMs = parseDuration(duration);
  if (ttlMs === undefined) return `${duration} is no duration`;
  const scope: HoldScope =
    on === 'fleet'
      ? { kind: 'fleet' }
      : on.includes('.')
        ? { kind: 'agent', agentId: on }
        : { kind: 'group', group: on };
  world.ask(() => world.rig.guard().hold({ scope, reason: reason.join(' '), by, ttlMs, maintenance }));
  return undefined;
}

function operate(
  world: ScenarioWorld,
  [agentId = '', by = '']: readonly string[],
  what: 'approve' | 'reject' | 'resolve' | 'acknowledge',
): void {
  world.ask(async () => world.rig.guard()[what](await world.incidentOf(agentId), { by }));
}
