/** Counts and ranges of a dataset, from which models and objectives are built. */
import type { Store } from './format/store.ts';
import type { Subset } from './plan/subset.ts';

/** The part of a store from which facts follow. */
export type StoreFacts = Pick<Store, 'manifest' | 'index'>;

/** What a model is built from: plain data, so that the loader's thread can receive it. */
export interface DataFacts {
  /** Number of classes; 0 for a dataset without labels. */
  readonly classes: number;
  /** Number of integer symbols (largest value + 1); 0 for real values. */
  readonly symbols: number;
  /** How often each symbol occurs in the training split; empty for real values. */
  readonly symbolCounts: readonly number[];
  /** `[a · symbols + b]`: how often b follows a in the training split; empty when it was not counted. */
  readonly transitionCounts: readonly number[];
  /** Of the training split. */
  readonly meanValue: number;
  /** Of all splits. */
  readonly valueRange: { readonly minimum: number; readonly maximum: number };
}

/** What an objective is built from. */
export interface PhaseFacts extends DataFacts {
  /** How often sequences of each class appear in an epoch of the phase. */
  readonly classCounts: readonly number[];
}

/** Number of integer symbols of a store (largest value + 1); 0 for real values. */
export function symbolsOf({ manifest }: Pick<Store, 'manifest'>): number {
  return manifest.valueType === 'float32' ? 0 : manifest.valueRange.maximum + 1;
}

/** The facts of a store that concern every phase. */
export function dataFacts(store: Pick<Store, 'manifest'>): DataFacts {
  const { manifest } = store;
  return {
    classes: manifest.classes.length,
    symbols: symbolsOf(store),
    symbolCounts: manifest.symbolCounts,
    transitionCounts: manifest.transitionCounts,
    meanValue: manifest.meanValue,
    valueRange: manifest.valueRange,
  };
}

/** The facts of a store and of the subset that one phase sees. */
export function phaseFacts(store: StoreFacts, subset: Subset): PhaseFacts {
  const { manifest, index } = store;
  const classCounts = new Array<number>(manifest.classes.length).fill(0);
  for (const sequence of subset.sequences) {
    const label = index.labels[sequence]!;
    if (label >= 0) classCounts[label]!++;
  }
  return { ...dataFacts(store), classCounts };
}
