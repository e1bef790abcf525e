/** How sure a linear model may be, by what it says of rows that it was not fitted to. */
import type { Matrix } from '../solver/matrix.ts';
import { softmax } from '../solver/softmax-loss.ts';

/** What a score is for. */
export type HeadTask = 'class' | 'classes' | 'numbers';

const LARGEST_SHARPNESS = 1e3;
const BISECTIONS = 60;

/**
 * The factor that makes logits of scores: of the largest likelihood. As in Platt, "Probabilistic outputs for support
 * vector machines" (1999), no row gives certainty: a prior counts half a row that is told right and half a row that is
 * told wrong, whatever the number of classes (Jeffreys). One pseudo-row for each class would make few rows of many
 * classes far too unsure: of four classes with ten rows each, all told right, none could be surer than 93 %.
 * @param scores `[rows, outputs]`, of rows that the model was not fitted to
 * @param y `[rows, outputs]`: above 0 for a row's classes
 */
export function sharpnessOf(scores: Matrix, y: Matrix, task: Exclude<HeadTask, 'numbers'>): number {
  const slope = task === 'class' ? slopeOfClass(scores, y) : slopeOfClasses(scores, y);
  let [low, high] = [0, LARGEST_SHARPNESS];
  for (let step = 0; step < BISECTIONS; step++) {
    const middle = (low + high) / 2;
    if (slope(middle) < 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** How the cross-entropy of the softmax changes with the sharpness; it only rises. */
function slopeOfClass(scores: Matrix, y: Matrix): (sharpness: number) => number {
  const { rows, columns, values } = scores;
  const p = new Float64Array(columns);
  const wrong = shareOfWrong(rows);
  const ofOther = wrong / Math.max(1, columns - 1);
  return (sharpness) => {
    let slope = 0;
    for (let row = 0; row < rows; row++) {
      for (let k = 0; k < columns; k++) p[k] = sharpness * values[row * columns + k]!;
      softmax(p);
      for (let k = 0; k < columns; k++) {
        const target = y.values[row * columns + k]! > 0 ? 1 - wrong : ofOther;
        slope += (p[k]! - target) * values[row * columns + k]!;
      }
    }
    return slope;
  };
}

/** The same for classes by themselves. */
function slopeOfClasses({ rows, values }: Matrix, y: Matrix): (sharpness: number) => number {
  const wrong = shareOfWrong(rows);
  return (sharpness) => {
    let slope = 0;
    for (const [at, score] of values.entries()) {
      const target = y.values[at]! > 0 ? 1 - wrong : wrong;
      slope += (1 / (1 + Math.exp(-sharpness * score)) - target) * score;
    }
    return slope;
  };
}

/** What the prior expects where all rows are told right. */
const shareOfWrong = (rows: number): number => 0.5 / (rows + 1);

/** `[rows]`: minus the logarithm of the probability of each row's class. */
export function logLosses({ rows, columns, values }: Matrix, y: Matrix, sharpness: number) {
  const p = new Float64Array(columns);
  return Float64Array.from({ length: rows }, (_, row) => {
    const begin = row * columns;
    for (let k = 0; k < columns; k++) p[k] = sharpness * values[begin + k]!;
    const label = y.values.subarray(begin, begin + columns).findIndex((value) => value > 0);
    const score = p[label]!;
    return softmax(p) - score;
  });
}
