/** The cross-entropy of a softmax over linear scores, with an L2 penalty: what logistic regression minimises. */
import { addScaled, dot, type Matrix } from './matrix.ts';
import type { Value } from './minimise.ts';

export interface SoftmaxProblem {
  /** `[rows, columns]`. */
  readonly x: Matrix;
  /** `[rows]`: numbers in [0, classes). */
  readonly labels: ArrayLike<number>;
  readonly classes: number;
  /** The penalty is l2 / 2 · |weights|². */
  readonly l2: number;
}

/**
 * The sum of all rows' cross-entropies and the penalty, and their gradient.
 * @param parameters `[classes, columns]` weights, then `[classes]` intercepts, which have no penalty
 */
export function softmaxLoss(problem: SoftmaxProblem, parameters: Float64Array): Value {
  const { x, labels, classes, l2 } = problem;
  const width = x.columns;
  const gradient = new Float64Array(parameters.length);
  const scores = new Float64Array(classes);
  let value = 0;
  for (let row = 0; row < x.rows; row++) {
    linearScores(parameters, x, row, scores);
    const label = labels[row]!;
    const score = scores[label]!;
    value += softmax(scores) - score;
    scores[label]! -= 1;
    for (let k = 0; k < classes; k++) {
      addScaled(gradient, k * width, scores[k]!, x.values, row * width, width);
      gradient[classes * width + k]! += scores[k]!;
    }
  }
  const weights = classes * width;
  addScaled(gradient, 0, l2, parameters, 0, weights);
  return { value: value + (l2 / 2) * dot(parameters, 0, parameters, 0, weights), gradient };
}

/** Writes the score of each class for a row. */
export function linearScores(
  parameters: Float64Array,
  { columns: width, values }: Matrix,
  row: number,
  scores: Float64Array,
): void {
  const intercepts = scores.length * width;
  for (let k = 0; k < scores.length; k++) {
    scores[k] =
      dot(parameters, k * width, values, row * width, width) + parameters[intercepts + k]!;
  }
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
