/** Linear models whose features and penalty are chosen on validation. */
import { type Baseline, best, type Setting } from './baseline.ts';
import { type Inputs, type LinearProblem, linearFits, type Strength } from './linear.ts';

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
    fit(training, judge) {
      const known = new Map<Inputs, ReturnType<typeof linearFits>>();
      const fitsOf = (one: Inputs) => {
        const fits = known.get(one) ?? linearFits(problem, one, training);
        known.set(one, fits);
        return fits;
      };
      const [{ value: first }] = strengths as [Setting<Strength>];
      const features = best(inputs, (one) => fitsOf(one)(first, 'rough'), judge);
      const fit = fitsOf(features.value);
      const strength = best(strengths, (one) => fit(one, 'rough'), judge);
      const words = [features.words, strength.words].filter((text) => text !== '');
      return { setting: words.join(', '), predict: fit(strength.value, 'exact') };
    },
  };
}

/** Penalties as scikit-learn names them. */
export const byC = (value: Strength): Setting<Strength> => ({ value, words: `C = ${value}` });
export const byAlpha = (alpha: number): Setting<Strength> => ({
  value: 1 / alpha,
  words: `alpha = ${alpha}`,
});
