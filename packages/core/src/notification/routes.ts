import type { Notice, NoticeKind, Priority } from '../model/index.ts';

/** A notifier and the least priority it gets. */
export interface NoticeRoute {
  /** Name of the notifier. */
  readonly to: string;
  readonly from: Priority;
  /** 2: called only when the first tier does not answer. [1] */
  readonly tier?: 1 | 2;
}

/** The notifier that is always there and comes last. */
export const lastResort = 'log';

const rank: Readonly<Record<Priority, number>> = { info: 0, warning: 1, error: 2, critical: 3 };

/** Whether the kind ends an incident or a storm. Such a message is never suppressed (R14), and goes where the thread began. */
export function isClosing(kind: NoticeKind): boolean {
  return kind === 'recovered' || kind === 'resolved' || kind === 'storm-over';
}

export interface Targets {
  /** Notifiers that get the notice. */
  readonly wanted: readonly string[];
  /** Notifiers that get it only if they have been told of the thread before. */
  readonly joining: readonly string[];
}

/**
 * Who gets a notice: every route of its priority and tier. The end of an incident is of low priority, but whoever was paged has
 * to learn of it, so all other routes get it as well if the thread is known to them. What nobody asked for is logged.
 */
export function targetsOf(notice: Notice, routes: readonly NoticeRoute[]): Targets {
  const called = (route: NoticeRoute): boolean =>
    rank[notice.priority] >= rank[route.from] && (route.tier ?? 1) <= (notice.tier ?? 1);
  const matching = routes.filter(called).map((route) => route.to);
  const wanted = new Set(matching.length > 0 ? matching : [lastResort]);
  const others = isClosing(notice.kind) ? routes.map((route) => route.to).filter((name) => !wanted.has(name)) : [];
  return { wanted: [...wanted], joining: [...new Set(others)] };
}

/** The next notifier to try after those that were: the other routes in their order, and at last the log. */
export function fallbackAfter(tried: ReadonlySet<string>, routes: readonly NoticeRoute[]): string | undefined {
  return [...routes.map((route) => route.to), lastResort].find((name) => !tried.has(name));
}

/**
 * Whether acceptance by a notifier means that a person was told. The log counts only where the operator chose it; as
 * the last resort it is a record, not a message.
 */
export function tellsAPerson(name: string, routes: readonly NoticeRoute[]): boolean {
  return name !== lastResort || routes.length === 0 || routes.some((route) => route.to === lastResort);
}
