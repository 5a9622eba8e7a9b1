import type { AnyGuardEvent, Clock, Component, StateStore } from '../contracts/index.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { Ms } from '../model/index.ts';
import { coreVersion } from '../plugins/check-manifest.ts';
import { ComponentTaps } from './component-taps.ts';
import { recordFormat } from './record-format.ts';
import type { HeaderLine, RecordedPlugin } from './record-format.ts';
import type { RecordSink } from './recorder.ts';
import { Recorder, toText } from './recorder.ts';
import { dumpState } from './state-dump.ts';

/** Most characters of durable state at the head of a segment, unless the sink says otherwise. */
const stateMaxDefault = 16 * 1024 * 1024;

/** A place for whole records: takes lines, and begins a segment when it likes. */
export interface RecordPlace extends RecordSink {
  /** Most of a head may be durable state. [16 MiB] */
  readonly stateMax?: number;
  /** Comes before the first line; `head` gives the lines every segment has to begin with. */
  open(head: (segment: number) => Promise<readonly string[]>): Promise<void>;
  /** Everything is to be on its way when it resolves. */
  close?(): Promise<void>;
}

interface Degraded {
  set(what: string, why: string | undefined): void;
}

export interface RecordingOptions {
  readonly clock: Clock;
  readonly place: RecordPlace;
  readonly loaded: LoadedConfig;
  /** Names this life. */
  readonly run: string;
  readonly seed?: string;
  readonly baseDir: string;
}

/** The record of one life of a guard: its taps, its head, its beginning and end. */
export class Recording {
  readonly recorder: Recorder;
  readonly taps: ComponentTaps;
  readonly #options: RecordingOptions;
  #degradations: Degraded | undefined;
  #store: StateStore | undefined;

  constructor(options: RecordingOptions) {
    this.#options = options;
    this.recorder = new Recorder(options.clock, options.place);
    this.taps = new ComponentTaps(this.recorder);
  }

  /** Begins before the guard reads or writes its memory: the head tells what it will find. */
  of(store: StateStore): Component {
    this.#store = store;
    return { start: () => this.#start(), stop: async () => this.#options.place.close?.() };
  }

  async #start(): Promise<void> {
    const { place } = this.#options;
    await place.open((segment) => this.#head(segment));
    this.recorder.begin();
  }

  get seed(): string | undefined {
    return this.#options.seed;
  }

  /** Hears what the guard decides, and tells it when the record has holes. */
  joins(bus: { onAny(hear: (event: AnyGuardEvent) => void): unknown }, degradations: Degraded): void {
    bus.onAny((event) => this.recorder.event(event));
    this.#degradations = degradations;
  }

  degraded(why: string | undefined): void {
    this.#degradations?.set('recording', why);
  }

  async #head(segment: number): Promise<readonly string[]> {
    const { clock, place, loaded, run, seed, baseDir } = this.#options;
    const store = this.#store as StateStore;
    const at: { readonly wall: number; readonly t: Ms } = { wall: clock.now(), t: clock.monotonic() };
    const state = await dumpState(store, place.stateMax ?? stateMaxDefault);
    const header: HeaderLine = {
      k: 'header',
      format: recordFormat,
      core: coreVersion(),
      node: process.version,
      run,
      segment,
      ...at,
      ...(seed === undefined ? {} : { seed }),
      configHash: loaded.config.hash,
      config: loaded.config.source,
      plugins: loaded.plugins.map(describe),
      orchestrators: this.taps.orchestrators(),
      notifiers: this.taps.notifiers(),
      store: { durable: store.supports.durable, shared: store.supports.shared },
      baseDir,
      ...(state.leftOut === 0 ? {} : { stateLeftOut: state.leftOut }),
    };
    const listed = this.taps.inventory().map((line) => ({ t: at.t, h: 1, ...line }));
    return [header, ...state.lines, ...listed].map(toText);
  }
}

function describe({ instance, use, manifest }: LoadedConfig['plugins'][number]): RecordedPlugin {
  const contributes = Object.entries(manifest.contributes).map(
    ([kind, offered]) => [kind, Object.keys(offered)] as const,
  );
  return {
    instance,
    use,
    name: manifest.name,
    version: manifest.version,
    contributes: Object.fromEntries(contributes),
  };
}
