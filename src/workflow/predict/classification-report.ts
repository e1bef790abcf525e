/** How well predicted classes fit the true ones: what people compare classifiers by. */

import { type LengthQuartile, lengthQuartiles } from './length-quartiles.ts';
import { mostLikely } from './task-output.ts';

export interface LabelledPrediction {
  readonly label: number;
  /** log p of each class. */
  readonly logProbabilities: readonly number[];
  /** Steps of the sequence. */
  readonly length: number;
}

export interface ClassificationReport {
  readonly sequences: number;
  readonly accuracy: number;
  /** Mean recall of the classes that occur. */
  readonly balancedAccuracy: number;
  /** Mean F1 of the classes that occur or are predicted. */
  readonly macroF1: number;
  /** Mean of −log p(true class). */
  readonly logLoss: number;
  /** `confusion[true][predicted]`. */
  readonly confusion: readonly (readonly number[])[];
  /** By quarter of the sequences, shortest first. */
  readonly byLengthQuartile: readonly (LengthQuartile & { readonly accuracy: number })[];
}

/** @param predictions at least one */
export function classificationReport(
  predictions: readonly LabelledPrediction[],
  classes: number,
): ClassificationReport {
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (const { label, logProbabilities } of predictions) {
    confusion[label]![mostLikely(logProbabilities)]!++;
  }
  const recalls = [];
  const f1s = [];
  for (let label = 0; label < classes; label++) {
    const hits = confusion[label]![label]!;
    const actual = sum(confusion[label]!);
    const predicted = sum(confusion.map((row) => row[label]!));
    if (actual > 0) recalls.push(hits / actual);
    if (actual + predicted > 0) f1s.push((2 * hits) / (actual + predicted));
  }
  return {
    sequences: predictions.length,
    accuracy: accuracyOf(predictions),
    balancedAccuracy: mean(recalls),
    macroF1: mean(f1s),
    logLoss: mean(predictions.map(({ label, logProbabilities }) => -logProbabilities[label]!)),
    confusion,
    byLengthQuartile: lengthQuartiles(predictions, (part) => ({ accuracy: accuracyOf(part) })),
  };
}

function accuracyOf(predictions: readonly LabelledPrediction[]): number {
  return mean(
    predictions.map(({ label, logProbabilities }) =>
      mostLikely(logProbabilities) === label ? 1 : 0,
    ),
  );
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const mean = (values: readonly number[]): number => sum(values) / values.length;
