import { createHash } from 'node:crypto';
import { guardError, isGuardError } from '../contracts/errors.ts';
import type { Clock, Logger, Random } from '../contracts/call.ts';
import type { StateStore, StoreOp, Version } from '../contracts/state-store.ts';
import type { AgentId, Checkpoint, CheckpointPolicy, EpochMs, InstanceId } from '../model/index.ts';
import { checkpointChunkBytes, formatDuration, isId } from '../model/index.ts';
import { readCheckpoint, stateProblem } from './checkpoint-record.ts';

/** Where checkpoints lie in the store; `keys` of `state/` fits. */
export interface CheckpointKeys {
  partition(shard: number): string;
  allCheckpoints(shard: number): string;
  checkpoints(shard: number, agentId: AgentId): string;
  checkpoint(shard: number, agentId: AgentId, checkpointId: string): string;
  checkpointChunk(shard: number, agentId: AgentId, checkpointId: string, chunk: number): string;
}

export interface CheckpointsDeps {
  readonly store: StateStore;
  readonly keys: CheckpointKeys;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** The shard that owns the agent's group. */
  readonly shardOf: (agentId: AgentId) => number;
  readonly policyOf: (agentId: AgentId) => CheckpointPolicy;
  /** Most bytes of one checkpoint [64 MiB]. */
  readonly maxBytes?: number;
}

export interface SaveOptions {
  readonly contentType: string;
  readonly instance?: InstanceId;
  /** Token of the shard's lease. */
  readonly fence: number;
  /** Kept for forensics, never restored: the state of an instance that is failing (R25). */
  readonly quarantined?: boolean;
}

export interface ForgetOptions {
  readonly isDue: (checkpoint: Checkpoint) => boolean;
  /** Token of the shard's lease. */
  readonly fence: number;
  readonly most: number;
}

export interface LoadedCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly bytes: Uint8Array;
}

