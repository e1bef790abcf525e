/** How much of its batches a rule pads, beside the rules of others. */
import type { BatchConfig } from '../../config/phase-section.ts';
import { makePlan } from '../../data/plan/make-plan.ts';
import {
  type Batches,
  type BatchRule,
  batchBySize,
  dynamicBuckets,
  groupByLength,
  randomBatches,
} from './batch-rules.ts';

export const BUDGET = 65_536;
/** The configuration's key for tight batches, for which the benchmark runs. */
export const LENGTH_RATIO = 1.02;

/** What a rule makes of the lengths. */
export interface PaddingRow {
  readonly rule: string;
  readonly batches: number;
  /** Share of rows × longest row that is padding. */
  readonly padding: number;
  /** Rows × longest row of the largest batch, in budgets. */
  readonly largest: number;
  /** Whether a sequence meets others in each epoch. */
  readonly mixes: boolean;
}

/** The batches of Lockstep's first epoch. */
function planned(lengthRatio?: number): BatchRule {
  return (lengths, budget) => {
    const ascending = lengths.toSorted();
    const batch: BatchConfig = {
      ...{ microBatches: 1, tokensPerMicroBatch: budget, maxRows: budget, grouping: 'length' },
      lengthRatio,
    };
    const sequences = Int32Array.from(ascending.keys());
    const subset = { sequences, effectiveLengths: ascending, storeLengths: ascending };
    const plan = makePlan({ subset, batch, seed: 1, phase: 0 });
    return Array.from({ length: plan.stepsPerEpoch }, (_, step) =>
      plan.stepAt(step).microBatches[0]!.rows.map(({ count }) => count),
    );
  };
}

const RULES: readonly (readonly [name: string, rule: BatchRule, mixes?: boolean])[] = [
  ['random rows up to the budget', randomBatches],
  ['Hugging Face group_by_length', groupByLength],
  ['fairseq batch_by_size', batchBySize, false],
  ['lhotse DynamicBucketingSampler', dynamicBuckets],
  ['Lockstep', planned()],
  [`Lockstep, batch.lengthRatio: ${LENGTH_RATIO}`, planned(LENGTH_RATIO)],
];

/** All rules on the same lengths. */
export function benchPadding(lengths: Int32Array, budget = BUDGET): PaddingRow[] {
  return RULES.map(([rule, batchesOf, mixes = true]) => {
    return { rule, mixes, ...paddingOf(batchesOf(lengths, budget), budget) };
  });
}

function paddingOf(batches: Batches, budget: number): Omit<PaddingRow, 'rule' | 'mixes'> {
  let [tokens, places, largest] = [0, 0, 0];
  for (const rows of batches) {
    const longest = rows.reduce((a, b) => Math.max(a, b));
    tokens += rows.reduce((a, b) => a + b, 0);
    places += rows.length * longest;
    largest = Math.max(largest, rows.length * longest);
  }
  return { batches: batches.length, padding: 1 - tokens / places, largest: largest / budget };
}
