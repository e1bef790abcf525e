/** Numbers of a sequence, standardised by the training split. */
import { LockstepError } from '../../../core/errors.ts';
import { type NumberFacts, standardise } from '../../../data/format/target.ts';
import type { ForwardContext } from '../../../engine/engine.ts';
import type { Tensor } from '../../../engine/ops.ts';
import type { Objective } from '../objective.ts';
import { predictSequence, sequenceHead } from './head.ts';
import type { SupervisedOptions } from './options.ts';

/**
 * Loss sum over rows and numbers of e² or of Huber's loss, with e in standard deviations; weight rows · numbers. Their
 * ratio is what PyTorch's MSELoss and HuberLoss give. The baseline predicts the mean of the training split.
 * @throws LockstepError DATA_INVALID for a number that is the same in all training sequences
 */
export function regression(
  { loss = 'squared', delta = 1, pooling }: SupervisedOptions,
  numbers: readonly NumberFacts[],
): Objective {
  refuseConstant(numbers);
  const count = numbers.length;
  const linearFrom = loss === 'huber' ? delta : undefined;
  const totals = numbers.map((_, column) => `total${column}`);
  const predict = predictSequence(pooling);
  return {
    task: 'numbers',
    head: (channels) => sequenceHead(pooling, { channels, outputs: count }),
    sums: ['squares', 'meanLoss', 'targetSquares', 'sequences', ...totals],
    feeds: [{ name: 'targets', dtype: 'float32', shape: ['rows', count] }],
    prepare: ({ rows, targets }) => {
      const data = targets!.map((value, cell) => standardise(value, numbers[cell % count]!));
      const total = (term: (value: number) => number) =>
        data.reduce((sum, value) => sum + term(value), 0);
      return {
        feeds: { targets: { shape: [rows, count], data } },
        sums: {
          weight: rows * count,
          sequences: rows,
          meanLoss: total((value) => lossOf(value, linearFrom)),
          targetSquares: total((value) => value * value),
          ...Object.fromEntries(
            totals.map((name, column) => [name, columnSum(data, column, count)]),
          ),
        },
      };
    },
    loss: (context, features) => {
      const { ops, feed } = context;
      const errors = ops.sub(predict(context, features), feed('targets'));
      const squares = ops.mul(errors, errors);
      const losses = linearFrom === undefined ? squares : huber(context, errors, linearFrom);
      return { loss: ops.sum(losses), squares: ops.sum(squares) };
    },
    predict,
    metrics: (sums) => ({
      loss: {
        value: sums.loss! / sums.weight!,
        baselines: { trainingMean: sums.meanLoss! / sums.weight! },
      },
      r2: { value: explained(sums, totals) },
    }),
    headline: { metric: 'r2', better: 'higher' },
  };
}

/** e²/2 up to delta, then delta · (|e| − delta/2); the excess over delta is a relu, so all has a gradient. */
function huber({ ops }: ForwardContext, errors: Tensor, delta: number): Tensor {
  const size = ops.add(ops.relu(errors), ops.relu(ops.sub(ops.scalar(0), errors)));
  const excess = ops.relu(ops.sub(size, ops.scalar(delta)));
  const within = ops.sub(size, excess);
  return ops.add(
    ops.mul(ops.scalar(0.5), ops.mul(within, within)),
    ops.mul(ops.scalar(delta), excess),
  );
}

/** The loss of one error. */
function lossOf(error: number, delta: number | undefined): number {
  if (delta === undefined) return error * error;
  const within = Math.min(Math.abs(error), delta);
  return 0.5 * within * within + delta * (Math.abs(error) - within);
}

/**
 * R²: the share of the variance that the predictions explain, over all numbers in standard deviations. Where nothing
 * varies it is 0, or 1 for predictions without an error.
 */
function explained(sums: Readonly<Record<string, number>>, totals: readonly string[]): number {
  const ofMeans = totals.reduce((sum, name) => sum + sums[name]! ** 2, 0) / sums.sequences!;
  const variation = sums.targetSquares! - ofMeans;
  if (variation <= 0) return sums.squares === 0 ? 1 : 0;
  return 1 - sums.squares! / variation;
}

function columnSum(cells: Float32Array, column: number, columns: number): number {
  let sum = 0;
  for (let cell = column; cell < cells.length; cell += columns) sum += cells[cell]!;
  return sum;
}

function refuseConstant(numbers: readonly NumberFacts[]): void {
  const constant = numbers.find(({ deviation }) => deviation === 0);
  if (constant === undefined) return;
  throw new LockstepError(
    'DATA_INVALID',
    `The number "${constant.name}" is ${constant.mean} in all training sequences: there is nothing to learn.`,
    'Import the data without it, or with training sequences in which it differs.',
  );
}
