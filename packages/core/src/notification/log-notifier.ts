import type { Clock, Logger } from '../contracts/call.ts';
import type { Notifier } from '../contracts/notifier.ts';
import type { Notice, Priority } from '../model/index.ts';

const levelOf: Readonly<Record<Priority, 'info' | 'warn' | 'error'>> = {
  info: 'info',
  warning: 'warn',
  error: 'error',
  critical: 'error',
};

/** The notifier that is always there: one log line a notice. */
export function logNotifier(log: Logger, clock: Pick<Clock, 'now'>): Notifier {
  return {
    supports: { threads: true },
    deliver: async (notice, previous, call) => {
      call.signal.throwIfAborted();
      log[levelOf[notice.priority]](fieldsOf(notice), notice.title);
      return { noticeId: notice.id, at: clock.now(), threadRef: previous?.threadRef ?? notice.threadId };
    },
  };
}

function fieldsOf(notice: Notice): { readonly [field: string]: unknown } {
  const { id, kind, priority, incidentId, agentId, group, text, recommendedAction } = notice;
  return {
    noticeId: id,
    kind,
    priority,
    incidentId,
    agentId,
    group,
    text,
    ...(recommendedAction === undefined ? {} : { recommendedAction }),
  };
}
