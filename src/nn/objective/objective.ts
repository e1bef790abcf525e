/**
 * An objective has two halves: `prepare` runs on the host, ahead, in the loader's thread (labels, masks,
 * trivial baselines); `sums` runs in the engine. Both yield sums, never means: the normaliser is global.
 */

import type { PaddedRows } from '../../data/collate.ts';
import type { PhaseFacts } from '../../data/facts.ts';
import type { FeedDescription, ForwardContext, MicroBatch, Slot } from '../../engine/engine.ts';
import type { Tensor } from '../../engine/ops.ts';
import type { Model } from '../model/model.ts';

export type Prepared = Pick<MicroBatch, 'feeds' | 'hostSums'>;

export interface Objective {
  /** `loss` (differentiated), `weight` (its normaliser), then what the metrics need. */
  readonly sumNames: readonly string[];
  /** A model that sees the future would only have to copy it. */
  readonly needsCausalModel: boolean;
  /** Outputs of the model's pretext head that it needs; 0 when it uses the classification head. */
  readonly pretextOutputs: number;
  /** What `prepare` yields. */
  readonly feeds: readonly FeedDescription[];
  /** What the rows are seen as, when not as they are: `prepare` and the model get this. */
  views?(rows: PaddedRows): PaddedRows;
  prepare(rows: PaddedRows): Prepared;
  /** Those of `sumNames` that are not the host's. */
  sums(model: Model, context: ForwardContext): Readonly<Record<string, Tensor>>;
  trains(slot: Slot): boolean;
  /** What people read, from a global step's or an evaluation's sums. */
  metrics(sums: Readonly<Record<string, number>>): Record<string, number>;
  /** The metric that `keep: best` goes by, and which way is better. */
  readonly headline: { readonly metric: string; readonly better: 'higher' | 'lower' };
}

/** `values` `[B, L]`, as every objective feeds them. */
export function valuesFeed({ symbols }: PhaseFacts): FeedDescription {
  return { name: 'values', dtype: symbols > 0 ? 'int32' : 'float32', shape: ['rows', 'length'] };
}

/** The epoch number that evaluation draws its masks by: the same ones each time. */
export const EVALUATION_EPOCH = 0xffffffff;

/** Rows as their objective wants them seen, with what it prepares of them. */
export function microBatchOf(objective: Objective, whole: PaddedRows): MicroBatch {
  const seen = objective.views?.(whole) ?? whole;
  const { rows, paddedLength, lengths, sequences } = seen;
  return { rows, paddedLength, lengths, sequences, ...objective.prepare(seen) };
}
