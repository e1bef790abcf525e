/** Counts and ranges of a dataset, from which models and objectives are built. */
import { type Store, type StoreIndex, UNLABELLED } from './format/store.ts';
import type { DataTarget } from './format/target.ts';
import type { Subset } from './plan/subset.ts';
import type { Scaling, ScalingKind } from './scaling/scaling.ts';

/** The part of a store from which facts follow. */
export type StoreFacts = Pick<Store, 'manifest' | 'index'>;

/** What a model is built from: plain data, so that the loader's thread can receive it. */
export interface DataFacts {
  /** What there is to learn of each sequence. */
  readonly target: DataTarget;
  /** Number of classes; 0 for a dataset without labels. */
  readonly classes: number;
  /** Values of one timestep. */
  readonly channels: number;
  /** How numbers are scaled for a model that reads numbers; symbols stay as they are. */
  readonly scaling: Scaling;
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
  /**
   * How often sequences of each class appear in an epoch of the phase; for a class for each timestep, how many
   * timesteps of the training split have it.
   */
  readonly classCounts: readonly number[];
  /** Sequences of the phase's subset that have a target. */
  readonly labelledSequences: number;
}

/** Number of integer symbols of a store (largest value + 1); 0 for real values. */
export function symbolsOf({ manifest }: Pick<Store, 'manifest'>): number {
  return manifest.valueType === 'float32' ? 0 : manifest.valueRange.maximum + 1;
}

/**
 * The facts of a store that concern every phase.
 * @param scaling of its numbers
 */
export function dataFacts(store: Pick<Store, 'manifest'>, scaling: ScalingKind): DataFacts {
  const { manifest } = store;
  return {
    target: manifest.target,
    classes: manifest.classes.length,
    channels: manifest.channels,
    scaling: scalingOf(store, scaling),
    symbols: symbolsOf(store),
    symbolCounts: manifest.symbolCounts,
    transitionCounts: manifest.transitionCounts,
    meanValue: manifest.meanValue,
    valueRange: manifest.valueRange,
  };
}

function scalingOf({ manifest }: Pick<Store, 'manifest'>, kind: ScalingKind): Scaling {
  const { channelStatistics: channels } = manifest;
  const hasMissing = channels.some(({ missing }) => missing > 0);
  return { kind, hasMissing, channels };
}

/** The facts of a store and of the subset that one phase sees. */
export function phaseFacts(store: StoreFacts, subset: Subset, scaling: ScalingKind): PhaseFacts {
  const facts = dataFacts(store, scaling);
  const { counts, labelled } = countTargets(store, facts.target, subset);
  return { ...facts, classCounts: counts, labelledSequences: labelled };
}

/** In one pass without a copy: a subset may have 100 million sequences. */
function countTargets(
  { manifest, index }: StoreFacts,
  { kind }: DataTarget,
  { sequences }: Subset,
): { readonly counts: readonly number[]; readonly labelled: number } {
  const counts = new Array<number>(manifest.classes.length).fill(0);
  let labelled = 0;
  for (let position = 0; position < sequences.length; position++) {
    const sequence = sequences[position]!;
    const label = index.labels[sequence]!;
    if (label === UNLABELLED) continue;
    labelled++;
    if (kind === 'class') counts[label]!++;
    if (kind === 'classes') for (const one of targetsOf(index, sequence)) counts[one]!++;
  }
  const ofTimesteps = manifest.splits.train.perClass;
  return { counts: kind === 'timestep-class' ? ofTimesteps : counts, labelled };
}

/** The classes or numbers of a sequence. */
export function targetsOf(
  { targets }: Pick<StoreIndex, 'targets'>,
  sequence: number,
): Int32Array | Float32Array {
  const { offsets, values } = targets!;
  return values.subarray(offsets[sequence]!, offsets[sequence + 1]!);
}
