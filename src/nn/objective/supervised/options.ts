/** The options of the supervised objective, and for which kind of target each of them is. */
import { z } from 'zod';
import { LockstepError } from '../../../core/errors.ts';
import { type DataTarget, TARGET_WORDS } from '../../../data/format/target.ts';
import { augmentOptions, mixingOptions } from './augment/options.ts';

const weights = (fewest: number) =>
  z.union([z.enum(['none', 'balanced']), z.array(z.number().positive()).min(fewest)]);

export const supervisedOptions = z.strictObject({
  /** `balanced` weighs a class by total / (classes · count), as scikit-learn does. */
  classWeights: weights(2).default('none'),
  /** Several classes: weighs what a class applies to; `balanced` by the others' number over their number. */
  positiveWeights: weights(1).optional(),
  /**
   * What the head of a whole sequence sees of its features: their mean over the length, their largest values, both, or a
   * mean whose weights are learned. By default the mean.
   */
  pooling: z.enum(['mean', 'max', 'mean-max', 'attention']).optional(),
  /** One class: spreads this share of it over all classes while training. */
  labelSmoothing: z.number().gt(0).lt(1).optional(),
  /** How training sequences are varied. */
  augment: augmentOptions.optional(),
  /** One class: how training sequences are mixed. */
  mixing: mixingOptions.optional(),
  /** Numbers: mean of the squared errors, or Huber's loss, which grows linearly beyond `delta`. */
  loss: z.enum(['squared', 'huber']).optional(),
  /** Huber's loss: where it becomes linear, in standard deviations of the number. */
  delta: z.number().positive().optional(),
});

export type SupervisedOptions = z.output<typeof supervisedOptions>;
export type Pooling = NonNullable<SupervisedOptions['pooling']>;
export type Weights = z.output<ReturnType<typeof weights>>;

const KINDS_OF = {
  classWeights: ['class', 'timestep-class'],
  positiveWeights: ['classes'],
  pooling: ['class', 'classes', 'numbers'],
  labelSmoothing: ['class'],
  augment: ['class', 'classes', 'numbers'],
  mixing: ['class'],
  loss: ['numbers'],
  delta: ['numbers'],
} as const satisfies Record<keyof SupervisedOptions, readonly DataTarget['kind'][]>;

/** @throws LockstepError CONFIG_INVALID for an option that the dataset's target has no use for */
export function refuseUnusedOptions(options: SupervisedOptions, { kind }: DataTarget): void {
  const isUsed = (option: keyof SupervisedOptions) =>
    (KINDS_OF[option] as readonly DataTarget['kind'][]).includes(kind);
  const given = (option: keyof SupervisedOptions) =>
    options[option] !== undefined && options[option] !== 'none';
  const options_ = Object.keys(KINDS_OF) as (keyof SupervisedOptions)[];
  const unused = options_.find((option) => given(option) && !isUsed(option));
  if (unused !== undefined) {
    const fitting = KINDS_OF[unused].map((kind) => TARGET_WORDS[kind]).join(' or ');
    throw new LockstepError(
      'CONFIG_INVALID',
      `objective.${unused} is for datasets with ${fitting}; this one has ${TARGET_WORDS[kind]}.`,
      `Leave objective.${unused} out.`,
    );
  }
  if (options.delta !== undefined && options.loss !== 'huber') {
    throw new LockstepError(
      'CONFIG_INVALID',
      'objective.delta is where Huber\'s loss becomes linear, but objective.loss is not "huber".',
      'Set objective.loss to "huber", or leave objective.delta out.',
    );
  }
}

/**
 * A weight for each class.
 * @param balanced the weights that "balanced" stands for
 * @throws LockstepError CONFIG_INVALID for another number of weights than classes
 */
export function weightsOf(
  key: 'classWeights' | 'positiveWeights',
  setting: Weights,
  classes: number,
  balanced: () => readonly number[],
): readonly number[] {
  if (setting === 'none') return new Array<number>(classes).fill(1);
  if (setting === 'balanced') return balanced();
  if (setting.length === classes) return setting;
  throw new LockstepError(
    'CONFIG_INVALID',
    `objective.${key} has ${setting.length} weights, the dataset has ${classes} classes.`,
    'Give one weight a class, or "balanced", or "none".',
  );
}

/** total / (classes · count); 0 for a class that nothing has. */
export function balancedClassWeights(counts: readonly number[]): readonly number[] {
  const total = counts.reduce((a, b) => a + b, 0);
  return counts.map((count) => (count === 0 ? 0 : total / (counts.length * count)));
}
