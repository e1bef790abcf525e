/** By what settings are chosen: the validation split, or the labelled training sequences among themselves. */
import type { Fit, Judge, Output, Score } from './baseline.ts';
import type { Examples } from './examples.ts';
import { type Target, total } from './target.ts';

const FOLDS = 5;

/** @param training places of a draw */
export function judgeOf(examples: Examples, target: Target, training: Int32Array): Judge {
  const { validation } = examples;
  if (validation.length > 0) {
    return (fit) => scoreOf(examples, target, validation, fit(training)(validation));
  }
  const folds = foldsOf(examples, target, training);
  return (fit) => crossValidated(examples, target, folds, fit);
}

interface Fold {
  readonly fitted: Int32Array;
  readonly heldOut: Int32Array;
}

/** Each fold has its share of each class, or of low and high numbers. With one sequence of each class there is none. */
function foldsOf({ truths }: Examples, { kind }: Target, training: Int32Array): Fold[] {
  const byTruth = [...training].sort((a, b) => truths[a]![0]! - truths[b]![0]! || a - b);
  const most = kind === 'class' ? largestClass(byTruth.map((place) => truths[place]![0]!)) : FOLDS;
  const count = Math.min(FOLDS, training.length, most);
  if (count < 2) return [];
  return Array.from({ length: count }, (_, fold) => ({
    fitted: Int32Array.from(byTruth.filter((_, i) => i % count !== fold)),
    heldOut: Int32Array.from(byTruth.filter((_, i) => i % count === fold)),
  }));
}

function largestClass(labels: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return Math.max(...counts.values());
}

function crossValidated(
  examples: Examples,
  target: Target,
  folds: readonly Fold[],
  fit: Fit,
): Score {
  const outputs = folds.flatMap(({ fitted, heldOut }) => fit(fitted)(heldOut));
  const places = Int32Array.from(folds.flatMap(({ heldOut }) => [...heldOut]));
  return scoreOf(examples, target, places, outputs);
}

function scoreOf(
  { truths }: Examples,
  target: Target,
  places: Int32Array,
  outputs: readonly Output[],
): Score {
  if (outputs.length === 0) return { merit: Number.NaN, confidence: 0 };
  const truthOf = (i: number) => truths[places[i]!]!;
  const sums = outputs.map(({ answer }, i) => Float64Array.from(target.sums(answer, truthOf(i))));
  const confidence = outputs.reduce((sum, one, i) => sum + (one.confidence?.(truthOf(i)) ?? 0), 0);
  return { merit: target.meritOf(total(sums)), confidence: confidence / outputs.length };
}
