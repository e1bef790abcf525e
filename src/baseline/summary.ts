/** Summary statistics of real values: one row of features a sequence. */
import type { DualModel } from '../solver/gram-factor.ts';
import {
  gramOfRows,
  type Matrix,
  matrix,
  multiply,
  multiplyByTransposed,
} from '../solver/matrix.ts';
import { channelOf } from './channel.ts';
import type { Inputs } from './linear.ts';

/** Timesteps apart at which a channel is compared with itself. */
const LAGS = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32];
const QUANTILES = [0.25, 0.5, 0.75];

/**
 * Of each channel: mean, deviation, minimum, maximum, quartiles, skewness, excess kurtosis, slope over the whole
 * length, autocorrelations, mean absolute and root mean square difference of neighbours, share of missing values. Then
 * the logarithm of the length. Missing values are left out; what cannot be told is 0.
 * @param values `[length · channels]`, NaN where a value is missing
 */
export function summaryOf(values: ArrayLike<number>, channels: number): number[] {
  const features: number[] = [];
  for (let channel = 0; channel < channels; channel++) {
    features.push(...channelSummary(channelOf(values, channel, channels)));
  }
  return [...features, Math.log(values.length / channels)].map((value) =>
    Number.isFinite(value) ? value : 0,
  );
}

function channelSummary(values: Float64Array): number[] {
  const present = values.filter((value) => !Number.isNaN(value));
  const sorted = present.toSorted();
  const mean = meanOf(present);
  const central = (power: number) => meanOf(present.map((value) => (value - mean) ** power));
  const variance = central(2);
  return [
    mean,
    Math.sqrt(variance),
    sorted[0] ?? 0,
    sorted.at(-1) ?? 0,
    ...QUANTILES.map((share) => quantileOf(sorted, share)),
    central(3) / variance ** 1.5,
    central(4) / variance ** 2 - 3,
    slopeOf(values, mean),
    ...LAGS.map((lag) => autocorrelation(values, mean, lag)),
    ...differencesOf(values),
    1 - present.length / values.length,
  ];
}

function meanOf(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}

/** Between the two nearest values, as NumPy's. */
function quantileOf(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1);
  const low = Math.floor(at);
  const [a, b] = [sorted[low]!, sorted[Math.min(low + 1, sorted.length - 1)]!];
  return a + (at - low) * (b - a);
}

/** Of the straight line with the least squares, over time from 0 to 1. */
function slopeOf(values: Float64Array, mean: number): number {
  const times = values.map((value, t) => (Number.isNaN(value) ? Number.NaN : t));
  const middle = meanOf(times.filter((time) => !Number.isNaN(time)));
  let [products, squares] = [0, 0];
  for (let t = 0; t < values.length; t++) {
    if (Number.isNaN(values[t]!)) continue;
    products += (t - middle) * (values[t]! - mean);
    squares += (t - middle) ** 2;
  }
  return (products / squares) * (values.length - 1);
}

function autocorrelation(values: Float64Array, mean: number, lag: number): number {
  let [products, squares] = [0, 0];
  for (let t = 0; t < values.length; t++) {
    const distance = values[t]! - mean;
    if (Number.isNaN(distance)) continue;
    squares += distance * distance;
    const later = (values[t + lag] ?? Number.NaN) - mean;
    if (!Number.isNaN(later)) products += distance * later;
  }
  return products / squares;
}

function differencesOf(values: Float64Array): [meanAbsolute: number, rootMeanSquare: number] {
  let [absolute, squares, count] = [0, 0, 0];
  for (let t = 1; t < values.length; t++) {
    const difference = values[t]! - values[t - 1]!;
    if (Number.isNaN(difference)) continue;
    absolute += Math.abs(difference);
    squares += difference * difference;
    count++;
  }
  return [absolute / count, Math.sqrt(squares / count)];
}

/** The features, of mean 0 and deviation 1 over the training sequences of a draw. */
export function summaryInputs(summaries: readonly (readonly number[])[]): Inputs {
  const standardised = (training: Int32Array, places: Int32Array): Matrix => {
    const columns = summaries[0]!.length;
    const result = matrix(places.length, columns);
    for (let j = 0; j < columns; j++) {
      const seen = Float64Array.from(training, (place) => summaries[place]![j]!);
      const mean = meanOf(seen);
      const deviation = Math.sqrt(meanOf(seen.map((value) => (value - mean) ** 2))) || 1;
      for (let i = 0; i < places.length; i++) {
        result.values[i * columns + j] = (summaries[places[i]!]![j]! - mean) / deviation;
      }
    }
    return result;
  };
  return {
    gram: (places) => gramOfRows(standardised(places, places)),
    scores(model, training, places) {
      const weights = multiply(model.coefficients, standardised(training, training));
      const scores = multiplyByTransposed(standardised(training, places), weights);
      return withIntercepts(scores, model);
    },
  };
}

function withIntercepts({ rows, columns, values }: Matrix, { intercepts }: DualModel): Matrix {
  return matrix(
    rows,
    columns,
    values.map((value, at) => value + intercepts[at % columns]!),
  );
}
