/** What a baseline is: it is fitted on a draw of labelled sequences, and then answers. */
import type { Values } from './target.ts';

export interface Output {
  readonly answer: Values;
  /** log p of the truth, by which equal merits are told apart; absent where a model has no probabilities. */
  readonly confidence?: (truth: Values) => number;
}

/** Answers for examples, told by their places. */
export type Predict = (places: Int32Array) => readonly Output[];

/** How good answers are on validation; NaN where the dataset has no labelled validation sequences. */
export interface Score {
  readonly merit: number;
  /** Mean log p of the truth; 0 for a model without probabilities. */
  readonly confidence: number;
}

export interface Fitted {
  /** What was chosen on validation, in words; empty where there was nothing to choose. */
  readonly setting: string;
  readonly predict: Predict;
}

export interface Baseline {
  readonly name: string;
  /** What it does, in a few words. */
  readonly about: string;
  /**
   * @param training places of a draw
   * @param judge tells how good answers are on validation: nothing else may be chosen by
   */
  fit(training: Int32Array, judge: (predict: Predict) => Score): Fitted;
}

/** A way to set a baseline up. */
export interface Setting<Value> {
  readonly value: Value;
  readonly words: string;
}

/** The setting with the best score, the first one among equals: so the first one is taken without validation data. */
export function best<Value>(
  settings: readonly Setting<Value>[],
  predictor: (value: Value) => Predict,
  judge: (predict: Predict) => Score,
): Setting<Value> & { readonly predict: Predict } {
  const tried = settings.map((setting) => {
    const predict = predictor(setting.value);
    return { ...setting, predict, score: settings.length > 1 ? judge(predict) : NO_SCORE };
  });
  return tried.reduce((a, b) => (isBetter(b.score, a.score) ? b : a));
}

const NO_SCORE: Score = { merit: Number.NaN, confidence: 0 };

const isBetter = (a: Score, b: Score): boolean =>
  a.merit > b.merit || (a.merit === b.merit && a.confidence > b.confidence);
