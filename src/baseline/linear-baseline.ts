/** Linear models whose features and penalty are chosen on validation. */
import { type Baseline, best, type Setting } from './baseline.ts';
import type { Examples } from './examples.ts';
import { type Inputs, linearFits, type Strength } from './linear.ts';
import type { Target } from './target.ts';

export interface LinearOptions {
  readonly name: string;
  readonly about: string;
  /** Features to choose from, the most plausible first. */
  readonly inputs: readonly Setting<Inputs>[];
  /** Strengths to choose from, the most plausible first. */
  readonly strengths: readonly Strength[];
}

/** First the features with the first strength, then the strength: a grid would cost several times as much. */
export function linearBaseline(
  examples: Examples,
  target: Target,
  { name, about, inputs, strengths }: LinearOptions,
): Baseline {
  return {
    name,
    about,
    fit(training, judge) {
      const fits = new Map<Inputs, (strength: Strength) => ReturnType<FitsOfStrength>>();
      const fitsOf = (one: Inputs) => {
        const known = fits.get(one) ?? linearFits(examples, target, one, training);
        fits.set(one, known);
        return known;
      };
      const [first] = strengths as [Strength];
      const features = best(inputs, (one) => fitsOf(one)(first), judge);
      const chosen = best(strengths.map(settingOf), fitsOf(features.value), judge);
      const words = [features.words, chosen.words].filter((text) => text !== '');
      return { setting: words.join(', '), predict: chosen.predict };
    },
  };
}

type FitsOfStrength = ReturnType<typeof linearFits>;

const settingOf = (value: Strength): Setting<Strength> => ({ value, words: `C = ${value}` });
