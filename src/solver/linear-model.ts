/** Scores that are linear in features, and the probabilities that they mean. */
import { type Matrix, matrix, multiplyByTransposed } from './matrix.ts';
import { softmax } from './softmax-loss.ts';

export interface LinearModel {
  /** `[outputs, columns]`. */
  readonly weights: Matrix;
  /** `[outputs]`. */
  readonly intercepts: Float64Array;
}

/** `[rows, outputs]`: the scores of rows of features. */
export function scoresOf({ weights, intercepts }: LinearModel, x: Matrix): Matrix {
  const scores = multiplyByTransposed(x, weights);
  for (let at = 0; at < scores.values.length; at++) {
    scores.values[at]! += intercepts[at % intercepts.length]!;
  }
  return scores;
}

/** `[rows, classes]`: the softmax of each row's scores. */
export function probabilitiesOf({ rows, columns, values }: Matrix): Matrix {
  const probabilities = matrix(rows, columns, values.slice());
  for (let row = 0; row < rows; row++) {
    softmax(probabilities.values.subarray(row * columns, (row + 1) * columns));
  }
  return probabilities;
}
