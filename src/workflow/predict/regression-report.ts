/** How near predicted numbers are, beside the mean of the training split. */
import { type NumberFacts, standardise } from '../../data/format/target.ts';
import { type LengthQuartile, lengthQuartiles } from './length-quartiles.ts';

export interface NumbersPrediction {
  readonly truths: ArrayLike<number>;
  readonly numbers: readonly number[];
  /** Timesteps of the sequence. */
  readonly length: number;
}

/** Errors in the number's own unit. */
export interface NumberErrors {
  /** Mean of the absolute errors. */
  readonly mae: number;
  /** Root of the mean square error. */
  readonly rmse: number;
}

export interface NumberScore extends NumberErrors {
  readonly name: string;
  /** Share of the variance that is explained; 0 where nothing varies and something is wrong. */
  readonly r2: number;
  /** Of predicting the mean of the training split. */
  readonly trainingMean: NumberErrors;
}

export interface RegressionReport {
  readonly sequences: number;
  /** Over all numbers, each in its standard deviations of the training split. */
  readonly r2: number;
  readonly numbers: readonly NumberScore[];
  /** By quarter of the sequences, shortest first. */
  readonly byLengthQuartile: readonly (LengthQuartile & { readonly r2: number })[];
}

/** @param predictions at least one */
export function regressionReport(
  predictions: readonly NumbersPrediction[],
  facts: readonly NumberFacts[],
): RegressionReport {
  return {
    sequences: predictions.length,
    r2: pooledR2(predictions, facts),
    numbers: facts.map((one, column) => scoreOf(predictions, one, column)),
    byLengthQuartile: lengthQuartiles(predictions, (part) => ({ r2: pooledR2(part, facts) })),
  };
}

function scoreOf(
  predictions: readonly NumbersPrediction[],
  { name, mean }: NumberFacts,
  column: number,
): NumberScore {
  const truths = predictions.map((one) => one.truths[column]!);
  const found = predictions.map((one) => one.numbers[column]!);
  return {
    name,
    r2: r2Of(squaredErrors(truths, found), variation(truths)),
    ...errorsOf(truths, found),
    trainingMean: errorsOf(
      truths,
      truths.map(() => mean),
    ),
  };
}

function errorsOf(truths: readonly number[], found: readonly number[]): NumberErrors {
  const absolute = truths.reduce((sum, truth, i) => sum + Math.abs(truth - found[i]!), 0);
  const squares = squaredErrors(truths, found);
  return { mae: absolute / truths.length, rmse: Math.sqrt(squares / truths.length) };
}

function pooledR2(
  predictions: readonly NumbersPrediction[],
  facts: readonly NumberFacts[],
): number {
  let [errors, total] = [0, 0];
  facts.forEach((one, column) => {
    const scaled = (of: (prediction: NumbersPrediction) => number) =>
      predictions.map((prediction) => standardise(of(prediction), one));
    const truths = scaled((prediction) => prediction.truths[column]!);
    errors += squaredErrors(
      truths,
      scaled((prediction) => prediction.numbers[column]!),
    );
    total += variation(truths);
  });
  return r2Of(errors, total);
}

function squaredErrors(truths: readonly number[], found: readonly number[]): number {
  return truths.reduce((sum, truth, i) => sum + (truth - found[i]!) ** 2, 0);
}

/** Squared distances from the mean. */
function variation(truths: readonly number[]): number {
  const mean = truths.reduce((a, b) => a + b, 0) / truths.length;
  return truths.reduce((sum, truth) => sum + (truth - mean) ** 2, 0);
}

const r2Of = (errors: number, variation: number): number =>
  variation === 0 ? Number(errors === 0) : 1 - errors / variation;
