/** What a dataset says of its sequences, for a supervised objective to learn. */

/** A dataset has one kind of target. */
export type DataTarget =
  /** No sequence has one. */
  | { readonly kind: 'none' }
  /** One class for a sequence. */
  | { readonly kind: 'class' }
  /** Any number of classes for a sequence, none included. */
  | { readonly kind: 'classes' }
  /** The same numbers for each sequence. */
  | { readonly kind: 'numbers'; readonly numbers: readonly NumberFacts[] }
  /** One class for each timestep; some timesteps may have none. */
  | { readonly kind: 'timestep-class' };

/** What is known of one number of all sequences. Mean and deviation are those of the training split. */
export interface NumberFacts {
  readonly name: string;
  readonly mean: number;
  /** Of the population; 0 where all training sequences have the same number. */
  readonly deviation: number;
}

/** For messages: what a sequence of the dataset has. */
export const TARGET_WORDS: Readonly<Record<DataTarget['kind'], string>> = {
  none: 'no target',
  class: 'one class for each sequence',
  classes: 'several classes for each sequence',
  numbers: 'numbers for each sequence',
  'timestep-class': 'a class for each timestep',
};

/** A number as a regression learns it: of mean 0 and deviation 1 over the training split. */
export const standardise = (value: number, { mean, deviation }: NumberFacts): number =>
  (value - mean) / (deviation || 1);

/** The inverse of `standardise`. */
export const unstandardise = (value: number, { mean, deviation }: NumberFacts): number =>
  value * (deviation || 1) + mean;
