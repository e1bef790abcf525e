/** How well the predicted class of each timestep fits. */
import { type LengthQuartile, lengthQuartiles } from './length-quartiles.ts';

export interface TimestepPrediction {
  /** The class of each timestep; below 0 where it has none, which counts nowhere. */
  readonly truths: ArrayLike<number>;
  readonly labels: readonly number[];
  /** Timesteps of the sequence. */
  readonly length: number;
}

/** One class against all others. */
export interface TimestepClassScore {
  /** Timesteps that have it, and those that it is predicted of. */
  readonly actual: number;
  readonly predicted: number;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  /** Intersection over union: hits / (actual + predicted − hits). */
  readonly iou: number;
}

export interface TimestepReport {
  readonly sequences: number;
  /** Those that have a class. */
  readonly timesteps: number;
  readonly accuracy: number;
  /** Accuracy of the most frequent class of the training split. */
  readonly mostFrequentAccuracy: number;
  /** Mean recall of the classes that occur. */
  readonly balancedAccuracy: number;
  /** Mean F1 of the classes that occur or are predicted. */
  readonly macroF1: number;
  /** Mean intersection over union of the classes that occur or are predicted. */
  readonly meanIou: number;
  /** By class. */
  readonly perClass: readonly TimestepClassScore[];
  /** `confusion[true][predicted]`, in timesteps. */
  readonly confusion: readonly (readonly number[])[];
  /** By quarter of the sequences, shortest first. */
  readonly byLengthQuartile: readonly (LengthQuartile & { readonly accuracy: number })[];
}

/**
 * @param predictions at least one
 * @param trainingCounts timesteps of each class in the training split
 */
export function timestepReport(
  predictions: readonly TimestepPrediction[],
  trainingCounts: readonly number[],
): TimestepReport {
  const classes = trainingCounts.length;
  const confusion = confusionOf(predictions, classes);
  const perClass = confusion.map((_, label) => scoreOf(confusion, label));
  const occurring = perClass.filter(({ actual }) => actual > 0);
  const relevant = perClass.filter(({ actual, predicted }) => actual + predicted > 0);
  const timesteps = sum(confusion.flat());
  const frequent = trainingCounts.indexOf(Math.max(...trainingCounts));
  return {
    sequences: predictions.length,
    timesteps,
    accuracy: accuracyOf(confusion),
    mostFrequentAccuracy: timesteps === 0 ? 0 : perClass[frequent]!.actual / timesteps,
    balancedAccuracy: mean(occurring.map(({ recall }) => recall)),
    macroF1: mean(relevant.map(({ f1 }) => f1)),
    meanIou: mean(relevant.map(({ iou }) => iou)),
    perClass,
    confusion,
    byLengthQuartile: lengthQuartiles(predictions, (part) => ({
      accuracy: accuracyOf(confusionOf(part, classes)),
    })),
  };
}

function confusionOf(predictions: readonly TimestepPrediction[], classes: number): number[][] {
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (const { truths, labels } of predictions) {
    labels.forEach((label, step) => {
      if (truths[step]! >= 0) confusion[truths[step]!]![label]!++;
    });
  }
  return confusion;
}

function scoreOf(confusion: readonly (readonly number[])[], label: number): TimestepClassScore {
  const hits = confusion[label]![label]!;
  const actual = sum(confusion[label]!);
  const predicted = sum(confusion.map((row) => row[label]!));
  const share = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);
  return {
    actual,
    predicted,
    precision: share(hits, predicted),
    recall: share(hits, actual),
    f1: share(2 * hits, actual + predicted),
    iou: share(hits, actual + predicted - hits),
  };
}

function accuracyOf(confusion: readonly (readonly number[])[]): number {
  const total = sum(confusion.flat());
  return total === 0 ? 0 : sum(confusion.map((row, label) => row[label]!)) / total;
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : sum(values) / values.length;
