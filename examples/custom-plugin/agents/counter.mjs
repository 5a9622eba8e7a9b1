/**
 * An agent in a worker thread: counts up, reports twice a second, ends when it is told to.
 * `MODE=stuck` leaves its queue as it is, `MODE=crash` throws, `MODE=deaf` never hears that it is to end.
 */
import { parentPort } from 'node:worker_threads';

const { MODE, BEAT_MS = '500' } = process.env;
let queue = 0;
let completed = 0;
let lastProgressAt;

function work() {
  queue += 1;
  if (MODE === 'stuck') return;
  completed += queue;
  queue = 0;
  lastProgressAt = Date.now();
}

function report() {
  work();
  const progress = { activeTasks: 0, queueDepth: queue, lastProgressAt };
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window and has no origin
  parentPort.postMessage({ metrics: { tasks_completed: completed, tasks_failed: 0 }, progress });
}

const timer = setInterval(report, Number(BEAT_MS));
report();

parentPort.on('message', (message) => {
  if (message === 'crash') throw new TypeError('told to crash');
  if (message !== 'stop') return;
  clearInterval(timer);
  parentPort.close();
});

if (MODE === 'crash') throw new TypeError('born to crash');
if (MODE === 'deaf') for (;;);
