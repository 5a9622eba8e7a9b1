import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Readable } from 'node:stream';
import { inspect } from 'node:util';
import { withDeadline } from '@praetorian-guard/core/kit';
import type { Clock, Ms } from '@praetorian-guard/core/plugin';
import Dockerode from 'dockerode';
import type { EngineAddress } from './address.ts';
import { EngineError, engineErrorOf, isMissing } from './engine-error.ts';

export type ContainerFacts = Dockerode.ContainerInspectInfo;
export type ListedContainer = Dockerode.ContainerInfo;
export type ContainerRecipe = Dockerode.ContainerCreateOptions;
export type ImageFacts = Dockerode.ImageInspectInfo;
export type ContainerStats = Dockerode.ContainerStats;
export type EndpointConfig = Dockerode.EndpointSettings;

/** The newest version of the API that this client was written for, and the oldest that has all it needs. */
const ours = { newest: '1.51', oldest: '1.40' } as const;

/** Time an ordinary call gets; those that wait for a container get its grace on top. */
const quickMs: Ms = 15_000;
const versionMs: Ms = 5_000;

type Filters = { [name: string]: string[] };

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** [15 s] */
  readonly limitMs?: Ms;
}

export interface CommandState {
  readonly running: boolean;
  readonly exitCode: number | undefined;
  readonly pid: number;
}

/**
 * One Docker engine: every call the plugin makes, each with a deadline of its own, since the client library may never
 * settle when the engine dies in the middle of an answer. Throws `EngineError`, or the signal's reason. The one file that
 * knows the client library.
 */
export class Engine {
  readonly #clock: Clock;
  readonly #options: Dockerode.DockerOptions;
  readonly #agent: HttpAgent | HttpsAgent;
  #client: Dockerode | undefined;

  constructor(address: EngineAddress, clock: Clock) {
    const { protocol } = address;
    this.#clock = clock;
    this.#agent = protocol === 'https' ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true });
    // The client writes out what it sends for a log, with every call, whether or not somebody reads that; an agent with
    // all its connections takes milliseconds each time.
    Object.defineProperty(this.#agent, inspect.custom, { value: () => 'Agent' });
    this.#options = { ...address, agent: this.#agent } as Dockerode.DockerOptions;
  }

  /** Version of the API that is spoken from now on: the newest that both know. Throws when there is none. */
  async connect({ signal }: CallOptions = {}): Promise<string> {
    const asked = clientOf(this.#options);
    const answer = await this.#call('ask the engine for its version', { signal, limitMs: versionMs }, (abortSignal) =>
      loosely(asked).version({ abortSignal }),
    );
    const { ApiVersion: newest, MinAPIVersion: oldest = '1.12' } = answer as {
      ApiVersion: string;
      MinAPIVersion?: string;
    };
    if (isOlder(newest, ours.oldest) || isOlder(ours.newest, oldest)) {
      const text = `the engine speaks API ${oldest} to ${newest}, this plugin ${ours.oldest} to ${ours.newest}`;
      throw new EngineError(text, { lost: false });
    }
    const version = isOlder(newest, ours.newest) ? newest : ours.newest;
    this.#client = clientOf({ ...this.#options, version: `v${version}` });
    return version;
  }

  /** Closes connections that wait for a next call. */
  close(): void {
    this.#agent.destroy();
  }

  containers(filters: Filters, options?: CallOptions): Promise<ListedContainer[]> {
    return this.#call('list containers', options, (abortSignal) =>
      this.#docker.listContainers({ all: true, filters, abortSignal }),
    );
  }

