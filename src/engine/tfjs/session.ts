/** A session whose operations run one by one; the state stays on the device between the verbs. */
import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';
import { addCanonical, flushSubnormals } from '../../collective/canonical-sum.ts';
import type {
  ActivationRange,
  ApplyInput,
  Feed,
  ForwardContext,
  MicroBatch,
  Program,
  Session,
  Slot,
  TrainState,
} from '../engine.ts';
import type { Tensor } from '../ops.ts';
import { updateRunningStatistics } from '../running-statistics.ts';
import { type BatchContext, makeBatchContext } from './batch-context.ts';
import type { Kernels } from './kernels.ts';
import type { TfjsLibrary } from './library.ts';
import { makeElementwiseOps, makeOps, unwrap, wrap } from './ops.ts';

interface DeviceState {
  /** Flat, for the optimizer. */
  parameters: TfTensor;
  moments: readonly TfTensor[];
  /** Parameters and running statistics by name, for the forward pass. */
  byName: Map<string, TfTensor>;
}

export class TfjsSession implements Session {
  readonly #tf: TfjsLibrary;
  readonly #kernels: Kernels;
  readonly #program: Program;
  readonly #decayMask: TfTensor;
  #device: DeviceState | undefined;
  #statistics: Float32Array = new Float32Array();

  constructor(tf: TfjsLibrary, kernels: Kernels, program: Program) {
    this.#tf = tf;
    this.#kernels = kernels;
    this.#program = program;
    this.#decayMask = this.#vector(makeDecayMask(program));
  }

  load(state: TrainState): void {
    this.#statistics = state.statistics.slice();
    this.#replaceDevice(
      this.#vector(state.parameters),
      state.moments.map((m) => this.#vector(m)),
    );
  }

  gradients(batch: MicroBatch): Float32Array {
    const { leaf } = this.#program;
    const kept: TfTensor[] = [];
    return this.#tidy(() => {
      const context = makeBatchContext(this.#tf, batch, { training: true });
      const parameters = this.#program.state.parameters.map((slot) => this.#tensor(slot.name));
      const { grads } = this.#tf.engine().gradients(
        () => {
          const sums = this.#program.sums(this.#forwardContext(batch, context));
          for (const name of leaf.sums) kept.push(this.#tf.keep(this.#sum(sums, name)));
          return unwrap(sums.loss!) as never;
        },
        parameters,
        undefined,
        true,
      );
      const gradient = parameters.map((parameter, index) =>
        this.#flat((grads[index] as TfTensor | undefined) ?? this.#tf.zerosLike(parameter)),
      );
      const statistics = this.#takeStatistics(context, kept);
      const parts = [...gradient, ...kept.slice(0, leaf.sums.length).map((t) => this.#flat(t))];
      const vector = this.#tf.concat([...parts, ...statistics]).dataSync() as Float32Array;
      this.#tf.dispose(kept);
      addHostSums(vector, batch, leaf.sums, leaf.sumOffset);
      flushSubnormals(vector);
      return vector;
    });
  }

  merge(left: Float32Array, right: Float32Array): Float32Array {
    const sum = new Float32Array(left.length);
    addCanonical(sum, left, right);
    return sum;
  }

  apply({ total, learningRate, step, statisticsMomentum }: ApplyInput): void {
    const { leaf, state, update } = this.#program;
    const weight = total[leaf.sumOffset + 1]!;
    if (weight === 0) return;
    const device = this.#loaded();
    const updated = this.#tidy(() => {
      const sum = this.#vector(total.subarray(0, state.parameterCount));
      const result = update.apply(makeElementwiseOps(this.#tf, this.#kernels), {
        parameters: wrap(device.parameters),
        gradient: wrap(this.#kernels.div(sum, this.#tf.scalar(weight))),
        moments: device.moments.map(wrap),
        decayMask: wrap(this.#decayMask),
        learningRate,
        step,
      });
      return [result.parameters, ...result.moments].map(unwrap);
    });
    const [parameters, ...moments] = updated as [TfTensor, ...TfTensor[]];
    this.#statistics = updateRunningStatistics(
      this.#statistics,
      total,
      { state, leaf },
      statisticsMomentum,
    );
    this.#replaceDevice(parameters, moments);
  }

