/**
 * What a session computes, as functions of tensors: an eager session calls them, a compiled session records them
 * once. The tensors that they make belong to the caller's tidy scope.
 */
import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';
import {
  DROPOUT_FEED,
  type Feed,
  type ForwardContext,
  type MicroBatch,
  type Program,
  type Slot,
} from '../engine.ts';
import type { Formulations } from '../formulations.ts';
import type { Tensor } from '../ops.ts';
import {
  type BatchContext,
  type BatchShape,
  type BatchStatistics,
  makeBatchContext,
  paddingOf,
} from './batch-context.ts';
import type { Kernels } from './kernels.ts';
import type { TfjsLibrary } from './library.ts';
import { makeElementwiseOps, makeOps, unwrap, wrap } from './ops.ts';

/** The library and the kernels with which a step computes. */
export interface Backend {
  readonly tf: TfjsLibrary;
  readonly kernels: Kernels;
  readonly formulations: Formulations;
}

/** A micro-batch on the device. */
export interface BatchTensors extends BatchShape {
  readonly feeds: ReadonlyMap<string, TfTensor>;
}

/** Parameters and running statistics by name. */
export type NamedTensors = ReadonlyMap<string, TfTensor>;

/** Copies a micro-batch onto the device. */
export function uploadBatch(tf: TfjsLibrary, batch: MicroBatch): BatchTensors {
  const { rows, paddedLength, lengths, feeds } = batch;
  const integers = (data: Int32Array) => tf.tensor1d(data, 'int32');
  const tensor = ({ data, shape }: Feed) =>
    tf.tensor(data, [...shape], data instanceof Int32Array ? 'int32' : 'float32');
  return {
    rows,
    paddedLength,
    lengths: integers(lengths),
    padding: integers(paddingOf(batch)),
    feeds: new Map(Object.entries(feeds).map(([name, feed]) => [name, tensor(feed)])),
  };
}

/** One leaf without the host's sums: `[leaf.size]`. */
export function gradientStep(
  backend: Backend,
  program: Program,
  named: NamedTensors,
  batch: BatchTensors,
): TfTensor {
  return leafVector(backend, program, differentiate(backend, program, named, batch));
}

/** The parts of a leaf. tfjs keeps the sums and statistics; the caller must dispose of them. */
export interface Differentiated {
  /** In the order of the parameters. */
  readonly gradients: readonly TfTensor[];
  /** In the order of `leaf.sums`. */
  readonly sums: readonly TfTensor[];
  readonly statistics: ReadonlyMap<string, BatchStatistics>;
  /** What the passes needed. */
  readonly kept: readonly TfTensor[];
}

/** A training forward pass and its backward pass. */
export function differentiate(
  backend: Backend,
  program: Program,
  named: NamedTensors,
  batch: BatchTensors,
): Differentiated {
  const { tf } = backend;
  const { leaf, state } = program;
  const context = trainingContext(backend, batch);
  const parameters = state.parameters.map(({ name }) => find(named, name));
  const sums: TfTensor[] = [];
  const { grads } = tf.engine().gradients(
    () => {
      const all = program.sums(forwardContext(backend, named, batch, context));
      for (const name of leaf.sums) sums.push(tf.keep(sumOf(tf, all, name)));
      return unwrap(all.loss!) as never;
    },
    parameters,
    undefined,
    true,
  );
  const gradients = parameters.map(
    (parameter, index) => (grads[index] as TfTensor | undefined) ?? tf.zerosLike(parameter),
  );
  return { gradients, sums, statistics: context.statistics, kept: context.kept };
}

/** Lays the parts out as one leaf, and disposes of the kept ones. */
export function leafVector(
  { tf }: Backend,
  { leaf }: Program,
  { gradients, sums, statistics, kept }: Differentiated,
): TfTensor {
  const flat = (tensor: TfTensor) => tf.reshape(tensor, [-1]);
  const ofNorms = leaf.normLayers.flatMap(({ name, channels }) => {
    const found = statistics.get(name);
    if (found === undefined) return [tf.zeros([1 + 2 * channels])];
    return [flat(found.count), found.countTimesMean, found.countTimesVariance];
  });
  const vector = tf.concat([...gradients.map(flat), ...sums.map(flat), ...ofNorms]);
  tf.dispose([...sums, ...keptBy(statistics.values()), ...kept]);
  return vector;
}

/** The objective's sums, with running statistics, in the order of `leaf.sums`. */
export function evaluationStep(
  backend: Backend,
  program: Program,
  named: NamedTensors,
  batch: BatchTensors,
): TfTensor {
  const { tf, kernels } = backend;
  const context = makeBatchContext(tf, kernels, batch, { training: false });
  const all = program.sums(forwardContext(backend, named, batch, context));
  return tf.concat(program.leaf.sums.map((name) => tf.reshape(sumOf(tf, all, name), [-1])));
}

/** The model's outputs with running statistics: `[rows, outputs]`. */
export function forwardStep(
  backend: Backend,
  program: Program,
  named: NamedTensors,
  batch: BatchTensors,
): TfTensor {
  const { tf, kernels } = backend;
  if (program.outputs === undefined) throw new Error('this program predicts nothing');
  const context = makeBatchContext(tf, kernels, batch, { training: false });
  return unwrap(program.outputs(forwardContext(backend, named, batch, context)));
}