  /** `undefined`: there is no such container. */
  container(id: string, options?: CallOptions): Promise<ContainerFacts | undefined> {
    return orMissing(
      this.#call('inspect a container', options, (abortSignal) =>
        this.#docker.getContainer(id).inspect({ abortSignal }),
      ),
    );
  }

  image(name: string, options?: CallOptions): Promise<ImageFacts | undefined> {
    return orMissing(
      this.#call(
        'inspect an image',
        options,
        async (abortSignal) => (await loosely(this.#docker.getImage(name)).inspect({ abortSignal })) as ImageFacts,
      ),
    );
  }

  /** The id of the new container, which does not run yet. */
  async create(name: string, recipe: ContainerRecipe, options?: CallOptions): Promise<string> {
    const made = await this.#call('create a container', options, (abortSignal) =>
      // Without these two the library writes the whole body into the address as well, secrets in the environment with it.
      loosely(this.#docker).createContainer({ _query: { name }, _body: recipe, abortSignal }),
    );
    return (made as Dockerode.Container).id;
  }

  /** Does nothing when it runs already. */
  start(id: string, options?: CallOptions): Promise<void> {
    return this.#change('start a container', options, (abortSignal) =>
      this.#docker.getContainer(id).start({ abortSignal }),
    );
  }

  /** SIGTERM or what the container wants instead, and SIGKILL after the grace. Does nothing when it has ended. */
  stop(id: string, graceMs: Ms, options?: CallOptions): Promise<void> {
    return this.#change('stop a container', patient(graceMs, options), (abortSignal) =>
      this.#docker.getContainer(id).stop({ t: wholeSeconds(graceMs), abortSignal }),
    );
  }

  restart(id: string, graceMs: Ms, options?: CallOptions): Promise<void> {
    return this.#change('restart a container', patient(graceMs, options), (abortSignal) =>
      this.#docker.getContainer(id).restart({ t: wholeSeconds(graceMs), abortSignal }),
    );
  }

  /**
   * Volumes without a name stay, and whoever needs them no more prunes them; `withVolumes` those go that were made for it. One
   * that it asked for by the name it once got stays even then. Does nothing when it is gone.
   */
  async remove(
    id: string,
    {
      force = true,
      withVolumes = false,
      ...options
    }: CallOptions & { readonly force?: boolean; readonly withVolumes?: boolean } = {},
  ): Promise<void> {
    const removed = this.#change('remove a container', options, (abortSignal) =>
      this.#docker.getContainer(id).remove({ v: withVolumes, force, abortSignal }),
    );
    await orMissing(removed);
  }

  rename(id: string, name: string, options?: CallOptions): Promise<void> {
    return this.#change('rename a container', options, (abortSignal) =>
      this.#docker.getContainer(id).rename({ name, abortSignal }),
    );
  }

  setRestartPolicy(id: string, policy: Dockerode.HostRestartPolicy, options?: CallOptions): Promise<void> {
    return this.#change('update a container', options, (abortSignal) =>
      this.#docker.getContainer(id).update({ RestartPolicy: policy, abortSignal }),
    );
  }

  attach(network: string, id: string, endpoint: EndpointConfig, options?: CallOptions): Promise<void> {
    return this.#change('connect a network', options, (abortSignal) =>
      loosely(this.#docker.getNetwork(network)).connect({ Container: id, EndpointConfig: endpoint, abortSignal }),
    );
  }

  detach(network: string, id: string, options?: CallOptions): Promise<void> {
    return this.#change('disconnect a network', options, (abortSignal) =>
      this.#docker.getNetwork(network).disconnect({ Container: id, Force: true, abortSignal }),
    );
  }

  /**
   * Gives the lines of a log with their times to `take`, in pieces as they come; framed unless the container has a terminal.
   * Without `tail` the engine reads the whole log, however little of it is new: 4 s for 290 MB.
   */
  logs(
    id: string,
    wanted: { since?: string; tail: number },
    take: (piece: Buffer) => void,
    options?: CallOptions,
  ): Promise<void> {
    const query = { stdout: true, stderr: true, timestamps: true, follow: false, ...wanted };
    return this.#call('read a log', options, async (abortSignal) => {
      // By itself the client would hold the whole log in memory.
      const stream = await streamed(this.#docker, { path: `/containers/${id}/logs?`, options: query, abortSignal });
      try {
        for await (const piece of stream) take(piece as Buffer);
      } finally {
        stream.destroy();
      }
    });
  }

  /**
   * One sample. Engines of API 1.41 take it at their next whole second and so need up to 1 s, like for the first piece of a
   * stream; without `one-shot` it would be 2 s.
   */
  stats(id: string, options?: CallOptions): Promise<ContainerStats> {
    return this.#call('read statistics', options, (abortSignal) =>
      loosely(this.#docker.getContainer(id)).stats({ stream: false, 'one-shot': true, abortSignal }),
    ) as Promise<ContainerStats>;
  }

  /**
   * Begins to run a command; its framed output is read from the stream, its end asked for with `execEnd`. The signal counts
   * until it begins: then there is a command, and whoever gave the signal has to end it.
   */
  async exec(
    id: string,
    { argv, env = [] }: { readonly argv: readonly string[]; readonly env?: readonly string[] },
    options: CallOptions = {},
  ): Promise<{ id: string; output: Readable }> {
    const recipe = { Cmd: [...argv], Env: [...env], AttachStdout: true, AttachStderr: true };
    const made = await this.#call<Dockerode.Exec>('prepare a command', options, (abortSignal) =>
      this.#docker.getContainer(id).exec({ ...recipe, abortSignal }),
    );
    options.signal?.throwIfAborted();
    const { limitMs = quickMs } = options;
    const output = await this.#call<Readable>('run a command', { limitMs }, (abortSignal) =>
      made.start({ hijack: true, stdin: false, abortSignal }),
    );
    return { id: made.id, output };
  }

  /** Process 0: the command never ran. */
  async execEnd(id: string, options?: CallOptions): Promise<CommandState> {
    const facts = await this.#call('look at a command', options, (abortSignal) =>
      this.#docker.getExec(id).inspect({ abortSignal }),
    );
    return { running: facts.Running, exitCode: facts.ExitCode ?? undefined, pid: facts.Pid };
  }

  /**
   * The raw stream of events: from `since` on, as far back as the engine remembers, up to `until`, or of what comes from
   * now on. Both in seconds with a fraction.
   */
  async events(
    filters: Filters,
    between: { since?: string; until?: string } = {},
    options?: CallOptions,
  ): Promise<Readable> {
    const stream = await this.#call('follow the events', options, (abortSignal) =>
      loosely(this.#docker).getEvents({ filters, ...between, abortSignal }),
    );
    return stream as Readable;
  }

  /** A call of another part of the plugin, under the same rules. */
  ask<T>(
    what: string,
    options: CallOptions | undefined,
    call: (client: Dockerode, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    return this.#call(what, options, (abortSignal) => call(this.#docker, abortSignal));
  }

  get #docker(): Dockerode {
    if (!this.#client) throw new EngineError('the engine was not asked for its version yet', { lost: false });
    return this.#client;
  }

  /** A call whose answer says nothing. The engine answers 304 for what is so already. */
  async #change(
    what: string,
    options: CallOptions | undefined,
    call: (signal: AbortSignal) => Promise<unknown>,
  ): Promise<void> {
    try {
      await this.#call(what, options, call);
    } catch (error) {
      if (!(error instanceof EngineError && error.status === 304)) throw error;
    }
  }

  async #call<T>(
    what: string,
    { signal, limitMs = quickMs }: { signal?: AbortSignal | undefined; limitMs?: Ms } = {},
    call: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    try {
      return await withDeadline(this.#clock, call, limitMs, { what, ...(signal ? { signal } : {}) });
    } catch (error) {
      signal?.throwIfAborted();
      throw engineErrorOf(what, error);
    }
  }
}

