/** Which models are fitted at once beside a study's networks, and to what. Pure. */
import { FEW_SYMBOLS } from '../../baseline/family-of.ts';
import { drawLabels, type LabelCount, type LabelDraws } from '../../baseline/label-draws.ts';
import { symbolsOf } from '../../data/facts.ts';
import { SPLITS, type Store } from '../../data/format/store.ts';
import type { Variant } from '../../rocket/transform.ts';
import type { MeasuredPhase } from '../cell.ts';

/** Models with a solution in closed form: no steps, no pretraining. */
export type ClosedForm = 'ngram' | 'rocket';

/** Stands for a recipe in the results of such a model. */
export const CLOSED_FORM = 'closed-form';

type LabelledStore = Pick<Store, 'manifest' | 'index' | 'path'>;

/** What suits the values of a dataset: n-grams for symbols, a rocket for measurements, both for what may be either. */
export function closedFormsOf(store: Pick<Store, 'manifest' | 'index'>): ClosedForm[] {
  const { target, channels } = store.manifest;
  if (target.kind === 'none' || target.kind === 'timestep-class') return [];
  const symbols = symbolsOf(store);
  const canCount = symbols > 0 && channels === 1;
  const areMeasurements = !canCount || symbols > FEW_SYMBOLS;
  return [...(canCount ? ['ngram' as const] : []), ...(areMeasurements ? ['rocket' as const] : [])];
}

/** One fit. */
export interface ClosedFormFit extends MeasuredPhase {
  /** Which labels, as in the configuration of `lockstep ngram` and `lockstep rocket`. */
  readonly data: {
    readonly draw: number;
    readonly labelsPerClass?: number;
    readonly labelledSequences?: number;
    readonly maxSequences?: number;
  };
}

export interface LabelPlan {
  readonly labels: readonly LabelCount[];
  readonly draws: number;
  readonly seed: number;
}

/** Each label count and draw, the fewest labels first; once where all draws would be the same sequences. */
export function closedFormFits(store: LabelledStore, plan: LabelPlan): ClosedFormFit[] {
  return drawLabels(store, plan).flatMap(({ labels, unit, draws }) =>
    draws.map((training, draw) => ({
      phase: `labels-${labels}-draw-${draw}`,
      ...{ labels, unit, draw },
      data: { draw, ...countOf(labels, unit, training.length) },
    })),
  );
}

/** All are as many as the baselines see. */
function countOf(labels: LabelCount, unit: LabelDraws['unit'], all: number) {
  if (labels === 'all') return { maxSequences: all };
  return unit === 'labels a class' ? { labelsPerClass: labels } : { labelledSequences: labels };
}

/** With more values than this in all fits together, `multi` would take more than a minute of one core. */
const MOST_VALUES_OF_MULTI = 6e6;

/** The variant of rocket: `auto` where all fits together are small, the quicker one where not. */
export function rocketVariant(
  { manifest, index }: LabelledStore,
  fits: readonly ClosedFormFit[],
): 'auto' | Exclude<Variant, 'multi'> {
  const read = (['validation', 'test'] as const).map((split) => SPLITS.indexOf(split));
  let measured = 0;
  for (let i = 0; i < index.lengths.length; i++) {
    if (read.includes(index.splits[i]!)) measured += index.lengths[i]!;
  }
  return fits.length * measured * manifest.channels <= MOST_VALUES_OF_MULTI ? 'auto' : 'mini';
}
