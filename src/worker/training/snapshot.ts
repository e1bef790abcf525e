/**
 * All that a worker needs of another one to take its place, as bytes: SHA-256 of the rest (32 bytes) · length of
 * the description (u32, little-endian) · the description (JSON, padded with spaces to whole words) · float32
 * vectors, one after the other.
 */
import type { Weights } from '../../checkpoint/state-tensors.ts';
import type { BestWeights } from '../../checkpoint/store.ts';
import { LockstepError } from '../../core/errors.ts';
import { sha256 } from '../../core/hash.ts';
import type { TrainState } from '../../engine/engine.ts';
import type { Progress } from '../../run/progress.ts';

export interface Snapshot extends Progress {
  /** Whether the evaluation due after the last step is done. */
  readonly evaluated: boolean;
  /** Whether a step has been applied since the state came from the disk, so that what follows it may be due. */
  readonly unfinished: boolean;
  readonly initialWeights: Weights | undefined;
}

/** The description; vectors are named by their lengths, in the order of the bytes. */
interface Description {
  readonly globalStep: number;
  readonly evaluated: boolean;
  readonly unfinished: boolean;
  readonly skippedSteps: number;
  readonly moments: number;
  readonly best: Omit<BestWeights, 'weights'> | null;
  /** Names of the phases whose results follow. */
  readonly results: readonly string[];
  readonly hasInitialWeights: boolean;
  readonly lengths: readonly number[];
}

const HASH_BYTES = 32;
const VECTORS_ALIGN_BYTES = 4;

export function encodeSnapshot(snapshot: Snapshot): Uint8Array {
  const { state, best, results, initialWeights } = snapshot;
  const { globalStep, evaluated, unfinished, skippedSteps } = snapshot;
  const vectors = [
    ...[state.parameters, state.statistics, ...state.moments],
    ...[best?.weights, ...results.values(), initialWeights].flatMap(vectorsOf),
  ];
  const description: Description = {
    globalStep,
    evaluated,
    unfinished,
    skippedSteps,
    moments: state.moments.length,
    best: best === undefined ? null : { metric: best.metric, stepInPhase: best.stepInPhase },
    results: [...results.keys()],
    hasInitialWeights: initialWeights !== undefined,
    lengths: vectors.map(({ length }) => length),
  };
  const text = Buffer.from(JSON.stringify(description));
  const padding = -text.length & (VECTORS_ALIGN_BYTES - 1);
  const head = Buffer.alloc(HASH_BYTES + 4 + text.length + padding, ' ');
  head.writeUInt32LE(text.length + padding, HASH_BYTES);
  text.copy(head, HASH_BYTES + 4);
  const bytes: Buffer = concatenate([head, ...vectors]);
  Buffer.from(sha256(bytes.subarray(HASH_BYTES)), 'hex').copy(bytes);
  return bytes;
}

/** @throws LockstepError PROTOCOL when the bytes are not those that were sent */
export function decodeSnapshot(bytes: Uint8Array): Snapshot {
  const hash = Buffer.from(bytes.subarray(0, HASH_BYTES)).toString('hex');
  if (bytes.length < HASH_BYTES + 4 || sha256(bytes.subarray(HASH_BYTES)) !== hash) {
    throw new LockstepError(
      'PROTOCOL',
      `The ${bytes.length} bytes of a peer's state do not have the SHA-256 that was sent with them.`,
      'Check the memory and the network of the hosts.',
    );
  }
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const end = HASH_BYTES + 4 + view.readUInt32LE(HASH_BYTES);
  const description = JSON.parse(view.toString('utf8', HASH_BYTES + 4, end)) as Description;
  const next = readVectors(bytes, end, description.lengths);
  const weights = (): Weights => ({ parameters: next(), statistics: next() });
  const state: TrainState = {
    ...weights(),
    moments: Array.from({ length: description.moments }, next),
  };
  const { globalStep, evaluated, unfinished, skippedSteps } = description;
  const { best, results, hasInitialWeights } = description;
  return {
    globalStep,
    evaluated,
    unfinished,
    skippedSteps,
    state,
    best: best === null ? undefined : { ...best, weights: weights() },
    results: new Map(results.map((name) => [name, weights()])),
    initialWeights: hasInitialWeights ? weights() : undefined,
  };
}

const vectorsOf = (weights: Weights | undefined): Float32Array[] =>
  weights === undefined ? [] : [weights.parameters, weights.statistics];

function concatenate(parts: readonly (Uint8Array | Float32Array)[]): Buffer {
  const views = parts.map((part) => new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
  // Memory of its own, not of Buffer's pool: it is handed over to another thread.
  const bytes = Buffer.from(new ArrayBuffer(views.reduce((sum, { length }) => sum + length, 0)));
  let at = 0;
  for (const view of views) {
    bytes.set(view, at);
    at += view.length;
  }
  return bytes;
}

/** Gives one vector after the other, copied. */
function readVectors(bytes: Uint8Array, begin: number, lengths: readonly number[]) {
  let at = begin;
  let index = 0;
  return (): Float32Array => {
    const size = lengths[index++]! * Float32Array.BYTES_PER_ELEMENT;
    const copy = new Uint8Array(bytes.subarray(at, at + size));
    at += size;
    return new Float32Array(copy.buffer);
  };
}
