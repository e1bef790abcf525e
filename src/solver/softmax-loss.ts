/** The cross-entropy of a softmax over linear scores, with an L2 penalty: what logistic regression minimises. */
import { addScaled, dot, type Matrix, transpose } from './matrix.ts';
import type { Value } from './minimise.ts';
import { Multiplier } from './multiplier.ts';

export interface WhiteProblem {
  /** `[rows, columns]`, columns of mean 0. */
  readonly x: Matrix;
  /** `[rows]`: numbers in [0, classes). */
  readonly labels: ArrayLike<number>;
  readonly classes: number;
  /** What a row's scores z · xᵀ count in the penalty: (|z|² − curvature · Σ |z · xᵀ|²) / 2. */
  readonly curvature: number;
}

/**
 * The sum of all rows' cross-entropies and the penalty, and their gradient. With the curvature of equal probabilities
 * the Hessian begins as the identity.
 * @returns a function of `[classes, columns]` weights z, then `[classes]` intercepts times √(curvature · rows)
 */
export function whiteSoftmaxLoss({
  x,
  labels,
  classes,
  curvature,
}: WhiteProblem): (parameters: Float64Array) => Value {
  const { rows, columns } = x;
  const weights = classes * columns;
  const intercept = 1 / Math.sqrt(curvature * rows);
  const ofRows = new Multiplier(x, classes);
  const ofColumns = new Multiplier(transpose(x), classes);
  const scores = new Float64Array(classes * rows);
  const slopes = new Float64Array(classes * rows);
  const own = new Float64Array(classes);
  return (parameters) => {
    const gradient = new Float64Array(parameters.length);
    ofRows.multiply(parameters, scores);
    let value = 0;
    for (let row = 0; row < rows; row++) {
      for (let k = 0; k < classes; k++) {
        own[k] = scores[k * rows + row]! + intercept * parameters[weights + k]!;
      }
      const label = labels[row]!;
      const score = own[label]!;
      value += softmax(own) - score;
      own[label]! -= 1;
      for (let k = 0; k < classes; k++) {
        slopes[k * rows + row] = own[k]! - curvature * scores[k * rows + row]!;
        gradient[weights + k]! += intercept * own[k]!;
      }
    }
    ofColumns.multiply(slopes, gradient);
    addScaled(gradient, 0, 1, parameters, 0, weights);
    const penalty =
      dot(parameters, 0, parameters, 0, weights) -
      curvature * dot(scores, 0, scores, 0, scores.length);
    return { value: value + penalty / 2, gradient };
  };
}

/** Turns scores into probabilities, in place; returns the logarithm of the sum of their exponentials. */
export function softmax(scores: Float64Array): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < scores.length; k++) largest = Math.max(largest, scores[k]!);
  let sum = 0;
  for (let k = 0; k < scores.length; k++) {
    scores[k] = Math.exp(scores[k]! - largest);
    sum += scores[k]!;
  }
  for (let k = 0; k < scores.length; k++) scores[k]! /= sum;
  return largest + Math.log(sum);
}
