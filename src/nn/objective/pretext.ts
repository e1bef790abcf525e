/** What the pretexts share: predicting values at given positions, as classes or as numbers. */
import { LockstepError } from '../../core/errors.ts';
import type { PaddedRows } from '../../data/collate.ts';
import type { PhaseFacts } from '../../data/facts.ts';
import type { FeedDescription } from '../../engine/engine.ts';
import { CLASSIFICATION_HEAD } from '../model/model.ts';
import { type Objective, type Prepared, valuesFeed } from './objective.ts';

export type Target = 'classification' | 'regression';

/** Adds up `term` over the positions that are predicted. */
export type Term = (truth: number, index: number) => number;

/** How a pretext and its baselines are measured; baselines are the host's business. */
export interface PretextTask {
  /** Sums of the baselines, by name. */
  readonly baselines: readonly string[];
  metrics(sums: Readonly<Record<string, number>>): Record<string, number>;
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
    needsCausalModel: boolean;
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
  return {
    needsCausalModel: task.needsCausalModel,
    feeds: [
      valuesFeed(facts),
      ...task.feeds,
      { name: 'positions', dtype: 'int32', shape: ['positions'] },
      { name: 'targets', dtype: classifies ? 'int32' : 'float32', shape: ['positions'] },
    ],
    prepare: task.prepare,
    trains: (slot) => !slot.name.startsWith(`${CLASSIFICATION_HEAD}.`),
    pretextOutputs: classifies ? facts.symbols : 1,
    sumNames: ['loss', 'weight', ...(classifies ? ['correct'] : []), ...task.baselines],
    headline: classifies
      ? { metric: 'accuracy', better: 'higher' }
      : { metric: 'loss', better: 'lower' },
    sums: classifies ? classificationSums : regressionSums,
    metrics: task.metrics,
  };
}

const classificationSums: Objective['sums'] = (model, context) => {
  const { ops, feed } = context;
  const logits = model.predictAt(context, model.features(context), feed('positions'));
  const targets = feed('targets');
  return {
    loss: ops.sum(ops.softmaxCrossEntropy(logits, targets)),
    correct: ops.sum(ops.isCorrect(logits, targets)),
  };
};

const regressionSums: Objective['sums'] = (model, context) => {
  const { ops, feed } = context;
  const outputs = model.predictAt(context, model.features(context), feed('positions'));
  const errors = ops.sub(ops.squeezeLast(outputs), feed('targets'));
  return { loss: ops.sum(ops.mul(errors, errors)) };
};

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
