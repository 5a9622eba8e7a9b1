import assert from 'node:assert/strict';
import { type Call, isGuardError, type Surface } from '../contracts/index.ts';
import { systemClock } from '../runtime/system-clock.ts';
import { FakeGuard } from './fake-guard.ts';
import { createRig, type Rig } from './rig.ts';
import type { Runner } from './runner.ts';

export interface SurfaceSubject {
  /** A new surface on an address nobody uses, not started yet. Contexts of the rig carry the real clock. */
  make(rig: Rig): Promise<Surface>;
  /** Whether the surface answers under the address it named with `url()`; must not throw when nobody answers. */
  answers(url: string): Promise<boolean>;
  /** A surface that cannot start, because the address of `taken` is in use. Without it that promise is not tested. */
  readonly makeOn?: (rig: Rig, taken: string) => Promise<Surface>;
  /** Must never stand in a log. */
  readonly secrets?: readonly string[];
}

/** The promises of `Surface`: it serves from start to stop and not longer, and lets go of everything. */
export function testSurface(runner: Runner, subject: SurfaceSubject): void {
  const it = (name: string, body: (stage: Stage) => Promise<void>): void =>
    runner.it(name, async () => {
      const stage = new Stage(subject, name);
      try {
        await body(stage);
      } finally {
        await stage.clear();
      }
    });
  runner.describe('Surface', () => {
    testServing(it);
    testEnding(it);
    if (subject.makeOn) testRefusal(it);
  });
}

type It = (name: string, body: (stage: Stage) => Promise<void>) => void;

function testServing(it: It): void {
  it('serves when start() has resolved, under the address it names', async (stage) => {
    const surface = await stage.make();
    assert.equal(surface.url?.(), undefined, 'no address before the start');
    await surface.start(stage.guard, stage.call);
    assert.equal(await stage.answers(surface), true);
  });
  it('starts once, however often it is told to', async (stage) => {
    const surface = await stage.make();
    await surface.start(stage.guard, stage.call);
    const url = surface.url?.();
    await surface.start(stage.guard, stage.call);
    assert.equal(surface.url?.(), url);
    assert.equal(await stage.answers(surface), true);
  });
  it('says no secret in a log', async (stage) => {
    const surface = await stage.make();
    await surface.start(stage.guard, stage.call);
    await stage.answers(surface);
    await surface.stop();
    const said = JSON.stringify(stage.rig.log.entries);
    for (const secret of stage.subject.secrets ?? []) assert.ok(!said.includes(secret), 'a secret stands in the log');
  });
}

function testEnding(it: It): void {
  it('answers nobody after stop(), and keeps no listener, timer or socket', async (stage) => {
    const before = handles();
    const surface = await stage.make();
    await surface.start(stage.guard, stage.call);
    const url = surface.url?.() ?? '';
    await stage.answers(surface);
    await surface.stop();
    assert.equal(surface.url?.(), undefined);
    assert.equal(await stage.subject.answers(url), false);
    assert.equal(stage.guard.listeners, 0, 'listeners of the guard that were not disposed of');
    assert.ok(handles() <= before, 'a server still listens');
  });
  it('stops twice without complaint, and also when it never started', async (stage) => {
    const surface = await stage.make();
    await surface.stop();
    await surface.start(stage.guard, stage.call);
    await surface.stop();
    await surface.stop();
  });
  it('can be started again', async (stage) => {
    const surface = await stage.make();
    await surface.start(stage.guard, stage.call);
    await surface.stop();
    await surface.start(stage.guard, stage.call);
    assert.equal(await stage.answers(surface), true);
  });
  it('goes when the call aborts', async (stage) => {
    const surface = await stage.make();
    await surface.start(stage.guard, stage.call);
    const url = surface.url?.() ?? '';
    stage.abort();
    await surface.stop();
    assert.equal(await stage.subject.answers(url), false);
    assert.equal(stage.guard.listeners, 0);
  });
  it('does not start under a call that is aborted already', async (stage) => {
    const surface = await stage.make();
    stage.abort();
    await assert.rejects(surface.start(stage.guard, stage.call));
    assert.equal(stage.guard.listeners, 0);
  });
}

function testRefusal(it: It): void {
  it('refuses an address in use with a typed error, and keeps nothing', async (stage) => {
    const first = await stage.make();
    await first.start(stage.guard, stage.call);
    const listeners = stage.guard.listeners;
    const second = await stage.makeOn(first.url?.() ?? '');
    await assert.rejects(second.start(stage.guard, stage.call), (error) => isGuardError(error));
    assert.equal(stage.guard.listeners, listeners, 'the surface that was refused still listens to the guard');
    assert.equal(await stage.answers(first), true, 'the other one is not disturbed');
  });
}

/** Servers this process listens with. */
function handles(): number {
  return process.getActiveResourcesInfo().filter((name) => /server/i.test(name)).length;
}

/** One test: a guard, a call to abort, and the surfaces made, which are stopped at the end. */
class Stage {
  readonly subject: SurfaceSubject;
  readonly rig: Rig;
  readonly guard = new FakeGuard();
  readonly call: Call;
  readonly #controller = new AbortController();
  readonly #made: Surface[] = [];

  constructor(subject: SurfaceSubject, name: string) {
    this.subject = subject;
    const rig = createRig({ seed: name });
    // A surface has real peers, which do not wait for a clock that is moved by hand.
    this.rig = { ...rig, context: (config, given) => rig.context(config, { clock: systemClock(), ...given }) };
    this.call = { signal: this.#controller.signal, traceId: 'surface-suite' };
  }

  async make(): Promise<Surface> {
    return this.#keep(await this.subject.make(this.rig));
  }

  async makeOn(taken: string): Promise<Surface> {
    assert.ok(this.subject.makeOn);
    return this.#keep(await this.subject.makeOn(this.rig, taken));
  }

  answers(surface: Surface): Promise<boolean> {
    return this.subject.answers(surface.url?.() ?? '');
  }

  abort(): void {
    this.#controller.abort();
  }

  async clear(): Promise<void> {
    for (const surface of this.#made) await surface.stop();
  }

  #keep(surface: Surface): Surface {
    this.#made.push(surface);
    return surface;
  }
}
