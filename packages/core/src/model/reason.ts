/**
 * Why something was decided. Codes are kebab-case and never reused; each is listed in `docs/reference/reasons.md`.
 * The text is a sentence with the figures; `remedy` says what would change the answer.
 */
export interface Reason {
  readonly code: ReasonCode;
  readonly text: string;
  readonly remedy?: string;
}

/** Every reason the engine gives, with what it means. A plugin's own codes carry its prefix. */
export const reasonCodes = {
  proceed: 'Every rule of the gate allowed the action.',
  'agent-suspected': 'A detector raised a suspicion and an incident was opened.',
  'finding-joined': 'A further suspicion joined the incident that is open for the agent.',
  'finding-cleared': 'A suspicion no longer holds.',
  'health-changed': 'The health of the agent is another now; the suspicions are the same.',
  'rung-chosen': 'The ladder chose this rung for the severity.',
  hung: 'The agent is proven to hang and cannot end by itself, so it gets less time for that.',
  'ladder-exhausted': 'No rung is left that could be tried.',
  'no-orchestrator': 'No orchestrator runs this agent, so nothing can be done to it.',
  'approval-required': 'The plan needs a person to approve it first.',
  'approval-granted': 'A person approved the plan.',
  'approval-rejected': 'A person rejected the plan.',
  'approval-expired': 'Nobody decided in time.',
  'failing-over': 'The primary has failed for certain: it is fenced, and a replica takes its place.',
  'failed-over': 'A replica has taken the place of the primary.',
  'failover-failed': 'No replica took the place of the primary; it is brought back.',
  'may-promote': 'The old primary is fenced, and the replica may take its place.',
  'not-fenced': 'Nothing proves that the old primary writes no more.',
  'replica-unfit': 'The replica is unwell or too far behind to be promoted.',
  'failover-unsettled': 'The failover before has not settled.',
  'no-replica': 'The group has no replica that could take the place of the primary.',
  'leader-unknown':
    'A replica was ordered to lead, and whether it does is not known: nobody leads until that is clear.',
  'not-primary': 'The agent is not the primary of its group any more.',
  'no-incident': 'Something stands against the agent, and it opened no incident.',
  'approval-vote': 'A person agreed to the plan; more persons have to.',
  'approval-invalid': 'The approval was not signed by this guard, or was altered; it is asked for anew.',
  'approval-reminded': 'Nobody has answered yet; people were reminded.',
  'approval-second-tier': 'The first tier has not answered; the second was called.',
  'replacement-prepared': 'What the plan needs was looked up while it waits for approval.',
  'plan-stale': 'The inputs of the plan changed before it was applied.',
  'recovery-in-progress': 'Another recovery of this agent is under way.',
  'attempt-budget-exhausted': 'The agent has used up its attempts for the window.',
  'group-budget-exhausted': 'The recoveries of the group have used up what they may cost for now.',
  'global-budget-exhausted': 'The recoveries of the whole fleet have used up what they may cost for now.',
  backoff: 'The last attempt was too recent.',
  settling: 'The guard has just started and has not yet seen the whole fleet.',
  'maintenance-window': 'A window of maintenance covers the agent, its group or the fleet.',
  hold: 'An operator holds the agent, its group or the fleet.',
  'mode-observe': 'The group is in mode observe: nothing is ever done.',
  'mode-dry-run': 'The group is in mode dry-run: the decision is recorded and nothing is done.',
  'mode-approve': 'The group is in mode approve: a person must agree first.',
  'single-evidence': 'Only one kind of evidence stands against the agent.',
  confirming: 'The agent was asked whether it is alive, and the answer is waited for.',
  'progress-veto': 'The agent reports progress: busy is not dead.',
  'stopped-by-operator': 'Somebody stopped or paused the instance; it is left alone.',
  'rollout-in-progress': 'A rollout touches the agent, or was paused by hand; it is left to who rolls it out.',
  'affects-unselected': 'The action would touch agents that are not selected.',
  'group-in-flight': 'As many recoveries as the group allows are under way.',
  'fleet-breaker-open':
    'Too many agents of the group are unhealthy at once: nothing is done until the breaker tries again.',
  'fleet-breaker-half-open': 'After a mass failure as many canaries are in flight as are allowed now.',
  'silence-of-many':
    'Many agents fell silent at once and nothing else speaks against them: a partition is no mass death.',
  'canary-failed': 'A canary endpoint does not answer: the guard may be cut off, so silence proves nothing.',
  'dependency-failed': 'An agent that this one depends on has failed: that one comes first.',
  'dependency-unknown': 'The agent depends on one that the guard does not know.',
  'joined-storm': 'The incident is one of many that are told of as one storm.',
  announced: 'People are told of it now by itself: what it was told of with is over.',
  'global-in-flight': 'As many recoveries as are allowed over all groups are under way.',
  'lease-lost': 'This guard no longer owns the group.',
  'orchestrator-refused': 'The orchestrator does not admit the action now.',
  'step-started': 'The step was journaled and started.',
  'step-succeeded': 'The step was done and its effect observed.',
  'step-failed': 'The step failed.',
  'step-unknown': 'The outcome of the step is not known; it is being reconciled.',
  'step-ambiguous': 'The outcome could not be proven either way; a person has to look.',
  'instance-left-behind': 'An instance that should have ended still runs beside the one that works.',
  'step-reconciled': 'The outcome of the step was proven by inspection.',
  'watch-started': 'The agent is watched closely to prove the recovery.',
  'watch-check': 'A check during the watch.',
  'watch-passed': 'The agent stayed healthy through the whole watch.',
  'watch-failed': 'The agent was unhealthy again during the watch.',
  'self-recovered': 'The agent became healthy by itself before anything was done.',
  'seen-healthy': 'The agent of an escalated incident is healthy again.',
  'agent-removed': 'The agent was deregistered; there is nothing left to heal.',
  'operator-resolved': 'An operator resolved the incident.',
  'operator-acknowledged': 'An operator took note of the incident.',
  'operator-respawn': 'An operator asked for a respawn.',
  held: 'Remediation rests because of a hold.',
  released: 'The hold was released or ran out.',
  escalated: 'A person has to take over.',
  'notice-accepted': 'A notifier accepted the message.',
  'slo-alone': 'An objective is missed and nothing else speaks against the agent.',
  'silent-but-answering': 'No heartbeat arrives, but the agent answers when asked.',
  'endpoint-denied': 'The agent named an address that the guard may not call, so it is never asked.',
  'probe-unaskable': 'A probe is configured that cannot be asked; it never counts against the agent.',
  'clock-skewed': "The agent's clock is off by more than a minute; its heartbeats count all the same.",
  'checkpoint-missing': 'There is no usable checkpoint to restore.',
  'self-doubt': 'The guard suspects itself: it is late, cut off or waits for its store, and gives everybody more time.',
  unseen: 'Nothing has been heard of the agent for too long to believe that it recovered.',
  'rule-failed': 'A rule of the config could not be evaluated; the safer answer was taken.',
  'rule-approval': 'A line of the table "use when" asks for a person first.',
  'unknown-failure': 'The failure is severe, and neither a rule nor the past knows it.',
  'security-incident': 'A security incident is suspected: the agent is isolated, and a person decides.',
  'ranking-suggested': 'What worked before would choose this rung; the ladder chose by itself.',
  'ranking-chosen': 'What worked before chose among the rungs the ladder permits.',
  'safe-state': 'Nothing more is tried: the agent is left in the safe state that was declared.',
  contained: "The agent was put out of harm's way; nothing was destroyed.",
  returning: 'The agent was isolated by the guard and is brought back.',
  'slo-ticket': 'An error budget burns faster than it may, slowly enough to be looked into within days.',
  flapping: 'The agent fails and recovers by itself again and again; it has to prove itself for longer.',
  'follows-workload': 'The same failure followed the agent to its new instances; moving it on would only spread it.',
  defect: 'The same failure was healed so often that it is a defect: people have to mend its cause.',
  'anomaly-alone': 'Only unusual figures stand against the agent; nothing is ever done because of them alone.',
  'predicted-failure': 'The agent is restarted before a resource runs out.',
  'prediction-off': 'A resource will run out; the group does not want anything to be done before it has.',
  'prediction-suggested': 'A resource will run out; what would be done before is only suggested.',
  'prediction-limited': 'What is only foreseen allows a restart and nothing more.',
  'prediction-early': 'The resource runs out later than the guard may act before.',
  'prediction-unconfirmed': 'The figures that foretell the failure are not confirmed to be of now.',
  'not-quiet': 'The agent is busy: a quiet moment is waited for, as long as there is time.',
  'nothing-wrong': 'No suspicion stands against the agent.',
} as const satisfies Readonly<Record<string, string>>;

export type ReasonCode = keyof typeof reasonCodes | `${string}/${string}`;

/** Acting or not acting, each with a reason: abstaining is a result, not a missing one. */
export type Decision<T> =
  | { readonly act: true; readonly value: T; readonly reason: Reason }
  | { readonly act: false; readonly reason: Reason };

/** What the gate says of one action at the moment it is to be applied. */
export type GateVerdict =
  | { readonly verdict: 'proceed'; readonly reason: Reason; readonly rules: readonly RuleResult[] }
  | {
      readonly verdict: 'wait';
      readonly untilMs: number;
      readonly reason: Reason;
      readonly rules: readonly RuleResult[];
    }
  | { readonly verdict: 'refuse'; readonly reason: Reason; readonly rules: readonly RuleResult[] };

/** What one named rule of the gate said. `untilMs` is wall-clock time. */
export interface RuleResult {
  readonly rule: string;
  readonly verdict: 'proceed' | 'wait' | 'refuse';
  readonly untilMs?: number;
  readonly reason: Reason;
}
