/** What a baseline is: it is fitted on a draw of labelled sequences, and then answers. */
import type { Values } from './target.ts';

export interface Output {
  readonly answer: Values;
  /** log p of the truth, by which equal merits are told apart; absent where a model has no probabilities. */
  readonly confidence?: (truth: Values) => number;
}

/** Answers for examples, told by their places. */
export type Predict = (places: Int32Array) => readonly Output[];

/** Fits on the examples of some places. */
export type Fit = (training: Int32Array) => Predict;

/** How good answers are where a choice may look; NaN where there is nothing to look at. */
export interface Score {
  readonly merit: number;
  /** Mean log p of the truth; 0 for a model without probabilities. */
  readonly confidence: number;
}

/** Tells how well a fit does, on data of which the test split is no part: nothing else may be chosen by. */
export type Judge = (fit: Fit) => Score;

export interface Baseline {
  readonly name: string;
  /** What it does, in a few words. */
  readonly about: string;
  choose(judge: Judge): Chosen;
}

export interface Chosen {
  /** In words; empty where there was nothing to choose. */
  readonly setting: string;
  readonly fit: Fit;
}

/** A way to set a baseline up. */
export interface Setting<Value> {
  readonly value: Value;
  readonly words: string;
}

/** The setting with the best score, the first one among equals. */
export function best<Value>(
  settings: readonly Setting<Value>[],
  fitOf: (value: Value) => Fit,
  judge: Judge,
): Setting<Value> {
  const first = settings[0]!;
  if (settings.length === 1) return first;
  let [found, score] = [first, judge(fitOf(first.value))];
  for (const setting of settings.slice(1)) {
    const other = judge(fitOf(setting.value));
    if (isBetter(other, score)) [found, score] = [setting, other];
  }
  return found;
}

const isBetter = (a: Score, b: Score): boolean =>
  a.merit > b.merit || (a.merit === b.merit && a.confidence > b.confidence);
