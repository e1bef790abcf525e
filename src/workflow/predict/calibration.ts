/**
 * Temperature scaling (Guo et al. 2017): all logits are divided by one number, with which the classes of the validation
 * split are likeliest. It changes how sure a model is, and no predicted class.
 */
import { logSoftmax } from './task-output.ts';

/** A sequence of the validation split: its class, and log p of each class. */
export interface Calibrating {
  readonly label: number;
  readonly logProbabilities: readonly number[];
}

/** The temperature is sought between these. */
const LOWEST = 1 / 20;
const HIGHEST = 20;
/** Each narrows the interval by the golden ratio: to a billionth. */
const ROUNDS = 50;
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** @param known at least one */
export function fitTemperature(known: readonly Calibrating[]): number {
  // The loss is convex in 1/T, and so has one minimum in log T, too.
  const loss = (logTemperature: number) =>
    known.reduce((sum, { label, logProbabilities }) => {
      return sum - atTemperature(logProbabilities, Math.exp(logTemperature))[label]!;
    }, 0);
  let [low, high] = [Math.log(LOWEST), Math.log(HIGHEST)];
  for (let round = 0; round < ROUNDS; round++) {
    const [left, right] = [high - GOLDEN * (high - low), low + GOLDEN * (high - low)];
    if (loss(left) <= loss(right)) high = right;
    else low = left;
  }
  return Math.exp((low + high) / 2);
}

/** log p of each class at this temperature: above 1 the model is less sure. */
export function atTemperature(logProbabilities: readonly number[], temperature: number): number[] {
  return logSoftmax(logProbabilities.map((log) => log / temperature));
}
