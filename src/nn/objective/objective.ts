/**
 * An objective has two halves: `prepare` runs on the host, ahead, in the loader's thread (labels, masks,
 * trivial baselines); `loss` and `predict` run in the engine. Both yield sums, never means: the normaliser is
 * global.
 */

import type { PaddedRows } from '../../data/collate.ts';
import type { Feed, FeedDescription, ForwardContext, MicroBatch } from '../../engine/engine.ts';
import type { Tensor } from '../../engine/ops.ts';
import type { ParameterDescription } from '../model/model.ts';

/** What an objective predicts of a sequence: one class, several, numbers, or a class for each timestep. */
export type Task = 'class' | 'classes' | 'numbers' | 'timestep-class';

/** An objective as it was built for one phase. */
export interface Objective {
  /**
   * Parameters of the head on features of so many channels, such as `decoder.weight`. Objectives of one run that
   * name the same parameters share them, so they must agree on the shapes.
   */
  head(channels: number): readonly ParameterDescription[];
  /** Names of the sums besides `loss` and `weight`, for `metrics`. */
  readonly sums: readonly string[];
  /** What `prepare` feeds besides `values`; the one named `mask` is the model's business. */
  readonly feeds: readonly FeedDescription[];
  /** @param rows as the loader read them; they may be kept as a feed, but not changed */
  prepare(rows: PaddedRows): Prepared;
  /**
   * Scalars by name: `loss`, the sum that is differentiated, and those of `sums` that `prepare` doesn't give.
   * @param features float32 `[B, L, C]`, zero in the padding
   */
  loss(context: ForwardContext, features: Tensor): Readonly<Record<string, Tensor>>;
  /** What `predict` predicts. @default 'class' */
  readonly task?: Task;
  /**
   * With no other feed than `values`: logits of the classes `[B, classes]`, numbers in standard deviations of the
   * training split `[B, numbers]`, or logits for each timestep `[B, L, classes]`. Absent where it predicts nothing.
   */
  predict?(context: ForwardContext, features: Tensor): Tensor;
  /** By name, from the sums of a global step or an evaluation; sums over no rows are 0. */
  metrics(sums: Readonly<Record<string, number>>): Readonly<Record<string, Metric>>;
  /** The metric that `keep: best` goes by, and which way is better. */
  readonly headline: { readonly metric: string; readonly better: 'higher' | 'lower' };
}

/** What the host adds to a micro-batch. */
export interface Prepared {
  /** What the model sees instead of the rows that were read, such as two views of each. */
  readonly rows?: PaddedRows;
  /** By the names of the objective's `feeds`. */
  readonly feeds: Readonly<Record<string, Feed>>;
  /** `weight`, which the sum of the losses is divided by, and other sums that the host knows. */
  readonly sums: Readonly<Record<string, number>>;
}

/** What people read, beside what simple rules reach that know nothing of the model. */
export interface Metric {
  readonly value: number;
  /** By the rule's name in camel case, such as `mostFrequent`. */
  readonly baselines?: Readonly<Record<string, number>>;
}

/** Metrics as they are told and recorded: numbers by name, and their baselines by metric and rule. */
export interface Measured {
  readonly metrics: Readonly<Record<string, number>>;
  readonly baselines?: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** @param sums by name: `loss`, `weight` and those of the objective */
export function measure(objective: Objective, sums: Readonly<Record<string, number>>): Measured {
  const all = Object.entries(objective.metrics(sums));
  const metrics = Object.fromEntries(all.map(([name, { value }]) => [name, value]));
  const compared = all.flatMap(([name, { baselines }]) =>
    baselines === undefined ? [] : [[name, baselines] as const],
  );
  return { metrics, ...(compared.length > 0 && { baselines: Object.fromEntries(compared) }) };
}

/** `values` `[B, L]`, which every micro-batch feeds. */
export function valuesFeed({ symbols }: { readonly symbols: number }): FeedDescription {
  return { name: 'values', dtype: symbols > 0 ? 'int32' : 'float32', shape: ['rows', 'length'] };
}

/** The epoch number that evaluation draws its masks by: the same ones each time. */
export const EVALUATION_EPOCH = 0xffffffff;

/** Rows as their objective wants them seen, with what it prepares of them. */
export function microBatchOf(objective: Objective, read: PaddedRows): MicroBatch {
  const { rows: seen = read, feeds, sums } = objective.prepare(read);
  return { ...bareMicroBatch(seen, feeds), hostSums: sums };
}

/** Rows with their values only, and other feeds. */
export function bareMicroBatch(seen: PaddedRows, feeds: Prepared['feeds'] = {}): MicroBatch {
  const { rows, paddedLength, lengths, sequences } = seen;
  const values = { shape: [rows, paddedLength], data: seen.values };
  return { rows, paddedLength, lengths, sequences, feeds: { values, ...feeds }, hostSums: {} };
}
