/**
 * How well a simple rule names the classes of sequences by a network's features, which stay as they are. Computed on
 * the host in float64 and in one fixed order: equal on every worker.
 */
import { scoresOf } from '../../solver/linear-model.ts';
import { type Matrix, matrix } from '../../solver/matrix.ts';
import { fitRidgeClassifier, RIDGE_ALPHAS } from '../../solver/ridge.ts';
import { type Examples, nearestClasses } from './nearest.ts';

/** Sequences of one class each, by their features. */
export interface ProbeRows {
  /** `[rows, width]` */
  readonly features: Float32Array;
  readonly width: number;
  /** `[rows]`: numbers in [0, classes) */
  readonly labels: Int32Array;
  /** Rows whose labels the rule knows: the first ones. It is asked about all others. */
  readonly known: number;
  readonly classes: number;
}

export interface ProbeRule {
  readonly kind: 'nearest' | 'linear';
  /** `nearest`: how many rows vote. */
  readonly neighbours: number;
}

export interface ProbeResult {
  /** Share of the asked rows whose class the rule names; NaN where a feature is not finite. */
  readonly accuracy: number;
  /** Share of the class that most of the asked rows have. */
  readonly mostFrequent: number;
}

/**
 * Fits the rule on the known rows and asks it about the others. Features are standardised by the known rows; one that
 * is the same in all of them says nothing.
 */
export function probe(rule: ProbeRule, rows: ProbeRows): ProbeResult {
  const { labels, known, classes } = rows;
  const asked = labels.subarray(known);
  const counts = new Array<number>(classes).fill(0);
  for (const label of asked) counts[label]!++;
  const mostFrequent = Math.max(...counts) / asked.length;
  if (!rows.features.every(Number.isFinite)) return { accuracy: Number.NaN, mostFrequent };
  const answers = answersOf(rule, rows);
  const correct = asked.reduce((sum, label, row) => sum + (answers[row] === label ? 1 : 0), 0);
  return { accuracy: correct / asked.length, mostFrequent };
}

function answersOf({ kind, neighbours }: ProbeRule, rows: ProbeRows): Int32Array {
  const { labels, known, classes, width } = rows;
  const all = standardised(rows);
  const part = (begin: number, end: number): Matrix =>
    matrix(end - begin, width, all.subarray(begin * width, end * width));
  const examples = { x: part(0, known), labels: labels.subarray(0, known), classes };
  const questions = part(known, labels.length);
  return kind === 'nearest'
    ? nearestClasses(examples, questions, neighbours)
    : linearClasses(examples, questions);
}

function linearClasses({ x, labels, classes }: Examples, questions: Matrix): Int32Array {
  const { values } = scoresOf(fitRidgeClassifier(x, labels, classes, RIDGE_ALPHAS), questions);
  return Int32Array.from({ length: questions.rows }, (_, row) => {
    const scores = values.subarray(row * classes, (row + 1) * classes);
    return scores.indexOf(Math.max(...scores));
  });
}

/** (x − mean) / deviation of each column, by the known rows; 0 in a column of equal values. */
function standardised({ features, width, known, labels }: ProbeRows): Float64Array {
  const result = new Float64Array(features.length);
  for (let column = 0; column < width; column++) {
    let sum = 0;
    for (let row = 0; row < known; row++) sum += features[row * width + column]!;
    const mean = sum / known;
    let squares = 0;
    for (let row = 0; row < known; row++) squares += (features[row * width + column]! - mean) ** 2;
    const deviation = Math.sqrt(squares / known);
    if (deviation === 0) continue;
    for (let row = 0; row < labels.length; row++) {
      const at = row * width + column;
      result[at] = (features[at]! - mean) / deviation;
    }
  }
  return result;
}
