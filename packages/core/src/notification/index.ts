/**
 * Messages to people. `notices` words them, the router brings them: durable, in order, with retry and fallback, one
 * thread an incident. Whether somebody was told goes back to the incident.
 */
export { logNotifier } from './log-notifier.ts';
export { noticeOf } from './notices.ts';
export { noticeOfStorm } from './storm-notices.ts';
export type { NoticeRoute } from './routes.ts';
export type { RouterDeps } from './router.ts';
export { NotificationRouter } from './router.ts';
