import { Worker } from 'node:worker_threads';
import type { AgentMetrics, Clock, Instance, Ms, Progress } from '@praetorian-guard/core/plugin';

/** What a thread may say to us. Nothing in it is trusted; the guard checks every signal that it is given. */
export interface ThreadReport {
  readonly metrics?: AgentMetrics;
  readonly progress?: Progress;
}

export interface ThreadStart {
  readonly agentId: string;
  readonly generation: number;
  readonly modulePath: string;
  readonly env: { readonly [name: string]: string };
  /** Key of the action that started it, if one did. */
  readonly madeBy?: string;
}

/** One agent in one thread: an instance. */
export class AgentThread {
  readonly madeBy: string | undefined;
  readonly instance: Instance;
  readonly exited: Promise<number>;
  readonly #worker: Worker;
  readonly #lines: string[] = [];
  #exitCode: number | undefined;
  #isEnding = false;

  constructor({ agentId, generation, modulePath, env, madeBy }: ThreadStart, clock: Clock) {
    this.madeBy = madeBy;
    const id = `${agentId}~${generation}`;
    this.#worker = new Worker(modulePath, {
      workerData: { agentId, instance: id },
      env: { ...env },
      stdout: true,
      stderr: true,
    });
    this.instance = {
      id,
      generation,
      ref: { thread: this.#worker.threadId },
      startedAt: clock.now(),
      state: 'running',
    };
    this.exited = new Promise((resolve) => {
      this.#worker.once('exit', (code) => {
        this.#exitCode = code;
        resolve(code);
      });
    });
    // Without a listener an error of the thread would end the guard; here it becomes evidence, and `exit` follows.
    this.#worker.on('error', (error) =>
      this.#keep(error instanceof Error ? (error.stack ?? error.message) : String(error)),
    );
    for (const stream of [this.#worker.stdout, this.#worker.stderr])
      stream.on('data', (text: Buffer) => this.#keep(text.toString()));
  }

  get exitCode(): number | undefined {
    return this.#exitCode;
  }

  /** We have asked it to end, so that its end is no failure. */
  get isEnding(): boolean {
    return this.#isEnding;
  }

  /** Last words. */
  get output(): string {
    return this.#lines.join('\n');
  }

  onReport(listen: (report: ThreadReport) => void): void {
    this.#worker.on('message', listen);
  }

  /** Asks the thread to end, and ends it after the grace: `terminate` breaks even an endless loop. */
  async end(graceMs: Ms, clock: Clock): Promise<void> {
    if (this.#exitCode !== undefined) return;
    this.#isEnding = true;
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window and has no origin
    this.#worker.postMessage('stop');
    const grace = new AbortController();
    const tooLate = clock.sleep(graceMs, grace.signal).catch(() => undefined);
    await Promise.race([this.exited, tooLate]);
    grace.abort();
    await this.#worker.terminate();
  }

  #keep(text: string): void {
    this.#lines.push(...text.trimEnd().split('\n'));
    this.#lines.splice(0, this.#lines.length - 100);
  }
}
