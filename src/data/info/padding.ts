/** What a budget of tokens makes of the training sequences. */
import type { BatchConfig } from '../../config/phase-section.ts';
import type { Store } from '../format/store.ts';
import { SPLITS } from '../format/store.ts';
import { firstAtLeast } from '../plan/lengths.ts';
import { makePlan } from '../plan/make-plan.ts';
import type { Subset } from '../plan/subset.ts';

/** Micro-batches that are looked at, spread over an epoch. */
const SAMPLE = 500;
/** The ratio of tight batches, for comparison. */
const TIGHT = 1.02;
/** More than any budget holds. */
const ANY_ROWS = 2 ** 20;

/** One budget. */
export interface BudgetFacts {
  readonly tokensPerMicroBatch: number;
  /** Micro-batches of an epoch. */
  readonly microBatches: number;
  /** Share of rows × padded length that is padding. */
  readonly padding: number;
  /** The same with `batch.lengthRatio: 1.02`. */
  readonly tightPadding: number;
  /** Sequences that exceed the budget alone: a run refuses them, unless it crops. */
  readonly tooLong: number;
}

/** Undefined without training sequences that fit. */
export function budgetFacts(
  { index }: Pick<Store, 'index'>,
  tokensPerMicroBatch: number,
): BudgetFacts | undefined {
  const { lengths, splits } = index;
  const train = SPLITS.indexOf('train');
  const all = Int32Array.from(lengths.keys()).filter((sequence) => splits[sequence] === train);
  const ofAll = all.map((sequence) => lengths[sequence]!);
  const fitting = firstAtLeast(ofAll, tokensPerMicroBatch + 1);
  if (fitting === 0) return undefined;
  const subset = {
    sequences: all.subarray(0, fitting),
    effectiveLengths: ofAll.subarray(0, fitting),
    storeLengths: lengths,
  };
  const natural = paddingOf(subset, { tokensPerMicroBatch });
  const tight = paddingOf(subset, { tokensPerMicroBatch, lengthRatio: TIGHT });
  const tooLong = all.length - fitting;
  return { tokensPerMicroBatch, ...natural, tightPadding: tight.padding, tooLong };
}

function paddingOf(
  subset: Subset,
  limits: Pick<BatchConfig, 'tokensPerMicroBatch' | 'lengthRatio'>,
): Pick<BudgetFacts, 'microBatches' | 'padding'> {
  const batch = { ...limits, microBatches: 1, maxRows: ANY_ROWS, grouping: 'length' as const };
  const plan = makePlan({ subset, batch, seed: 0, phase: 0 });
  const steps = Math.min(SAMPLE, plan.stepsPerEpoch);
  let [tokens, places] = [0, 0];
  for (let i = 0; i < steps; i++) {
    const step = Math.floor((i * plan.stepsPerEpoch) / steps);
    const { rows, paddedLength } = plan.stepAt(step).microBatches[0]!;
    tokens += rows.reduce((sum, { count }) => sum + count, 0);
    places += rows.length * paddedLength;
  }
  return { microBatches: plan.microBatchesPerEpoch, padding: 1 - tokens / places };
}
