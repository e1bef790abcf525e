/** A session that runs one operation at a time. Between the verbs the state stays on the device. */
import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';
import type {
  ActivationRange,
  ApplyInput,
  MicroBatch,
  Program,
  Session,
  TrainState,
} from '../engine.ts';
import { finishSums, mergeLeaves } from '../leaf-vector.ts';
import { updateRunningStatistics } from '../running-statistics.ts';
import {
  type Backend,
  evaluationStep,
  forwardStep,
  gradientStep,
  inspectionStep,
  makeDecayMask,
  makeRates,
  splitBySlots,
  updateStep,
  uploadBatch,
} from './steps.ts';

interface DeviceState {
  /** Flat vectors, for the optimizer. */
  parameters: TfTensor;
  moments: readonly TfTensor[];
  /** Parameters and running statistics by name, for the forward pass. */
  byName: Map<string, TfTensor>;
}

/** The session of `engine.kind: eager` and `portable`. */
export class TfjsSession implements Session {
  readonly #backend: Backend;
  readonly #program: Program;
  readonly #decayMask: TfTensor;
  readonly #rates: TfTensor | undefined;
  #device: DeviceState | undefined;
  #statistics: Float32Array = new Float32Array();

  constructor(backend: Backend, program: Program) {
    this.#backend = backend;
    this.#program = program;
    this.#decayMask = this.#vector(makeDecayMask(program));
    const rates = makeRates(program);
    this.#rates = rates && this.#vector(rates);
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
    return this.#tidy(() => {
      const { byName } = this.#loaded();
      const leafTensor = gradientStep(
        this.#backend,
        this.#program,
        byName,
        uploadBatch(this.#backend.tf, batch),
      );
      const vector = leafTensor.dataSync() as Float32Array;
      return finishSums(vector, batch, leaf.sums, leaf.sumOffset);
    });
  }

  merge(left: Float32Array, right: Float32Array): Float32Array {
    return mergeLeaves(left, right);
  }

  apply({ total, learningRate, step, statisticsMomentum }: ApplyInput): void {
    const { leaf, state, update } = this.#program;
    const { tf } = this.#backend;
    const weight = total[leaf.sumOffset + 1]!;
    if (weight === 0) return;
    const device = this.#loaded();
    const updated = this.#tidy(() =>
      updateStep(this.#backend, this.#program, {
        parameters: device.parameters,
        moments: device.moments,
        gradient: this.#vector(total.subarray(0, state.parameterCount)),
        decayMask: this.#decayMask,
        rates: this.#rates,
        weight: tf.scalar(weight),
        scalars: update.scalars({ learningRate, step }).map((value) => tf.scalar(value)),
      }),
    );
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
    return this.#tidy(() => {
      const { byName } = this.#loaded();
      const sums = evaluationStep(
        this.#backend,
        this.#program,
        byName,
        uploadBatch(this.#backend.tf, batch),
      );
      const vector = sums.dataSync() as Float32Array;
      return finishSums(vector, batch, this.#program.leaf.sums, 0);
    });
  }

  forward(batch: MicroBatch): { shape: readonly number[]; data: Float32Array } {
    return this.#tidy(() => {
      const { byName } = this.#loaded();
      const outputs = forwardStep(
        this.#backend,
        this.#program,
        byName,
        uploadBatch(this.#backend.tf, batch),
      );
      return { shape: outputs.shape, data: outputs.dataSync().slice() as Float32Array };
    });
  }

  read(): TrainState {
    const device = this.#loaded();
    return {
      ...this.readWeights(),
      moments: device.moments.map((moment) => moment.dataSync().slice() as Float32Array),
    };
  }

  readWeights(): Pick<TrainState, 'parameters' | 'statistics'> {
    return {
      parameters: this.#loaded().parameters.dataSync().slice() as Float32Array,
      statistics: this.#statistics.slice(),
    };
  }

  inspect(batch: MicroBatch): ActivationRange[] {
    const ranges: ActivationRange[] = [];
    const onTap = (layer: string, x: TfTensor) => ranges.push(rangeOf(layer, x));
    this.#tidy(() => {
      const { byName } = this.#loaded();
      inspectionStep(
        this.#backend,
        this.#program,
        byName,
        uploadBatch(this.#backend.tf, batch),
        onTap,
      );
    });
    return ranges;
  }

  dispose(): void {
    this.#disposeDevice();
    this.#decayMask.dispose();
    this.#rates?.dispose();
  }

  #replaceDevice(parameters: TfTensor, moments: readonly TfTensor[]): void {
    const { state } = this.#program;
    const { tf } = this.#backend;
    const byName = new Map<string, TfTensor>();
    tf.tidy(() => {
      const statistics = this.#vector(this.#statistics);
      for (const named of [
        splitBySlots(tf, parameters, state.parameters),
        splitBySlots(tf, statistics, state.statistics),
      ]) {
        for (const [name, tensor] of named) byName.set(name, tf.keep(tensor));
      }
    });
    this.#disposeDevice();
    this.#device = { parameters, moments, byName };
  }

  #disposeDevice(): void {
    if (this.#device === undefined) return;
    const { parameters, moments, byName } = this.#device;
    this.#backend.tf.dispose([parameters, ...moments, ...byName.values()]);
    this.#device = undefined;
  }

  #loaded(): DeviceState {
    if (this.#device === undefined) throw new Error('the session has no state: call load() first');
    return this.#device;
  }

  #vector(values: Float32Array): TfTensor {
    return this.#backend.tf.tensor1d(values.slice());
  }

  /** Runs `f` and frees every tensor that it made but did not return or keep. */
  #tidy<T>(f: () => T): T {
    return this.#backend.tf.tidy(f as never) as T;
  }
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
