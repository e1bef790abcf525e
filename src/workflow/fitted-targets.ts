/** What a model that is fitted at once learns of each sequence, as numbers for a linear head. */
import { LockstepError } from '../core/errors.ts';
import { type StoreFacts, targetsOf } from '../data/facts.ts';
import { standardise, TARGET_WORDS } from '../data/format/target.ts';
import type { HeadTask } from '../rocket/sharpness.ts';
import { type Matrix, matrix } from '../solver/matrix.ts';

/**
 * What such a model learns of a dataset.
 * @throws LockstepError DATA_INVALID for a dataset without targets, or with a class for each timestep
 */
export function headTaskOf({ manifest: { target } }: Pick<StoreFacts, 'manifest'>): HeadTask {
  if (target.kind !== 'none' && target.kind !== 'timestep-class') return target.kind;
  throw new LockstepError(
    'DATA_INVALID',
    `A linear head learns one or several classes, or numbers, for each sequence; the dataset has ${TARGET_WORDS[target.kind]}.`,
    'Import the data with --label, --labels or --target.',
  );
}

/**
 * What a model can be fitted to.
 * @throws LockstepError DATA_INVALID as `headTaskOf`, and where all training sequences are of one class
 */
export function fitTaskOf(store: Pick<StoreFacts, 'manifest'>): HeadTask {
  const task = headTaskOf(store);
  const { classes, splits } = store.manifest;
  const [only, more] = classes.filter((_, label) => splits.train.perClass[label]! > 0);
  if (task !== 'class' || only === undefined || more !== undefined) return task;
  throw new LockstepError(
    'DATA_INVALID',
    `All training sequences with a label are of the class "${only}": there is nothing to tell apart.`,
    'Import sequences of other classes, or give them to the training split.',
  );
}

/** `[sequences, outputs]`: 1 for the classes of a sequence and −1 for all others, or its numbers, standardised. */
export function headTargets({ manifest, index }: StoreFacts, sequences: Int32Array): Matrix {
  const { target, classes } = manifest;
  const outputs = target.kind === 'numbers' ? target.numbers.length : classes.length;
  const y = matrix(sequences.length, outputs);
  if (target.kind !== 'numbers') y.values.fill(-1);
  for (const [row, sequence] of sequences.entries()) {
    const own = target.kind === 'class' ? [index.labels[sequence]!] : targetsOf(index, sequence);
    if (target.kind === 'numbers') {
      const numbers = target.numbers.map((facts, at) => standardise(own[at]!, facts));
      y.values.set(numbers, row * outputs);
    } else for (const label of own) y.values[row * outputs + label] = 1;
  }
  return y;
}

/** How well scores fit the targets. */
export interface FitMerit {
  readonly metric: 'accuracy' | 'R²';
  readonly value: number;
}

/**
 * For one class a sequence the share of sequences whose largest score is that of their class, for several the share
 * of right signs, for numbers R².
 * @param scores `[sequences, outputs]`
 */
export function meritOfScores(task: HeadTask, scores: Matrix, y: Matrix): FitMerit {
  if (task === 'numbers') return { metric: 'R²', value: explained(scores, y) };
  const right = meritsOfRows(task, scores, y);
  return { metric: 'accuracy', value: right.reduce((sum, one) => sum + one, 0) / y.rows };
}

/**
 * `[sequences]`: how well the scores of each one fit by themselves. 1 or 0 for a class, the share of right signs for
 * several, minus the squared error for numbers.
 * @param scores `[sequences, outputs]`
 */
export function meritsOfRows(task: HeadTask, scores: Matrix, y: Matrix): Float64Array {
  const { rows, columns } = y;
  const merit = { class: isRight, classes: rightSigns, numbers: closeness }[task];
  return Float64Array.from({ length: rows }, (_, row) => {
    const [begin, end] = [row * columns, (row + 1) * columns];
    return merit(scores.values.subarray(begin, end), y.values.subarray(begin, end));
  });
}

function isRight(scores: Float64Array, y: Float64Array): number {
  let best = 0;
  for (let k = 1; k < scores.length; k++) if (scores[k]! > scores[best]!) best = k;
  return y[best]! > 0 ? 1 : 0;
}

const rightSigns = (scores: Float64Array, y: Float64Array): number =>
  scores.filter((score, k) => score > 0 === y[k]! > 0).length / scores.length;

const closeness = (scores: Float64Array, y: Float64Array): number =>
  -scores.reduce((sum, score, k) => sum + (score - y[k]!) ** 2, 0);

function explained({ values }: Matrix, y: Matrix): number {
  const { rows, columns } = y;
  let [missed, total] = [0, 0];
  for (let k = 0; k < columns; k++) {
    let mean = 0;
    for (let row = 0; row < rows; row++) mean += y.values[row * columns + k]! / rows;
    for (let at = k; at < values.length; at += columns) {
      missed += (y.values[at]! - values[at]!) ** 2;
      total += (y.values[at]! - mean) ** 2;
    }
  }
  return total > 0 ? 1 - missed / total : 0;
}
