/**
 * An objective has two halves: `prepare` runs on the host, ahead, in the loader's thread (labels, masks,
 * trivial baselines); `loss` and `predict` run in the engine. Both yield sums, never means: the normaliser is
 * global.
 */

import type { PaddedRows } from '../../data/collate.ts';
import type { DataFacts } from '../../data/facts.ts';
import { scaleRows } from '../../data/scaling/scale-rows.ts';
import { type Scaling, UNSCALED } from '../../data/scaling/scaling.ts';
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
  /**
   * What the model is to see of the rows that were read, before they are scaled: other rows, such as two views of
   * each, or the same ones with `hidden`. All of each row when absent.
   * @param rows as the loader read them, not to be changed
   */
  view?(rows: PaddedRows): PaddedRows;
  /**
   * What the model is to see of the rows once they are scaled, such as with noise. The same rows when absent.
   * @param rows scaled, not to be changed
   */
  alter?(rows: PaddedRows): PaddedRows;
  /** @param rows as the model sees them, scaled; they may be kept as a feed, but not changed */
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

/** What decides how values are fed. */
export type InputFacts = Pick<DataFacts, 'symbols' | 'channels' | 'scaling'>;

/** `values`, which every micro-batch feeds, and what scaling adds to them. */
export function inputFeeds({ symbols, channels, scaling }: InputFacts): FeedDescription[] {
  const { kind, hasMissing } = scaling;
  const isInteger = symbols > 0 && kind === 'none' && !hasMissing;
  const shape = valuesShape(channels);
  return [
    { name: 'values', dtype: isInteger ? 'int32' : 'float32', shape },
    ...(hasMissing ? [{ name: 'missing', dtype: 'float32', shape } as const] : []),
    ...(kind === 'sequence'
      ? [{ name: 'profile', dtype: 'float32', shape: ['rows', 2 * channels] } as const]
      : []),
  ];
}

/** The shape of a feed with a number for each value. */
export function valuesShape(channels: number): FeedDescription['shape'] {
  return channels === 1 ? ['rows', 'length'] : ['rows', 'length', channels];
}

/** The epoch number that evaluation draws its masks by: the same ones each time. */
export const EVALUATION_EPOCH = 0xffffffff;

/** Rows as their objective wants them seen, scaled, with what it prepares of them. */
export function microBatchOf(
  objective: Objective,
  read: PaddedRows,
  scaling: Scaling = UNSCALED,
): MicroBatch {
  const scaled = scaleRows(objective.view?.(read) ?? read, scaling);
  const seen = objective.alter?.(scaled) ?? scaled;
  const { feeds, sums } = objective.prepare(seen);
  return { ...bareMicroBatch(seen, feeds), hostSums: sums };
}

/** Rows with their values only, and other feeds. */
export function bareMicroBatch(seen: PaddedRows, feeds: Prepared['feeds'] = {}): MicroBatch {
  const { rows, paddedLength, lengths, sequences } = seen;
  return {
    ...{ rows, paddedLength, lengths, sequences },
    feeds: { ...valueFeeds(seen), ...feeds },
    hostSums: {},
  };
}

function valueFeeds({
  rows,
  paddedLength,
  channels,
  values,
  scaled,
}: PaddedRows): Prepared['feeds'] {
  const shape = valuesShapeOf({ rows, paddedLength, channels });
  const { missing, profile } = scaled ?? {};
  return {
    values: { shape, data: scaled?.values ?? values },
    ...(missing && { missing: { shape, data: missing } }),
    ...(profile && { profile: { shape: [rows, 2 * channels], data: profile } }),
  };
}

/** The shape of a feed with a number for each value of these rows. */
export function valuesShapeOf({
  rows,
  paddedLength,
  channels,
}: Pick<PaddedRows, 'rows' | 'paddedLength' | 'channels'>): number[] {
  return channels === 1 ? [rows, paddedLength] : [rows, paddedLength, channels];
}
