import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TestEngine } from '../../../examples/reference-host/test/docker/engine.ts';

const readyMs = 60_000;

/**
 * A Docker engine of the campaign's own, with a folder and a bridge of its own, so that it can be restarted while others on
 * this machine go on.
 */
export class OwnDaemon {
  readonly folder = mkdtempSync(join(tmpdir(), 'pg-dk-'));
  readonly engine = new TestEngine(`unix://${this.folder}/docker.sock`);
  readonly #bridge: string;
  readonly #liveRestore: boolean;
  /** Where containers reach this machine. */
  readonly gateway = `${freeSubnet()}.1`;
  /** Ends of networks that engines left behind, so that their addresses were in use twice, and that were cleared away. */
  debris = 0;
  #process: ChildProcess | undefined;
  #output = '';

  /** `liveRestore`: containers outlive a restart of it; an engine that manages a swarm cannot. */
  constructor({ liveRestore = true }: { readonly liveRestore?: boolean } = {}) {
    this.#bridge = `pgc${process.pid}`;
    this.#liveRestore = liveRestore;
  }

  async open(): Promise<void> {
    ip('link', 'add', 'name', this.#bridge, 'type', 'bridge');
    ip('address', 'add', `${this.gateway}/24`, 'dev', this.#bridge);
    ip('link', 'set', this.#bridge, 'up');
    await this.#start();
  }

  /**
   * As a person who upgrades it does. An engine that is ended in the middle of a start leaves the end of a network behind
   * which the next one knows nothing of, and it gives the address away again: whoever gets that is not reached. Nothing
   * that speaks to an engine can mend that, so it is cleared as the person at the machine would.
   */
  async restart(): Promise<void> {
    await this.#end();
    const before = this.#ports();
    await this.#start();
    const used = await this.#portsInUse();
    for (const [index, name] of before) if (!used.has(index)) this.#clear(name);
  }

  /** Everything of it goes; its containers have to be gone. */
  async close(): Promise<void> {
    await this.#end();
    for (const pid of this.#left()) kill(pid);
    for (const place of mountsIn(this.folder)) execFileSync('umount', ['-l', place]);
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
    if (existsSync(`/sys/class/net/${this.#bridge}`)) ip('link', 'delete', this.#bridge);
  }

  async #start(): Promise<void> {
    const at = (name: string): string => join(this.folder, name);
    const places = ['--data-root', at('data'), '--exec-root', at('exec'), '-p', at('pid')];
    // Nothing of it leaves this machine, so the rules of the firewall, which all engines share, are left as they are.
    const network = ['-b', this.#bridge, '--iptables=false', '--ip-forward=false', '--ip-masq=false'];
    const live = this.#liveRestore ? ['--live-restore'] : [];
    const child = spawn('dockerd', [...places, '-H', this.engine.url, ...network, ...live], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = child;
    const hear = (text: Buffer): void => void (this.#output = (this.#output + String(text)).slice(-20_000));
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    const end = Date.now() + readyMs;
    while (!(await this.engine.ask('GET', '/_ping').then(yes, no))) {
      if (child.exitCode !== null || Date.now() > end) throw new Error(`dockerd does not come up:\n${this.#output}`);
      await sleep(50);
    }
  }

  /** What is plugged into the bridge, by the index of the interface. */
  #ports(): ReadonlyMap<number, string> {
    const names = readdirSync(`/sys/class/net/${this.#bridge}/brif`);
    return new Map(names.map((name) => [Number(read(`/sys/class/net/${name}/ifindex`)), name]));
  }

  /** The same of the containers that the engine knows to run. */
  async #portsInUse(): Promise<ReadonlySet<number>> {
    const running = await this.engine.ask<readonly { Id: string }[]>('GET', '/containers/json');
    const pids = await Promise.all(
      running.map(({ Id }) => this.engine.ask<{ State: { Pid: number } }>('GET', `/containers/${Id}/json`)),
    );
    return new Set(pids.flatMap(({ State }) => peersOf(State.Pid)));
  }

  #clear(name: string): void {
    if (!existsSync(`/sys/class/net/${name}`)) return;
    ip('link', 'delete', name);
    this.debris += 1;
  }

  async #end(): Promise<void> {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  }

  /** Its containerd and the keepers of containers, found by the folder in their arguments. */
  #left(): readonly number[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && read(`/proc/${name}/cmdline`).includes(this.folder))
      .map(Number)
      .filter((pid) => pid !== process.pid);
  }
}

function ip(...argv: readonly string[]): void {
  execFileSync('ip', argv, { stdio: 'pipe' });
}

/** Indexes of the interfaces of this machine at the other ends of those that a process sees; none when it has ended. */
function peersOf(pid: number): readonly number[] {
  try {
    const text = execFileSync('nsenter', ['-t', `${pid}`, '-n', 'ip', '-json', 'link'], {
      encoding: 'utf8',
      stdio: 'pipe',
    });
    return (JSON.parse(text) as readonly { link_index?: number }[]).flatMap(({ link_index: index }) => index ?? []);
  } catch {
    return [];
  }
}

/** First three numbers of a network that no interface of this machine is in. */
function freeSubnet(): string {
  const used = Object.values(networkInterfaces()).flatMap((some) => (some ?? []).map(({ address }) => address));
  const free = Array.from({ length: 254 }, (_, at) => `10.213.${at + 1}`);
  return free.find((subnet) => !used.some((address) => address.startsWith(`${subnet}.`))) ?? '10.213.255';
}

function mountsIn(folder: string): readonly string[] {
  const places = read('/proc/self/mounts')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '');
  return places.filter((place) => place.startsWith(`${folder}/`)).toReversed();
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

const yes = (): boolean => true;
const no = (): boolean => false;