/** One training forward pass that reports every tapped activation. */
export function inspectionStep(
  backend: Backend,
  program: Program,
  named: NamedTensors,
  batch: BatchTensors,
  onTap: (layer: string, x: TfTensor) => void,
): void {
  const { tf } = backend;
  const context = trainingContext(backend, batch, onTap);
  program.sums(forwardContext(backend, named, batch, context));
  tf.dispose([...keptBy(context.statistics.values()), ...context.kept]);
}

/** The input of one update, on the device. */
export interface UpdateTensors {
  /** `[parameterCount]`, like moments and gradient; `gradient` is the gradient of the loss sum. */
  readonly parameters: TfTensor;
  readonly moments: readonly TfTensor[];
  readonly gradient: TfTensor;
  readonly decayMask: TfTensor;
  /** `[parameterCount]`: factors of the learning rate; all 1 when absent. */
  readonly rates?: TfTensor | undefined;
  /** The normaliser of the loss, a scalar. */
  readonly weight: TfTensor;
  readonly scalars: readonly TfTensor[];
}

/** One update: the new parameters, then the new moments. */
export function updateStep(
  { tf, kernels }: Backend,
  program: Program,
  { parameters, moments, gradient, decayMask, rates, weight, scalars }: UpdateTensors,
): TfTensor[] {
  const { add, sub, mul, div, isPositive } = kernels;
  const mean = div(gradient, weight);
  const result = program.update.apply(makeElementwiseOps(tf, kernels), {
    parameters: wrap(parameters),
    // The norm that clips is that of what is trained.
    gradient: wrap(rates === undefined ? mean : mul(mean, isPositive(rates))),
    moments: moments.map(wrap),
    decayMask: wrap(decayMask),
    scalars: scalars.map(wrap),
  });
  const [updated, ...updatedMoments] = [result.parameters, ...result.moments].map(unwrap);
  // An update is the learning rate times something, so a part of it is the update at a part of the rate.
  const scaled =
    rates === undefined ? updated! : add(parameters, mul(rates, sub(updated!, parameters)));
  return [scaled, ...updatedMoments];
}

/** The factors of the learning rate, `[parameterCount]`; undefined where all are 1. */
export function makeRates({ state, rateOf }: Program): Float32Array | undefined {
  if (rateOf === undefined) return undefined;
  const rates = new Float32Array(state.parameterCount);
  for (const slot of state.parameters) {
    rates.fill(rateOf(slot), slot.offset, slot.offset + slot.size);
  }
  return rates;
}

/** 1 where weight decay applies, else 0: `[parameterCount]`. */
export function makeDecayMask({ state, update, trains }: Program): Float32Array {
  const mask = new Float32Array(state.parameterCount);
  for (const slot of state.parameters) {
    if (trains(slot) && update.decays(slot)) mask.fill(1, slot.offset, slot.offset + slot.size);
  }
  return mask;
}

/** Splits a flat vector into its slots. */
export function splitBySlots(
  tf: TfjsLibrary,
  flat: TfTensor,
  slots: readonly Slot[],
): Map<string, TfTensor> {
  if (slots.length === 0) return new Map();
  const sizes = slots.map((slot) => slot.size);
  const parts = tf.split(flat, sizes);
  return new Map(
    slots.map(({ name, shape }, index) => [name, tf.reshape(parts[index]!, [...shape])]),
  );
}

function trainingContext(
  { tf, kernels }: Backend,
  batch: BatchTensors,
  onTap?: (layer: string, x: TfTensor) => void,
): BatchContext {
  const dropoutKeys = batch.feeds.get(DROPOUT_FEED);
  const options = { training: true, ...(onTap && { onTap }) };
  return makeBatchContext(tf, kernels, { ...batch, dropoutKeys }, options);
}

function forwardContext(
  { tf, kernels, formulations }: Backend,
  named: NamedTensors,
  batch: BatchTensors,
  context: BatchContext,
): ForwardContext {
  return {
    ops: makeOps(tf, kernels, context, formulations),
    parameter: (name) => wrap(find(named, name)),
    hasFeed: (name) => batch.feeds.has(name),
    feed: (name) => wrap(find(batch.feeds, name)),
  };
}

function find(tensors: ReadonlyMap<string, TfTensor>, name: string): TfTensor {
  const tensor = tensors.get(name);
  if (tensor === undefined) throw new Error(`there is no tensor "${name}"`);
  return tensor;
}

function sumOf(tf: TfjsLibrary, sums: Readonly<Record<string, Tensor>>, name: string): TfTensor {
  const sum = sums[name];
  return sum === undefined ? tf.scalar(0) : unwrap(sum);
}

/** The tensors of the statistics, to be kept: the gradients' scope would otherwise dispose of them. */
function keptBy(statistics: Iterable<BatchStatistics>): TfTensor[] {
  return [...statistics].flatMap((found) => [found.countTimesMean, found.countTimesVariance]);
}
