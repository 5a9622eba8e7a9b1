import type {
  AgentId,
  EpochMs,
  FleetBreaker,
  GroupId,
  Ms,
  Reason,
  Storm,
  StormCause,
  StormEntry,
  StormId,
} from '../../model/index.ts';

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

/** An hour. */
const remindMs: Ms = 3_600_000;
/** Reminders come at doubling pauses, up to this one. */
const longestPauseMs: Ms = 86_400_000;

/**
 * A message was made. Until a notifier accepted one it is made again every hour; after that people are reminded, ever
 * more rarely: what the guard gives up on while it lasts is told of by nothing else.
 */
export function pagedNow(storm: Storm, standing: Storm['standing'], now: EpochMs): Storm {
  const reminded = (storm.reminded ?? 0) + Number(storm.told);
  const pauseMs = Math.min(longestPauseMs, remindMs * 2 ** Math.min(reminded, 10));
  return {
    ...storm,
    paged: true,
    tellAt: now + pauseMs,
    ...(reminded > 0 ? { reminded } : {}),
    ...(standing ? { standing } : {}),
  };
}

export function closedNow(storm: Storm, standing: Storm['standing'], now: EpochMs): Storm {
  const { tellAt: _due, ...rest } = storm;
  const closed: Storm = { ...rest, state: 'closed', closedAt: now, ...(standing ? { standing } : {}) };
  return withLine(closed, { at: now, type: 'closed', text: 'It is over.' });
}
