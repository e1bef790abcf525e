/** What the pretexts share: predicting values at given positions, as classes or as numbers. */
import { z } from 'zod';
import { LockstepError } from '../../core/errors.ts';
import type { PaddedRows } from '../../data/collate.ts';
import type { PhaseFacts } from '../../data/facts.ts';
import type { FeedDescription, ForwardContext } from '../../engine/engine.ts';
import type { Tensor } from '../../engine/ops.ts';
import { linear } from '../layer/forward.ts';
import { linearParameters } from '../layer/parameters.ts';
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
 * A pretext objective. `prepare` yields feeds `positions` (flat, int32 `[n]`) and `targets` `[n]` and the
 * baselines' sums.
 * @throws LockstepError CONFIG_INVALID for classification of real values
 */
export function makePretext(
  target: Target,
  facts: PhaseFacts,
  task: PretextTask & {
    /** Fed besides `values`, `positions` and `targets`. */
    feeds: readonly FeedDescription[];
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
  const out = classifies ? facts.symbols : 1;
  return {
    head: (channels) => linearParameters(PRETEXT_HEAD, { out, in: channels }),
    sums: [...(classifies ? ['correct'] : []), ...task.baselines],
    feeds: [
      ...task.feeds,
      { name: 'positions', dtype: 'int32', shape: ['positions'] },
      { name: 'targets', dtype: classifies ? 'int32' : 'float32', shape: ['positions'] },
    ],
    prepare: task.prepare,
    loss: classifies ? classificationSums : regressionSums,
    metrics: task.metrics,
    headline: classifies
      ? { metric: 'accuracy', better: 'higher' }
      : { metric: 'loss', better: 'lower' },
  };
}

const classificationSums: Objective['loss'] = (context, features) => {
  const { ops, feed } = context;
  const logits = predictAt(context, features, feed('positions'));
  const targets = feed('targets');
  return {
    loss: ops.sum(ops.softmaxCrossEntropy(logits, targets)),
    correct: ops.sum(ops.isCorrect(logits, targets)),
  };
};

const regressionSums: Objective['loss'] = (context, features) => {
  const { ops, feed } = context;
  const outputs = predictAt(context, features, feed('positions'));
  const errors = ops.sub(ops.squeezeLast(outputs), feed('targets'));
  return { loss: ops.sum(ops.mul(errors, errors)) };
};

/** The head at flat positions (int32 `[n]`): `[n, outputs]`. */
function predictAt(context: ForwardContext, features: Tensor, positions: Tensor): Tensor {
  return linear(context, PRETEXT_HEAD, context.ops.gatherPositions(features, positions));
}

/** Targets as the engine takes them: symbols, or standardised numbers. */
export function targetFeed(target: Target, facts: PhaseFacts, truths: readonly number[]) {
  const data =
    target === 'classification'
      ? Int32Array.from(truths)
      : Float32Array.from(truths, standardiser(facts));
  return { shape: [truths.length], data };
}

/** Regression is on (value − mean) / (a quarter of the value range), so that losses are of order 1. */
export function standardiser({ meanValue, valueRange }: PhaseFacts): (value: number) => number {
  const scale = (valueRange.maximum - valueRange.minimum) / 4 || 1;
  return (value) => (value - meanValue) / scale;
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
