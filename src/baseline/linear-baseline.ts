/** Linear models whose features and penalty are chosen on validation. */
import { type Baseline, best, type Fit, type Setting } from './baseline.ts';
import {
  type Inputs,
  type LinearProblem,
  linearFits,
  type Precision,
  type Strength,
} from './linear.ts';

export interface LinearOptions {
  readonly name: string;
  readonly about: string;
  /** Features to choose from, the most plausible first. */
  readonly inputs: readonly Setting<Inputs>[];
  /** Strengths to choose from, the most plausible first. */
  readonly strengths: readonly Setting<Strength>[];
}

/** First the features with the first strength, then the strength: a grid would cost several times as much. */
export function linearBaseline(
  problem: LinearProblem,
  { name, about, inputs, strengths }: LinearOptions,
): Baseline {
  return {
    name,
    about,
    choose(judge) {
      const fitOf = remembered(problem);
      const [{ value: first }] = strengths as [Setting<Strength>];
      const features = best(inputs, (one) => fitOf(one, first, 'rough'), judge);
      const strength = best(strengths, (one) => fitOf(features.value, one, 'rough'), judge);
      const words = [features.words, strength.words].filter((text) => text !== '');
      return { setting: words.join(', '), fit: fitOf(features.value, strength.value, 'exact') };
    },
  };
}

/** Decomposes the features of each set of training examples once for all strengths. */
function remembered(
  problem: LinearProblem,
): (inputs: Inputs, strength: Strength, precision: Precision) => Fit {
  const known = new Map<Inputs, Map<Int32Array, ReturnType<typeof linearFits>>>();
  return (inputs, strength, precision) => (training) => {
    const ofInputs = known.get(inputs) ?? new Map();
    known.set(inputs, ofInputs);
    const fits = ofInputs.get(training) ?? linearFits(problem, inputs, training);
    ofInputs.set(training, fits);
    return fits(strength, precision);
  };
}

/** Penalties as scikit-learn names them. */
export const byC = (value: Strength): Setting<Strength> => ({ value, words: `C = ${value}` });
export const byAlpha = (alpha: number): Setting<Strength> => ({
  value: 1 / alpha,
  words: `alpha = ${alpha}`,
});
