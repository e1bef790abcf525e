/** Records a step of a session at several shapes and generalises it to every shape. */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { FeedDescription, Program } from '../engine.ts';
import {
  type Backend,
  type BatchTensors,
  makeDecayMask,
  makeRates,
  type NamedTensors,
  splitBySlots,
  updateStep,
} from '../tfjs/steps.ts';
import type { NodeBackend } from './binding.ts';
import type { Dimensions } from './graph/expression.ts';
import { type GeneralRecording, generalise } from './graph/generalise.ts';
import { record } from './graph/record.ts';
import { shapesFor } from './graph/strided-shapes.ts';

/** A kind of micro-batch with its own operations, and so with its own recording. */
export interface StepVariant {
  /** Without padding, the recording has no operations for it. */
  readonly isPadded: boolean;
  /** At least `LONG` timesteps: formulations may differ. */
  readonly isLong: boolean;
}

/** A recorded step. Its inputs are its feeds, `lengths`, `padding`, `parameters` and `statistics`. */
export interface RecordedStep {
  readonly feeds: readonly FeedDescription[];
  readonly variant: StepVariant;
  /** Of the coarser activations: `coarseLength(stride)` is one of the recording's dimensions. */
  readonly strides: readonly number[];
  readonly recording: GeneralRecording;
}

type BatchStep = (
  backend: Backend,
  program: Program,
  named: NamedTensors,
  batch: BatchTensors,
) => Tensor;

/**
 * Two shapes propose how constants depend on the dimensions, the others check it. One has a single row, where
 * broadcasting could take another path. Primes, so that no two products are equal. Small, since recording
 * also computes.
 */
const SHAPES: readonly Dimensions[] = [
  { rows: 3, length: 257, positions: 29, padding: 5 },
  { rows: 5, length: 163, positions: 41, padding: 11 },
  { rows: 2, length: 311, positions: 17, padding: 13 },
  { rows: 1, length: 281, positions: 19, padding: 7 },
];
const LONGER = 400;

/**
 * Records one verb for one kind of micro-batch.
 * @throws LockstepError ENGINE_CANNOT_COMPILE, which names the operation that depends on the micro-batch
 */
export function recordBatchStep(
  backend: Backend,
  node: NodeBackend,
  program: Program,
  { feeds, variant }: Pick<RecordedStep, 'feeds' | 'variant'>,
  step: BatchStep,
): RecordedStep {
  const strides = new Set<number>();
  const recorded = (dimensions: Dimensions, index: number) => ({
    dimensions,
    recording: inTidy(backend, () => {
      const { inputs, batch: given } = batchInputs(backend, feeds, dimensions);
      const batch = { ...given, strides, isLong: variant.isLong };
      const state = stateInputs(backend, program);
      const run = () => {
        const { tf } = backend;
        const named = new Map([
          ...splitBySlots(tf, state.get('parameters')!, program.state.parameters),
          ...splitBySlots(tf, state.get('statistics')!, program.state.statistics),
        ]);
        return [step(backend, program, named, batch)];
      };
      // A refusal names its place by the first recording.
      return record(node, new Map([...inputs, ...state]), run, index === 0);
    }),
  });
  const shapes = SHAPES.map((shape) => ({
    ...shape,
    length: shape.length! + (variant.isLong ? LONGER : 0),
    padding: variant.isPadded ? shape.padding! : 0,
  }));
  // The first recording says which strides there are.
  const first = recorded(shapes[0]!, 0);
  if (strides.size === 0) {
    const others = shapes.slice(1).map((shape, index) => recorded(shape, index + 1));
    return { feeds, variant, strides: [], recording: generalise([first, ...others]) };
  }
  const all = [...strides];
  const recordings = shapesFor(shapes, all).map((shape, index) => recorded(shape, index));
  return { feeds, variant, strides: all, recording: generalise(recordings) };
}

/**
 * Records the update. Its inputs are `parameters`, `moment<i>`, `gradient`, `decayMask`, `rates` where there are any,
 * `weight`, `scalar<i>`.
 */
export function recordUpdate(
  backend: Backend,
  node: NodeBackend,
  program: Program,
): GeneralRecording {
  const { tf } = backend;
  const { update, state } = program;
  return inTidy(backend, () => {
    const vector = () => tf.zeros([state.parameterCount]);
    const rates = makeRates(program);
    const input = {
      parameters: vector(),
      moments: Array.from({ length: update.momentCount }, vector),
      gradient: vector(),
      decayMask: tf.tensor1d(makeDecayMask(program)),
      ...(rates && { rates: tf.tensor1d(rates) }),
      weight: tf.scalar(1),
      scalars: update.scalars({ learningRate: 0, step: 1 }).map(() => tf.scalar(1)),
    };
    const { moments, scalars, ...rest } = input;
    const inputs = new Map<string, Tensor>([
      ...Object.entries(rest),
      ...moments.map((moment, index) => [`moment${index}`, moment] as const),
      ...scalars.map((scalar, index) => [`scalar${index}`, scalar] as const),
    ]);
    return record(node, inputs, () => updateStep(backend, program, input));
  });
}

/** Zeros, since the operations of a step do not depend on values. */
function batchInputs(
  { tf }: Backend,
  feeds: readonly FeedDescription[],
  dimensions: Dimensions,
): { inputs: Map<string, Tensor>; batch: BatchTensors } {
  const { rows, length, padding } = dimensions as { rows: number; length: number; padding: number };
  const zeros = ({ dtype, shape }: FeedDescription) =>
    tf.zeros(
      shape.map((size) => (typeof size === 'number' ? size : dimensions[size]!)),
      dtype,
    );
  const given = new Map(feeds.map((feed) => [feed.name, zeros(feed)]));
  const lengths = tf.fill([rows], length, 'int32');
  const paddingPositions = tf.zeros([padding], 'int32');
  return {
    inputs: new Map([...given, ['lengths', lengths], ['padding', paddingPositions]]),
    batch: { rows, paddedLength: length, lengths, padding: paddingPositions, feeds: given },
  };
}

function stateInputs({ tf }: Backend, { state }: Program): Map<string, Tensor> {
  return new Map([
    ['parameters', tf.zeros([state.parameterCount])],
    ['statistics', tf.zeros([state.statisticCount])],
  ]);
}

function inTidy<T>({ tf }: Backend, f: () => T): T {
  return tf.tidy(f as never) as T;
}
