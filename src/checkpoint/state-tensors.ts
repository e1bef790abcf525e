/**
 * Between the flat vectors of a session and named tensors, in PyTorch's names and shapes:
 * `load_state_dict` takes the model file as it is.
 */
import { LockstepError } from '../core/errors.ts';
import { sha256OfVectors } from '../core/hash.ts';
import { didYouMean } from '../core/nearest-name.ts';
import type { Slot, StateLayout, TrainState } from '../engine/engine.ts';
import { floatsOf, floatTensor, type Tensor } from './safetensors.ts';

/** A model's parameters and running statistics, flat, in the order of a `StateLayout`. */
export type Weights = Pick<TrainState, 'parameters' | 'statistics'>;

/** PyTorch's names of the moments that each optimizer keeps, in the order of `TrainState.moments`. */
const MOMENT_NAMES: Readonly<Record<string, readonly string[]>> = {
  adamw: ['exp_avg', 'exp_avg_sq'],
  sgd: ['momentum_buffer'],
};

/** The names of an optimizer's first `count` moments. */
export function momentNames(optimizer: string, count: number): readonly string[] {
  const known = MOMENT_NAMES[optimizer] ?? [];
  return Array.from({ length: count }, (_, i) => known[i] ?? `moment_${i}`);
}

/** SHA-256 over parameters, statistics and moments in flat order: equal hashes, equal bits. */
export function hashState(state: TrainState): string {
  return sha256OfVectors([state.parameters, state.statistics, ...state.moments]);
}

const COUNTER = 'num_batches_tracked';

/**
 * Every parameter and statistic as a tensor over the vectors' memory, and PyTorch's counter of updates
 * beside each pair of statistics.
 */
export function weightTensors(
  layout: StateLayout,
  weights: Weights,
  batchesTracked: number,
): Tensor[] {
  const counters = layout.statistics
    .filter(({ name }) => name.endsWith('.running_mean'))
    .map(({ name }) => counter(name.replace(/running_mean$/, COUNTER), batchesTracked));
  return [
    ...slices(layout.parameters, weights.parameters),
    ...slices(layout.statistics, weights.statistics),
    ...counters,
  ];
}

/** Every moment of every parameter: `<moment>.<parameter>`. */
export function momentTensors(
  layout: StateLayout,
  names: readonly string[],
  moments: readonly Float32Array[],
): Tensor[] {
  return names.flatMap((name, i) => slices(layout.parameters, moments[i]!, `${name}.`));
}

function slices(slots: readonly Slot[], vector: Float32Array, prefix = ''): Tensor[] {
  return slots.map(({ name, shape, offset, size }) =>
    floatTensor(`${prefix}${name}`, shape, vector.subarray(offset, offset + size)),
  );
}

function counter(name: string, value: number): Tensor {
  const bytes = new Uint8Array(new BigInt64Array([BigInt(value)]).buffer);
  return { name, dtype: 'I64', shape: [], bytes };
}

/** A file's tensors, and how to speak of it in an error. */
export interface TensorSource {
  readonly path: string;
  readonly tensors: ReadonlyMap<string, Tensor>;
}

/**
 * The flat vector of `slots` from a file's tensors of the same names (behind `prefix`).
 * Throws CHECKPOINT_MISMATCH naming the first tensor that is absent or has another shape or dtype.
 */
export function gather(
  source: TensorSource,
  slots: readonly Slot[],
  count: number,
  prefix = '',
): Float32Array {
  const vector = new Float32Array(count);
  for (const slot of slots) {
    const name = `${prefix}${slot.name}`;
    const tensor = source.tensors.get(name);
    if (tensor === undefined) throw absent(source, name);
    vector.set(fittingFloats(source, tensor, slot), slot.offset);
  }
  return vector;
}

/**
 * A model's weights from a file that has exactly its tensors.
 * Throws CHECKPOINT_MISMATCH naming the first tensor that only one side has, or that has another shape or dtype.
 */
export function gatherWeights(source: TensorSource, layout: StateLayout): Weights {
  refuseUnused(source, layout);
  return {
    parameters: gather(source, layout.parameters, layout.parameterCount),
    statistics: gather(source, layout.statistics, layout.statisticCount),
  };
}

function refuseUnused(source: TensorSource, layout: StateLayout): void {
  const [first, ...others] = unusedNames(source, slotsOf(layout));
  if (first === undefined) return;
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  throw mismatch(
    source,
    `the model has no "${first}"${more}`,
    'Use the model section of the configuration that the file was made with.',
  );
}

export const slotsOf = (layout: StateLayout): Slot[] => [
  ...layout.parameters,
  ...layout.statistics,
];

/** The tensor's values. Throws CHECKPOINT_MISMATCH when its shape or dtype isn't the slot's. */
export function fittingFloats(source: TensorSource, tensor: Tensor, slot: Slot): Float32Array {
  if (tensor.dtype !== 'F32') {
    throw mismatch(
      source,
      `"${tensor.name}" is ${tensor.dtype}, Lockstep's weights are F32`,
      'Convert the file to float32.',
    );
  }
  if (tensor.shape.join() !== slot.shape.join()) {
    throw mismatch(
      source,
      `"${tensor.name}" has shape [${tensor.shape}] in the file, the model has [${slot.shape}]`,
      shapeAdvice(tensor.shape, slot.shape),
    );
  }
  return floatsOf(tensor);
}

/** Names of the file that no slot has; PyTorch's counters of updates carry nothing and don't count. */
export function unusedNames(source: TensorSource, slots: readonly Slot[]): string[] {
  const wanted = new Set(slots.map(({ name }) => name));
  return [...source.tensors.keys()].filter(
    (name) => !wanted.has(name) && !name.endsWith(`.${COUNTER}`),
  );
}

function absent(source: TensorSource, name: string): LockstepError {
  const names = [...source.tensors.keys()];
  return mismatch(
    source,
    `the model's "${name}" is not among its ${names.length} tensors`,
    `Use the model section of the configuration that the file was made with.${didYouMean(name, names)}`,
  );
}

/** A convolution's last size is its kernel, its first ones are channels. */
function shapeAdvice(inFile: readonly number[], inModel: readonly number[]): string {
  const differs = inFile.map((size, i) => size !== inModel[i]);
  if (inFile.length === 3 && inModel.length === 3) {
    if (differs[2] && !differs[0] && !differs[1]) return `Set model.kernel to ${inFile[2]}.`;
    if (differs[0] && !differs[2]) return `Set model.channels to ${inFile[0]}.`;
  }
  return 'Use the model section of the configuration that the file was made with.';
}

/** The error of a good file that isn't this model's. */
export function mismatch(source: { path: string }, reason: string, advice: string): LockstepError {
  return new LockstepError(
    'CHECKPOINT_MISMATCH',
    `Cannot load "${source.path}" into the model: ${reason}.`,
    advice,
  );
}
