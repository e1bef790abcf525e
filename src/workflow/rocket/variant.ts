/** Which variant of rocket a dataset gets. */
import type { RocketConfig } from '../../config/rocket-config.ts';
import { DEFAULT_FEATURES, type Variant } from '../../rocket/transform.ts';

/** What the convolutions are fitted to. */
export interface TrainingSize {
  readonly sequences: number;
  /** Of all sequences and channels. */
  readonly values: number;
}

/** The model of a configuration in which nothing is left open. */
export interface ChosenModel {
  readonly family: 'rocket';
  readonly variant: Variant;
  readonly features: number;
  readonly dilations: number;
}

/** Above these `multi` takes more than some 20 seconds of one core, for its features or for its ridge regressions. */
const MOST: TrainingSize = { sequences: 1000, values: 1e6 };

/** The most accurate variant that takes seconds, where the configuration names none. */
export function chooseModel(
  { family, variant: asked, features, dilations }: RocketConfig['model'],
  { sequences, values }: TrainingSize,
): ChosenModel {
  const isSmall = sequences <= MOST.sequences && values <= MOST.values;
  const quick = isSmall ? 'multi' : 'mini';
  const variant = asked === 'auto' ? quick : asked;
  return { family, variant, features: features ?? DEFAULT_FEATURES[variant], dilations };
}