  evaluate(batch: MicroBatch): Float32Array {
    const { leaf } = this.#program;
    return this.#tidy(() => {
      const context = makeBatchContext(this.#tf, batch, { training: false });
      const sums = this.#program.sums(this.#forwardContext(batch, context));
      const values = this.#tf.concat(leaf.sums.map((name) => this.#flat(this.#sum(sums, name))));
      const vector = addHostSums(values.dataSync() as Float32Array, batch, leaf.sums, 0);
      flushSubnormals(vector);
      return vector;
    });
  }

  forward(batch: MicroBatch): { shape: readonly number[]; data: Float32Array } {
    return this.#tidy(() => {
      const context = makeBatchContext(this.#tf, batch, { training: false });
      const outputs = unwrap(this.#program.outputs(this.#forwardContext(batch, context)));
      return { shape: outputs.shape, data: outputs.dataSync().slice() as Float32Array };
    });
  }

  read(): TrainState {
    const device = this.#loaded();
    return {
      parameters: device.parameters.dataSync().slice() as Float32Array,
      statistics: this.#statistics.slice(),
      moments: device.moments.map((moment) => moment.dataSync().slice() as Float32Array),
    };
  }

  inspect(batch: MicroBatch): ActivationRange[] {
    const ranges: ActivationRange[] = [];
    const onTap = (layer: string, x: TfTensor) => ranges.push(rangeOf(layer, x));
    const kept: TfTensor[] = [];
    this.#tidy(() => {
      const context = makeBatchContext(this.#tf, batch, { training: true, onTap });
      this.#program.sums(this.#forwardContext(batch, context));
      this.#takeStatistics(context, kept);
    });
    this.#tf.dispose(kept);
    return ranges;
  }

  dispose(): void {
    this.#disposeDevice();
    this.#decayMask.dispose();
  }

  #forwardContext(batch: MicroBatch, context: BatchContext): ForwardContext {
    return {
      ops: makeOps(this.#tf, this.#kernels, context),
      parameter: (name) => wrap(this.#tensor(name)),
      hasFeed: (name) => name in batch.feeds,
      feed: (name) => {
        const feed = batch.feeds[name];
        if (feed === undefined) throw new Error(`the micro-batch has no input "${name}"`);
        return wrap(this.#upload(feed));
      },
    };
  }

  /** BatchNorm's part of a leaf; the tensors end up in `kept`, for the caller to dispose. */
  #takeStatistics(context: BatchContext, kept: TfTensor[]): TfTensor[] {
    return this.#program.leaf.normLayers.flatMap(({ name, channels }) => {
      const statistics = context.statistics.get(name);
      if (statistics === undefined) return [this.#tf.zeros([1 + 2 * channels])];
      kept.push(statistics.countTimesMean, statistics.countTimesVariance);
      const count = this.#tf.tensor1d([statistics.count]);
      return [count, statistics.countTimesMean, statistics.countTimesVariance];
    });
  }

  #sum(sums: Readonly<Record<string, Tensor>>, name: string): TfTensor {
    const sum = sums[name];
    return sum === undefined ? this.#tf.scalar(0) : unwrap(sum);
  }

  #replaceDevice(parameters: TfTensor, moments: readonly TfTensor[]): void {
    const { state } = this.#program;
    const byName = new Map<string, TfTensor>();
    this.#tf.tidy(() => {
      const keep = (flat: TfTensor, slots: readonly Slot[]) => {
        const parts =
          slots.length === 0
            ? []
            : this.#tf.split(
                flat,
                slots.map((s) => s.size),
              );
        for (const [index, { name, shape }] of slots.entries()) {
          byName.set(name, this.#tf.keep(this.#tf.reshape(parts[index]!, [...shape])));
        }
      };
      keep(parameters, state.parameters);
      keep(this.#vector(this.#statistics), state.statistics);
    });
    this.#disposeDevice();
    this.#device = { parameters, moments, byName };
  }

  #disposeDevice(): void {
    if (this.#device === undefined) return;
    const { parameters, moments, byName } = this.#device;
    this.#tf.dispose([parameters, ...moments, ...byName.values()]);
    this.#device = undefined;
  }

  #loaded(): DeviceState {
    if (this.#device === undefined) throw new Error('the session has no state: call load() first');
    return this.#device;
  }

  #tensor(name: string): TfTensor {
    const tensor = this.#loaded().byName.get(name);
    if (tensor === undefined) throw new Error(`the model has no parameter "${name}"`);
    return tensor;
  }

  #upload({ data, shape }: Feed): TfTensor {
    return this.#tf.tensor(data, [...shape], data instanceof Int32Array ? 'int32' : 'float32');
  }

  #vector(values: Float32Array): TfTensor {
    return this.#tf.tensor1d(values.slice());
  }

  #flat(tensor: TfTensor): TfTensor {
    return this.#tf.reshape(tensor, [-1]);
  }

  /** Runs `f`, freeing every tensor that it made but did not return or keep. */
  #tidy<T>(f: () => T): T {
    return this.#tf.tidy(f as never) as T;
  }
}

function makeDecayMask({ state, update, trains }: Program): Float32Array {
  const mask = new Float32Array(state.parameterCount);
  for (const slot of state.parameters) {
    if (trains(slot) && update.decays(slot)) mask.fill(1, slot.offset, slot.offset + slot.size);
  }
  return mask;
}

function addHostSums(
  vector: Float32Array,
  batch: MicroBatch,
  names: readonly string[],
  offset: number,
): Float32Array {
  for (const [name, value] of Object.entries(batch.hostSums)) {
    const position = names.indexOf(name);
    if (position < 0) throw new Error(`the objective has no sum "${name}"`);
    vector[offset + position]! += value;
  }
  return vector;
}

function rangeOf(layer: string, x: TfTensor): ActivationRange {
  let minimum = Number.POSITIVE_INFINITY;
  let maximum = Number.NEGATIVE_INFINITY;
  let nonFinite = 0;
  for (const value of x.dataSync()) {
    if (!Number.isFinite(value)) nonFinite++;
    else {
      if (value < minimum) minimum = value;
      if (value > maximum) maximum = value;
    }
  }
  const shape = x.rank === 4 ? [x.shape[0]!, x.shape[2]!, x.shape[3]!] : x.shape;
  return { layer, shape, minimum, maximum, nonFinite };
}
