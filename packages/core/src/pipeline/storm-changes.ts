import type {
  AgentId,
  EpochMs,
  FleetBreaker,
  GroupId,
  Reason,
  Storm,
  StormCause,
  StormEntry,
  StormId,
} from '../model/index.ts';

/** Members that are named, and lines that are kept. */
const membersMax = 50;
const linesMax = 100;

export function newStorm(of: {
  readonly id: StormId;
  readonly group: GroupId;
  readonly cause: StormCause;
  readonly reason: Reason;
  readonly breaker: FleetBreaker;
  readonly now: EpochMs;
  readonly tellAt: EpochMs;
}): Storm {
  const { now, reason, ...given } = of;
  return {
    ...given,
    // The reason of a rule of the gate carries a remedy for one agent; that of the storm is the sentence alone.
    reason: { code: reason.code, text: reason.text },
    version: 0,
    state: 'open',
    groups: [of.group],
    members: [],
    memberCount: 0,
    openedAt: now,
    changedAt: now,
    paged: false,
    told: false,
    timeline: [],
  };
}

export function withLine(storm: Storm, line: StormEntry): Storm {
  return { ...storm, timeline: [...storm.timeline, line].slice(-linesMax) };
}

/** @param memberCount How many there are with this one. */
export function joinedBy(storm: Storm, agentId: AgentId, memberCount: number): Storm {
  const named = storm.members.length < membersMax;
  return { ...storm, memberCount, members: named ? [...storm.members, agentId] : storm.members };
}

export function withBreaker(storm: Storm, breaker: FleetBreaker): Storm {
  return { ...storm, breaker };
}

export function withCause(storm: Storm, cause: StormCause): Storm {
  return { ...storm, cause };
}

/** A message was made; until a notifier accepted one it is made again. */
export function pagedNow(storm: Storm, againAt: EpochMs): Storm {
  const { tellAt: _due, ...rest } = storm;
  return { ...rest, paged: true, ...(storm.told ? {} : { tellAt: againAt }) };
}

export function closedNow(storm: Storm, now: EpochMs): Storm {
  const { tellAt: _due, ...rest } = storm;
  return withLine({ ...rest, state: 'closed', closedAt: now }, { at: now, type: 'closed', text: 'It is over.' });
}
