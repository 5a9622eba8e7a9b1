import type { Clock, Logger } from '../../contracts/index.ts';
import { isGuardError, messageOf } from '../../contracts/index.ts';
import type { GroupId, Ms } from '../../model/index.ts';
import type { SerialQueue } from '../../runtime/index.ts';
import type { Ownership } from '../ownership.ts';
import type { Failovers } from './failovers.ts';
import type { Leaderships } from './leaderships.ts';

/** Pause before it is tried again when the store did not take it. */
const againMs: Ms = 1_000;

export interface LateAnswersOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly queue: SerialQueue;
  readonly ownership: Ownership;
  readonly leaderships: Leaderships;
  readonly failovers: Pick<Failovers, 'leads'>;
  /** It is known who leads the group. */
  known(group: GroupId): void;
}

/**
 * A replica that was called and whose answer was lost says in a heartbeat that it leads. That is written down before it can
 * be forgotten again: an agent that is started anew knows nothing of it.
 */
export class LateAnswers {
  readonly #o: LateAnswersOptions;

  constructor(options: LateAnswersOptions) {
    this.#o = options;
  }

  look(group: GroupId): void {
    const { leaderships, failovers, ownership, queue } = this.#o;
    const known = leaderships.of(group);
    if (known?.last.outcome !== 'unknown' || !failovers.leads(group, known.last.to, known.epoch)) return;
    const shard = ownership.shard(group);
    const how = { epoch: known.epoch, fence: ownership.fence(group) };
    queue
      .run(shard, () => leaderships.confirm(shard, group, how))
      .then(
        (isNew) => isNew && this.#o.known(group),
        (thrown: unknown) => this.#again(group, thrown),
      );
  }

  #again(group: GroupId, thrown: unknown): void {
    this.#o.log.error({ group, err: messageOf(thrown) }, 'who leads a group could not be stored; it is tried again');
    // Whoever owns the group from now on hears of it, too.
    if (!isGuardError(thrown, 'GUARD_STATE_FENCED') && !isGuardError(thrown, 'GUARD_STATE_CLOSED'))
      this.#o.clock.after(againMs, () => this.look(group));
  }
}
