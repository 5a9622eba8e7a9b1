import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import Docker from 'dockerode';

/** A Docker engine of a test's own, in a network namespace of its own, that it may stop and start. */
export class OwnEngine {
  readonly #dir = mkdtempSync(join(tmpdir(), 'praetorian-engine-'));
  readonly #flags: readonly string[];
  #process: ChildProcess | undefined;

  /** `liveRestore`: containers outlive it; those that are in a network lose it. */
  constructor({ liveRestore = false }: { readonly liveRestore?: boolean } = {}) {
    this.#flags = liveRestore ? ['--live-restore'] : [];
  }

  get url(): string {
    return `unix://${this.#socket}`;
  }

  get docker(): Docker {
    return new Docker({ socketPath: this.#socket, host: undefined, port: undefined, protocol: 'http' });
  }

  async start(): Promise<void> {
    const at = (name: string): string => join(this.#dir, name);
    const paths = ['--data-root', at('data'), '--exec-root', at('exec'), '-H', this.url, '-p', at('pid')];
    rmSync(at('pid'), { force: true });
    this.#process = spawn('unshare', ['--net', 'dockerd', ...paths, ...this.#flags], { stdio: 'ignore' });
    while (!(await this.#answers())) await pause(50);
  }

  /** As a package manager does when it upgrades the engine. */
  async stop(): Promise<void> {
    const running = this.#process;
    if (!running || running.exitCode !== null) return;
    const ended = new Promise((resolve) => running.once('exit', resolve));
    running.kill('SIGTERM');
    await ended;
  }

  async remove(): Promise<void> {
    for (const { Id } of await this.docker.listContainers({ all: true }).catch(() => []))
      await this.docker
        .getContainer(Id)
        .remove({ force: true })
        .catch(() => undefined);
    await this.stop();
    // An engine that may come back leaves its folder mounted.
    if (this.#flags.length > 0) execFileSync('umount', ['--lazy', join(this.#dir, 'data')]);
    rmSync(this.#dir, { recursive: true, force: true });
  }

  get #socket(): string {
    return join(this.#dir, 'docker.sock');
  }

  async #answers(): Promise<boolean> {
    return this.docker.ping().then(
      () => true,
      () => false,
    );
  }
}
