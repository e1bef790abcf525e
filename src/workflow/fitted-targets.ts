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
  const right = task === 'class' ? rightRows(scores, y) / y.rows : rightSigns(scores, y);
  return { metric: 'accuracy', value: right };
}

function rightRows({ rows, columns, values }: Matrix, y: Matrix): number {
  let right = 0;
  for (let row = 0; row < rows; row++) {
    let best = 0;
    for (let k = 1; k < columns; k++) {
      if (values[row * columns + k]! > values[row * columns + best]!) best = k;
    }
    if (y.values[row * columns + best]! > 0) right++;
  }
  return right;
}

const rightSigns = ({ values }: Matrix, y: Matrix): number =>
  values.filter((score, at) => score > 0 === y.values[at]! > 0).length / values.length;

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
