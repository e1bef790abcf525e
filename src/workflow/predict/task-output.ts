/** From the numbers of a forward pass to what they predict of each sequence. */
import { type NumberFacts, unstandardise } from '../../data/format/target.ts';
import type { Task } from '../../nn/objective/objective.ts';

/** What is asked of a model: what its objective predicts, or the features of a sequence. */
export type OutputTask = Task | 'embedding';

/** What a model says of one sequence. Plain, so that it crosses from a worker. */
export type TaskOutput =
  /** log p of each class, finite even where p is 0 in floating point. */
  | { readonly task: 'class'; readonly logProbabilities: readonly number[] }
  /** p of each class by itself. */
  | { readonly task: 'classes'; readonly probabilities: readonly number[] }
  /** In their own units. */
  | { readonly task: 'numbers'; readonly numbers: readonly number[] }
  /** The most likely class of each timestep, and its probability. */
  | {
      readonly task: 'timestep-class';
      readonly labels: readonly number[];
      readonly probabilities: readonly number[];
    }
  /** The mean of the features over the timesteps. */
  | { readonly task: 'embedding'; readonly embedding: readonly number[] };

/** The output of one task. */
export type OutputOf<T extends OutputTask> = Extract<TaskOutput, { readonly task: T }>;

/** What the numbers mean. */
export interface OutputMeaning {
  readonly task: OutputTask;
  /** The numbers that a regression learned. */
  readonly numbers: readonly NumberFacts[];
}

/**
 * @param outputs of one row: `[outputs]`, or `[timesteps, classes]` without the padding
 * @param steps timesteps of the row
 */
export function taskOutput(
  { task, numbers }: OutputMeaning,
  outputs: Float32Array,
  steps: number,
): TaskOutput {
  switch (task) {
    case 'class':
      return { task, logProbabilities: logSoftmax(outputs) };
    case 'classes':
      return { task, probabilities: Array.from(outputs, sigmoid) };
    case 'numbers':
      return { task, numbers: numbers.map((facts, i) => unstandardise(outputs[i]!, facts)) };
    case 'embedding':
      return { task, embedding: [...outputs] };
    case 'timestep-class':
      return { task, ...timestepOutput(outputs, outputs.length / steps) };
  }
}

/** log p of each class, in float64. */
export function logSoftmax(logits: Float32Array | readonly number[]): number[] {
  const all = Array.from(logits);
  const largest = all.reduce((a, b) => Math.max(a, b));
  const sum = all.reduce((total, logit) => total + Math.exp(logit - largest), 0);
  return all.map((logit) => logit - largest - Math.log(sum));
}

/** Position of the largest number; the first of equals. */
export function mostLikely(scores: ArrayLike<number>): number {
  let best = 0;
  for (let label = 1; label < scores.length; label++) {
    if (scores[label]! > scores[best]!) best = label;
  }
  return best;
}

const sigmoid = (logit: number): number => 1 / (1 + Math.exp(-logit));

function timestepOutput(logits: Float32Array, classes: number) {
  const labels: number[] = [];
  const probabilities: number[] = [];
  for (let begin = 0; begin < logits.length; begin += classes) {
    const ofStep = logits.subarray(begin, begin + classes);
    const best = mostLikely(ofStep);
    const sum = ofStep.reduce((total, logit) => total + Math.exp(logit - ofStep[best]!), 0);
    labels.push(best);
    probabilities.push(1 / sum);
  }
  return { labels, probabilities };
}
