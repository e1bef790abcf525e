/** How well predicted classes fit where a sequence may have several. */
import { type LengthQuartile, lengthQuartiles } from './length-quartiles.ts';

export interface MultiLabelPrediction {
  /** Classes that apply, ascending. */
  readonly labels: ArrayLike<number>;
  /** p of each class. */
  readonly probabilities: readonly number[];
  /** Timesteps of the sequence. */
  readonly length: number;
}

/** One class against all others. */
export interface ClassScore {
  /** Sequences that it applies to, and those that it is predicted of. */
  readonly actual: number;
  readonly predicted: number;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  /** Mean precision over the sequences that it applies to, by falling probability; null where it applies to none. */
  readonly averagePrecision: number | null;
}

export interface MultiLabelReport {
  readonly sequences: number;
  /** F1 over all classes and sequences at once. */
  readonly microF1: number;
  /** The micro F1 of predicting every class of every sequence. */
  readonly allClassesF1: number;
  /** Mean F1 of the classes that apply or are predicted. */
  readonly macroF1: number;
  /** Mean of the classes' average precision. */
  readonly meanAveragePrecision: number;
  /** Share of the sequences whose classes are all right. */
  readonly subsetAccuracy: number;
  /** By class. */
  readonly perClass: readonly ClassScore[];
  /** By quarter of the sequences, shortest first. */
  readonly byLengthQuartile: readonly (LengthQuartile & { readonly microF1: number })[];
}

/** A class is predicted from this probability on. */
export const THRESHOLD = 0.5;

/** @param predictions at least one */
export function multiLabelReport(
  predictions: readonly MultiLabelPrediction[],
  classes: number,
): MultiLabelReport {
  const perClass = Array.from({ length: classes }, (_, label) => scoreOf(predictions, label));
  const relevant = perClass.filter(({ actual, predicted }) => actual + predicted > 0);
  const ranked = perClass.flatMap(({ averagePrecision }) => averagePrecision ?? []);
  const actual = sum(perClass.map(({ actual }) => actual));
  return {
    sequences: predictions.length,
    microF1: microF1(predictions),
    allClassesF1: (2 * actual) / (predictions.length * classes + actual),
    macroF1: mean(relevant.map(({ f1 }) => f1)),
    meanAveragePrecision: mean(ranked),
    subsetAccuracy: mean(predictions.map((one) => (isRight(one) ? 1 : 0))),
    perClass,
    byLengthQuartile: lengthQuartiles(predictions, (part) => ({ microF1: microF1(part) })),
  };
}

function scoreOf(predictions: readonly MultiLabelPrediction[], label: number): ClassScore {
  const scored = predictions.map(({ labels, probabilities }) => ({
    applies: Array.prototype.includes.call(labels, label) as boolean,
    probability: probabilities[label]!,
  }));
  const actual = scored.filter(({ applies }) => applies).length;
  const chosen = scored.filter(({ probability }) => probability >= THRESHOLD);
  const hits = chosen.filter(({ applies }) => applies).length;
  return {
    actual,
    predicted: chosen.length,
    precision: chosen.length === 0 ? 0 : hits / chosen.length,
    recall: actual === 0 ? 0 : hits / actual,
    f1: f1Of(hits, chosen.length, actual),
    averagePrecision: actual === 0 ? null : averagePrecision(scored, actual),
  };
}

/** Σ (recall − recall before) · precision; equal probabilities count as one step, as in scikit-learn. */
function averagePrecision(
  scored: readonly { readonly applies: boolean; readonly probability: number }[],
  actual: number,
): number {
  const ranked = scored.toSorted((a, b) => b.probability - a.probability);
  let [hits, hitsBefore, total] = [0, 0, 0];
  ranked.forEach(({ applies, probability }, i) => {
    if (applies) hits++;
    if (ranked[i + 1]?.probability === probability) return;
    total += ((hits - hitsBefore) / actual) * (hits / (i + 1));
    hitsBefore = hits;
  });
  return total;
}

function microF1(predictions: readonly MultiLabelPrediction[]): number {
  let [hits, predicted, actual] = [0, 0, 0];
  for (const { labels, probabilities } of predictions) {
    actual += labels.length;
    predicted += probabilities.filter((p) => p >= THRESHOLD).length;
    for (const label of Array.from(labels)) if (probabilities[label]! >= THRESHOLD) hits++;
  }
  return f1Of(hits, predicted, actual);
}

/** Whether exactly the classes that apply are predicted. */
function isRight({ labels, probabilities }: MultiLabelPrediction): boolean {
  const predicted = probabilities.filter((p) => p >= THRESHOLD).length;
  return (
    predicted === labels.length &&
    Array.from(labels).every((label) => probabilities[label]! >= THRESHOLD)
  );
}

const f1Of = (hits: number, predicted: number, actual: number): number =>
  predicted + actual === 0 ? 0 : (2 * hits) / (predicted + actual);
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : sum(values) / values.length;
