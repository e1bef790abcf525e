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
  /** Accuracy of the most frequent class of the training split. */
  readonly mostFrequentAccuracy: number;
  /** Mean recall of the classes that occur. */
  readonly balancedAccuracy: number;
  /** Mean F1 of the classes that occur or are predicted. */
  readonly macroF1: number;
  /** Mean of −log p(true class). */
  readonly logLoss: number;
  /**
   * Expected calibration error: how far the probability of the predicted class lies from how often it is right, in 15 bins
   * of probability (Guo et al. 2017, "On Calibration of Modern Neural Networks").
   */
  readonly calibrationError: number;
  /** `confusion[true][predicted]`. */
  readonly confusion: readonly (readonly number[])[];
  /** By quarter of the sequences, shortest first. */
  readonly byLengthQuartile: readonly (LengthQuartile & { readonly accuracy: number })[];
}

/**
 * @param predictions at least one
 * @param trainingCounts sequences of each class in the training split
 */
export function classificationReport(
  predictions: readonly LabelledPrediction[],
  trainingCounts: readonly number[],
): ClassificationReport {
  const classes = trainingCounts.length;
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
  const frequent = trainingCounts.indexOf(Math.max(...trainingCounts));
  return {
    sequences: predictions.length,
    accuracy: accuracyOf(predictions),
    mostFrequentAccuracy: sum(confusion[frequent]!) / predictions.length,
    balancedAccuracy: mean(recalls),
    macroF1: mean(f1s),
    logLoss: mean(predictions.map(({ label, logProbabilities }) => -logProbabilities[label]!)),
    calibrationError: calibrationError(predictions),
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

const CALIBRATION_BINS = 15;

function calibrationError(predictions: readonly LabelledPrediction[]): number {
  // Right answers minus probabilities of each bin: its share times the distance of its means.
  const gaps = new Float64Array(CALIBRATION_BINS);
  for (const { label, logProbabilities } of predictions) {
    const predicted = mostLikely(logProbabilities);
    const probability = Math.exp(logProbabilities[predicted]!);
    const bin = Math.min(CALIBRATION_BINS - 1, Math.floor(probability * CALIBRATION_BINS));
    gaps[bin]! += Number(predicted === label) - probability;
  }
  return sum(Array.from(gaps, Math.abs)) / predictions.length;
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const mean = (values: readonly number[]): number => sum(values) / values.length;