const defaultMaxBytes = 64 * 1024 * 1024;
const pageSize = 100;
/** `type/subtype` with parameters: it becomes a header when the state is given back. */
const contentTypePattern = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?:; ?[\w-]+=[\w."+-]+)*$/;

/** One stored record with the version it was read at. */
interface Stored {
  readonly checkpoint: Checkpoint;
  readonly version: Version;
}

/**
 * Backups of agents' states: versioned, checksummed, aged out. The chunks and the record of a checkpoint land in one
 * commit, so that there is never half of one. Nothing is believed on reading: a record or a chunk that was damaged is
 * skipped with a reason, and the next older checkpoint is tried.
 */
export class Checkpoints {
  readonly #deps: CheckpointsDeps;
  readonly #maxBytes: number;
  /** The last write per agent; writes of one agent follow each other, so that versions count without gaps. */
  readonly #writing = new Map<AgentId, Promise<unknown>>();

  constructor(deps: CheckpointsDeps) {
    this.#deps = deps;
    this.#maxBytes = deps.maxBytes ?? defaultMaxBytes;
  }

  /**
   * Stores a checkpoint and ages out what the policy no longer keeps, in the same commit.
   * Errors: `GUARD_AGENT_ID`, `GUARD_CHECKPOINT_INVALID`, `GUARD_CHECKPOINT_TOO_LARGE`, and those of the store.
   */
  async save(agentId: AgentId, bytes: Uint8Array, options: SaveOptions): Promise<Checkpoint> {
    this.#refuseBad(agentId, bytes, options);
    return this.#inTurn(agentId, async () => {
      const stored = await this.#stored(agentId);
      const checkpoint = this.#describe(agentId, bytes, options, (stored[0]?.checkpoint.version ?? 0) + 1);
      const aged = this.#agedOut(agentId, [checkpoint, ...stored.map((one) => one.checkpoint)]);
      const ops = [
        ...this.#chunkOps(checkpoint, bytes),
        this.#recordOp(checkpoint, 'absent'),
        ...aged.flatMap((one) => this.#deleteOps(this.#deps.shardOf(agentId), one)),
      ];
      await this.#commit(agentId, ops, options.fence);
      return checkpoint;
    });
  }

  /**
   * The newest checkpoint that may be restored: not quarantined, not older than the policy's `maxAgeMs`, intact.
   * `admit` is asked before the bytes of one are read; what it throws is passed on.
   * @returns `undefined` when there is none; what was passed over is logged.
   */
  async latest(
    agentId: AgentId,
    { admit }: { readonly admit?: (checkpoint: Checkpoint) => void } = {},
  ): Promise<LoadedCheckpoint | undefined> {
    for (const { checkpoint } of await this.#stored(agentId)) {
      const why = this.#unusable(checkpoint);
      if (why !== undefined) {
        this.#skip(checkpoint, why);
        continue;
      }
      admit?.(checkpoint);
      try {
        return { checkpoint, bytes: await this.#read(checkpoint) };
      } catch (thrown) {
        if (!isGuardError(thrown, 'GUARD_CHECKPOINT_INVALID')) throw thrown;
        this.#skip(checkpoint, thrown.message, true);
      }
    }
    return undefined;
  }

  /**
   * A certain checkpoint, verified. Refuses one that may not be restored, unless it is wanted for `forensics`; a
   * damaged one is refused always. Error: `GUARD_CHECKPOINT_INVALID`.
   */
  async load(
    agentId: AgentId,
    checkpointId: string,
    purpose: 'restore' | 'forensics' = 'restore',
  ): Promise<LoadedCheckpoint> {
    const { store, keys, shardOf } = this.#deps;
    if (!isId(checkpointId)) throw invalid(agentId, 'its id is malformed');
    const found = await store.get(keys.checkpoint(shardOf(agentId), agentId, checkpointId));
    if (!found) throw invalid(agentId, `there is no checkpoint ${checkpointId}`);
    const checkpoint = readCheckpoint(found.value, agentId);
    if (!checkpoint) throw invalid(agentId, `the record of ${checkpointId} is damaged`);
    const why = purpose === 'restore' ? this.#unusable(checkpoint) : undefined;
    if (why !== undefined) throw invalid(agentId, `${checkpointId} ${why}`);
    return { checkpoint, bytes: await this.#read(checkpoint) };
  }

  /** All checkpoints of an agent, the newest first, quarantined ones too. */
  async list(agentId: AgentId): Promise<readonly Checkpoint[]> {
    return (await this.#stored(agentId)).map((one) => one.checkpoint);
  }

  /**
   * Marks what a failed instance saved from a moment on: kept for forensics, never restored (R25).
   * @returns how many were marked.
   */
  async quarantine(
    agentId: AgentId,
    instanceId: InstanceId,
    options: { readonly from: EpochMs; readonly fence: number },
  ): Promise<number> {
    return this.#inTurn(agentId, async () => {
      const suspect = (await this.#stored(agentId)).filter(
        ({ checkpoint }) =>
          checkpoint.instanceId === instanceId && checkpoint.at >= options.from && !checkpoint.quarantined,
      );
      if (suspect.length === 0) return 0;
      const ops = suspect.map(({ checkpoint, version }) =>
        this.#recordOp({ ...checkpoint, quarantined: true }, { version }),
      );
      await this.#commit(agentId, ops, options.fence);
      this.#deps.log.info(
        { agentId, instanceId, checkpoints: ops.length },
        'checkpoints of a failed instance were quarantined',
      );
      return ops.length;
    });
  }

  /**
   * Deletes those of a shard that are due, `most` of them at the most. A commit for each: they may have many chunks.
   * @returns how many were deleted.
   */
  async forget(shard: number, { isDue, fence, most }: ForgetOptions): Promise<number> {
    const { store, keys } = this.#deps;
    const prefix = keys.allCheckpoints(shard);
    let deleted = 0;
    for (let after: string | undefined; deleted < most;) {
      const page = await store.list(prefix, { limit: pageSize, ...(after === undefined ? {} : { after }) });
      for (const { key, value } of page) {
        const [agentId = ''] = key.slice(prefix.length).split('/');
        const checkpoint = readCheckpoint(value, agentId);
        if (deleted === most || !checkpoint || !isDue(checkpoint)) continue;
        const ops = this.#deleteOps(shard, checkpoint);
        await store.commit(keys.partition(shard), ops, { fence, durability: 'relaxed' });
        deleted += 1;
      }
      if (page.length < pageSize) break;
      after = page.at(-1)?.key;
    }
    return deleted;
  }

  #refuseBad(agentId: AgentId, bytes: Uint8Array, options: SaveOptions): void {
    if (!isId(agentId)) throw guardError('GUARD_AGENT_ID', { value: String(agentId) });
    if (bytes.byteLength > this.#maxBytes) {
      throw guardError('GUARD_CHECKPOINT_TOO_LARGE', { agentId, bytes: bytes.byteLength, max: this.#maxBytes });
    }
    if (bytes.byteLength === 0) throw invalid(agentId, 'it is empty');
    if (options.contentType.length > 200 || !contentTypePattern.test(options.contentType)) {
      throw invalid(agentId, `its content type ${JSON.stringify(options.contentType.slice(0, 100))} is not one`);
    }
    const why = stateProblem(bytes, options.contentType);
    if (why !== undefined) throw invalid(agentId, why);
    if (options.instance !== undefined && !isId(options.instance))
      throw invalid(agentId, 'the name of its instance is malformed');
  }

  #describe(agentId: AgentId, bytes: Uint8Array, options: SaveOptions, version: number): Checkpoint {
    return {
      id: `ckp_${this.#deps.random.ulid()}`,
      agentId,
      ...(options.instance === undefined ? {} : { instanceId: options.instance }),
      version,
      at: this.#deps.clock.now(),
      bytes: bytes.byteLength,
      chunks: Math.ceil(bytes.byteLength / checkpointChunkBytes),
      sha256: sha256(bytes),
      contentType: options.contentType,
      quarantined: options.quarantined ?? false,
    };
  }

  /** Usable and quarantined ones are counted apart, so that forensics never push out the last good one. */
  #agedOut(agentId: AgentId, newestFirst: readonly Checkpoint[]): readonly Checkpoint[] {
    const keep = Math.max(1, this.#deps.policyOf(agentId).keep);
    const usable = newestFirst.filter((checkpoint) => !checkpoint.quarantined);
    const quarantined = newestFirst.filter((checkpoint) => checkpoint.quarantined);
    return [...usable.slice(keep), ...quarantined.slice(keep)];
  }

  #unusable(checkpoint: Checkpoint): string | undefined {
    if (checkpoint.quarantined) return 'is quarantined';
    const { maxAgeMs } = this.#deps.policyOf(checkpoint.agentId);
    const ageMs = this.#deps.clock.now() - checkpoint.at;
    return ageMs > maxAgeMs ? `is ${formatDuration(ageMs)} old; ${formatDuration(maxAgeMs)} are allowed` : undefined;
  }

  /** One that is quarantined or too old is passed over as intended; a damaged one is worth a warning. */
  #skip(checkpoint: Checkpoint, why: string, damaged = false): void {
    const { agentId, id, version } = checkpoint;
    const fields = { agentId, checkpointId: id, version, why };
    if (damaged) this.#deps.log.warn(fields, 'a damaged checkpoint was passed over');
    else this.#deps.log.debug(fields, 'a checkpoint was passed over');
  }

  async #stored(agentId: AgentId): Promise<readonly Stored[]> {
    const { store, keys, shardOf, log } = this.#deps;
    const prefix = keys.checkpoints(shardOf(agentId), agentId);
    const found: Stored[] = [];
    let after: string | undefined;
    for (;;) {
      const page = await store.list(prefix, { limit: pageSize, ...(after === undefined ? {} : { after }) });
      for (const { key, value, version } of page) {
        const checkpoint = readCheckpoint(value, agentId);
        if (checkpoint) found.push({ checkpoint, version });
        else log.warn({ agentId, key }, 'the record of a checkpoint is damaged and was passed over');
      }
      if (page.length < pageSize) break;
      after = page.at(-1)?.key;
    }
    return found.sort((a, b) => b.checkpoint.version - a.checkpoint.version);
  }

  async #read(checkpoint: Checkpoint): Promise<Uint8Array> {
    const { store, keys, shardOf } = this.#deps;
    const { agentId, id, chunks, sha256: expected } = checkpoint;
    const bytes = new Uint8Array(checkpoint.bytes);
    let at = 0;
    for (let chunk = 0; chunk < chunks; chunk += 1) {
      const part = await store.getBytes(keys.checkpointChunk(shardOf(agentId), agentId, id, chunk));
      if (!part) throw invalid(agentId, `chunk ${chunk + 1} of ${chunks} of ${id} is missing`);
      if (at + part.byteLength > bytes.byteLength) throw invalid(agentId, `${id} is longer than recorded`);
      bytes.set(part, at);
      at += part.byteLength;
    }
    if (at !== bytes.byteLength || sha256(bytes) !== expected)
      throw invalid(agentId, `the checksum of ${id} does not match`);
    const why = stateProblem(bytes, checkpoint.contentType);
    if (why !== undefined) throw invalid(agentId, `${id} is not usable: ${why}`);
    return bytes;
  }

  *#chunkOps(checkpoint: Checkpoint, bytes: Uint8Array): Generator<StoreOp> {
    for (let chunk = 0; chunk < checkpoint.chunks; chunk += 1) {
      const from = chunk * checkpointChunkBytes;
      yield {
        op: 'putBytes',
        key: this.#chunkKey(this.#deps.shardOf(checkpoint.agentId), checkpoint, chunk),
        value: bytes.subarray(from, from + checkpointChunkBytes),
      };
    }
  }

  #recordOp(checkpoint: Checkpoint, when: Extract<StoreOp, { op: 'put' }>['when']): StoreOp {
    const { keys, shardOf } = this.#deps;
    const { agentId, id } = checkpoint;
    return { op: 'put', key: keys.checkpoint(shardOf(agentId), agentId, id), value: { ...checkpoint }, when };
  }

  #deleteOps(shard: number, checkpoint: Checkpoint): readonly StoreOp[] {
    const { agentId, id, chunks } = checkpoint;
    const all = [this.#deps.keys.checkpoint(shard, agentId, id)];
    for (let chunk = 0; chunk < chunks; chunk += 1) all.push(this.#chunkKey(shard, checkpoint, chunk));
    return all.map((key) => ({ op: 'delete', key, when: 'any' }));
  }

  #chunkKey(shard: number, { agentId, id }: Checkpoint, chunk: number): string {
    return this.#deps.keys.checkpointChunk(shard, agentId, id, chunk);
  }

  async #commit(agentId: AgentId, ops: readonly StoreOp[], fence: number): Promise<void> {
    const { store, keys, shardOf } = this.#deps;
    await store.commit(keys.partition(shardOf(agentId)), ops, { fence, durability: 'sync' });
  }

  async #inTurn<T>(agentId: AgentId, write: () => Promise<T>): Promise<T> {
    const before = this.#writing.get(agentId) ?? Promise.resolve();
    const turn = before.then(write, write);
    this.#writing.set(agentId, turn);
    try {
      return await turn;
    } finally {
      if (this.#writing.get(agentId) === turn) this.#writing.delete(agentId);
    }
  }
}

function invalid(agentId: AgentId, why: string): Error {
  return guardError('GUARD_CHECKPOINT_INVALID', { agentId, why });
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
