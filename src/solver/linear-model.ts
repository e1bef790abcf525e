/** Scores that are linear in features, and the probabilities that they mean. */
import { type Matrix, matrix } from './matrix.ts';
import { linearScores, softmax } from './softmax-loss.ts';

export interface LinearModel {
  /** `[outputs, columns]`. */
  readonly weights: Matrix;
  /** `[outputs]`. */
  readonly intercepts: Float64Array;
}

/** `[rows, outputs]`: the scores of rows of features. */
export function scoresOf({ weights, intercepts }: LinearModel, x: Matrix): Matrix {
  const outputs = intercepts.length;
  const parameters = new Float64Array(outputs * (x.columns + 1));
  parameters.set(weights.values);
  parameters.set(intercepts, outputs * x.columns);
  const scores = matrix(x.rows, outputs);
  for (let row = 0; row < x.rows; row++) {
    linearScores(parameters, x, row, scores.values.subarray(row * outputs, (row + 1) * outputs));
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
