/** What the pretexts share: predicting values at given positions, as classes or as numbers. */
import { z } from 'zod';
import { LockstepError } from '../../core/errors.ts';
import type { PaddedRows } from '../../data/collate.ts';
import type { PhaseFacts } from '../../data/facts.ts';
import type { FeedDescription, ForwardContext } from '../../engine/engine.ts';
import type { Tensor } from '../../engine/ops.ts';
import { linear } from '../layer/forward.ts';
import { linearParameters } from '../layer/parameters.ts';
import { type Goals, lossUnits } from './goals.ts';
import type { Metric, Objective, Prepared } from './objective.ts';

/** All pretexts of a run share one head. */
export const PRETEXT_HEAD = 'pretext';

/** Predict the symbol (integer values only) or its value. */
export const targetOption = z.enum(['classification', 'regression']).default('classification');

export type Target = z.output<typeof targetOption>;

/** Adds up `term` over the positions that are predicted. */
export type Term = (truth: number, index: number) => number;

/** How a pretext and its baselines are measured; baselines are the host's business. */
export interface PretextTask {
  /** Sums of the baselines, by name. */
  readonly baselines: readonly string[];
  metrics(sums: Readonly<Record<string, number>>): Readonly<Record<string, Metric>>;
}

/**
 * A pretext objective. `prepare` yields the feeds of `goalFeeds` and the baselines' sums.
 * @throws LockstepError CONFIG_INVALID for classification of real values
 */
export function makePretext(
  target: Target,
  facts: PhaseFacts,
  task: PretextTask & {
    /** Fed besides the values and what `goalFeeds` makes. */
    feeds: readonly FeedDescription[];
    view?: (rows: PaddedRows) => PaddedRows;
    prepare: (rows: PaddedRows) => Prepared;
  },
): Objective {
  const classifies = target === 'classification';
  if (classifies && facts.symbols === 0) {
    throw new LockstepError(
      'CONFIG_INVALID',
      'objective.target is "classification", but the dataset holds real values: they have no classes.',
      'Set objective.target to "regression".',
    );
  }
  const { channels: count } = facts;
  const out = count * (classifies ? facts.symbols : 1);
  return {
    head: (channels) => linearParameters(PRETEXT_HEAD, { out, in: channels }),
    sums: [...(classifies ? ['correct'] : []), ...task.baselines],
    feeds: [
      ...task.feeds,
      { name: 'positions', dtype: 'int32', shape: ['positions'] },
      { name: 'targets', dtype: classifies ? 'int32' : 'float32', shape: goalShape(count) },
      ...(count === 1
        ? []
        : [{ name: 'counted', dtype: 'float32', shape: goalShape(count) } as const]),
    ],
    ...(task.view && { view: task.view }),
    prepare: task.prepare,
    loss: classifies ? classificationSums(facts) : regressionSums(facts),
    metrics: task.metrics,
    headline: classifies
      ? { metric: 'accuracy', better: 'higher' }
      : { metric: 'loss', better: 'lower' },
  };
}

const goalShape = (channels: number): FeedDescription['shape'] =>
  channels === 1 ? ['positions'] : ['positions', channels];

/** Of several channels, each has its own logits; those that do not count have a loss of 0. */
const classificationSums =
  ({ channels, symbols }: PhaseFacts): Objective['loss'] =>
  (context, features) => {
    const { ops, feed } = context;
    const outputs = predictAt(context, features, feed('positions'));
    if (channels === 1) {
      const targets = feed('targets');
      return {
        loss: ops.sum(ops.softmaxCrossEntropy(outputs, targets)),
        correct: ops.sum(ops.isCorrect(outputs, targets)),
      };
    }
    const logits = ops.splitRows(outputs, symbols);
    const targets = ops.flatten(feed('targets'));
    const counted = ops.flatten(feed('counted'));
    return {
      loss: ops.sum(ops.mul(ops.softmaxCrossEntropy(logits, targets), counted)),
      correct: ops.sum(ops.mul(ops.isCorrect(logits, targets), counted)),
    };
  };

const regressionSums =
  ({ channels }: PhaseFacts): Objective['loss'] =>
  (context, features) => {
    const { ops, feed } = context;
    const outputs = predictAt(context, features, feed('positions'));
    if (channels === 1) {
      const errors = ops.sub(ops.squeezeLast(outputs), feed('targets'));
      return { loss: ops.sum(ops.mul(errors, errors)) };
    }
    const errors = ops.mul(ops.sub(outputs, feed('targets')), feed('counted'));
    return { loss: ops.sum(ops.mul(errors, errors)) };
  };

/** The head at flat positions (int32 `[n]`): `[n, outputs]`. */
function predictAt(context: ForwardContext, features: Tensor, positions: Tensor): Tensor {
  return linear(context, PRETEXT_HEAD, context.ops.gatherPositions(features, positions));
}

/** The feeds `positions` `[n]`, `targets` and, for several channels, `counted` (1 where a target counts). */
export function goalFeeds(
  target: Target,
  facts: PhaseFacts,
  rows: PaddedRows,
  { positions, places }: Goals,
): Prepared['feeds'] {
  const isClass = target === 'classification';
  const { of } = lossUnits(facts, rows);
  const data = isClass ? new Int32Array(places.length) : new Float32Array(places.length);
  const counted = facts.channels > 1 ? new Float32Array(places.length) : undefined;
  for (let cell = 0; cell < places.length; cell++) {
    const place = places[cell]!;
    if (place < 0) continue;
    const value = rows.values[place]!;
    data[cell] = isClass ? value : of(value, place);
    if (counted !== undefined) counted[cell] = 1;
  }
  const shape = facts.channels === 1 ? [positions.length] : [positions.length, facts.channels];
  return {
    positions: { shape: [positions.length], data: positions },
    targets: { shape, data },
    ...(counted && { counted: { shape, data: counted } }),
  };
}

/** Position of the largest count, the first of equals; 0 when there are none. */
export function mostFrequent(counts: readonly number[]): number {
  return counts.length === 0 ? 0 : counts.indexOf(Math.max(...counts));
}

export function sumOf(values: ArrayLike<number>, term: Term): number {
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += term(values[index]!, index);
  return sum;
}

export function countWhere(
  values: ArrayLike<number>,
  matches: (value: number, index: number) => boolean,
): number {
  return sumOf(values, (value, index) => (matches(value, index) ? 1 : 0));
}