/** The client reads other variables as well, but only beside this one, and throws where they point at nothing. */
function clientOf(options: Dockerode.DockerOptions): Dockerode {
  const { DOCKER_HOST: host } = process.env;
  delete process.env['DOCKER_HOST'];
  try {
    return new Dockerode(options);
  } finally {
    if (host !== undefined) process.env['DOCKER_HOST'] = host;
  }
}

/** A question whose answer is read as it comes; the client itself offers that only where the engine goes on answering. */
function streamed(
  client: Dockerode,
  question: { readonly path: string; readonly options: object; readonly abortSignal: AbortSignal },
): Promise<Readable> {
  const modem = client.modem as { dial(dialled: object, done: (error: unknown, answer: Readable) => void): void };
  return new Promise((resolve, reject) => {
    modem.dial({ ...question, method: 'GET', isStream: true, statusCodes: { 200: true } }, (error, answer) => {
      if (error) reject(error);
      else resolve(answer);
    });
  });
}

type Loosely<T> = { readonly [K in keyof T]: (options: object) => Promise<unknown> };

/** The types of the client library lack some options that the library itself passes on. */
function loosely<T>(client: T): Loosely<T> {
  return client as Loosely<T>;
}

async function orMissing<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** The engine counts a grace in whole seconds; rounded up, so that nobody gets less than was promised. */
function wholeSeconds(graceMs: Ms): number {
  return Math.ceil(Math.max(0, graceMs) / 1_000);
}

function patient(graceMs: Ms, options: CallOptions = {}): CallOptions {
  return { ...options, limitMs: (options.limitMs ?? quickMs) + graceMs };
}

function isOlder(a: string, b: string): boolean {
  const [majorA = 0, minorA = 0] = a.split('.').map(Number);
  const [majorB = 0, minorB = 0] = b.split('.').map(Number);
  return majorA < majorB || (majorA === majorB && minorA < minorB);
}
