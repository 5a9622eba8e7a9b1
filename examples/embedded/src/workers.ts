/** What the host program has anyway: workers that do jobs inside this process, and now and then break. */
export interface Worker {
  readonly id: string;
  /** Counts up with every start. */
  readonly run: number;
  readonly startedAt: number;
  readonly alive: boolean;
}

export type WorkerEvent = { readonly type: 'started' | 'died'; readonly worker: Worker };

export class Workers {
  readonly #workers = new Map<string, Worker>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #listeners = new Set<(event: WorkerEvent) => void>();
  readonly #work: (worker: Worker) => void;

  /** `work` is done by every worker again and again. */
  constructor(ids: readonly string[], work: (worker: Worker) => void) {
    this.#work = work;
    for (const id of ids) this.start(id);
  }

  list(): readonly Worker[] {
    return [...this.#workers.values()];
  }

  get(id: string): Worker | undefined {
    return this.#workers.get(id);
  }

  start(id: string): Worker {
    clearInterval(this.#timers.get(id));
    const run = (this.#workers.get(id)?.run ?? 0) + 1;
    const worker: Worker = { id, run, startedAt: Date.now(), alive: true };
    this.#workers.set(id, worker);
    this.#timers.set(
      id,
      setInterval(() => this.#work(worker), 200),
    );
    this.#tell({ type: 'started', worker });
    return worker;
  }

  /** Something a worker does not survive. */
  crash(id: string): void {
    const worker = this.#workers.get(id);
    if (!worker) return;
    clearInterval(this.#timers.get(id));
    this.#workers.set(id, { ...worker, alive: false });
    this.#tell({ type: 'died', worker });
  }

  stop(): void {
    for (const timer of this.#timers.values()) clearInterval(timer);
  }

  onEvent(listener: (event: WorkerEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(event: WorkerEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
