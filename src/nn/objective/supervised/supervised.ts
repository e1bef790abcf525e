/**
 * Learns what the dataset says of its sequences: a class, several classes, numbers, or a class for each timestep. The
 * head is `decoder`, whatever it predicts.
 */
import { LockstepError } from '../../../core/errors.ts';
import type { PhaseFacts } from '../../../data/facts.ts';
import { defineObjective } from '../../define.ts';
import type { Objective } from '../objective.ts';
import { augmented } from './augment/augmented.ts';
import { multiLabel } from './multi-label.ts';
import { refuseUnusedOptions, type SupervisedOptions, supervisedOptions } from './options.ts';
import { regression } from './regression.ts';
import { singleLabel } from './single-label.ts';
import { timestepClasses } from './timestep-classes.ts';

export const supervised = defineObjective({
  kind: 'supervised',
  options: supervisedOptions,
  needs: { labels: true },
  build(options, facts, seed) {
    refuseUnusedOptions(options, facts.target);
    const objective = objectiveOf(options, facts);
    const isVaried = options.augment !== undefined || options.mixing !== undefined;
    return isVaried ? augmented(objective, options, facts, seed) : objective;
  },
});

function objectiveOf(options: SupervisedOptions, facts: PhaseFacts): Objective {
  switch (facts.target.kind) {
    case 'numbers':
      return regression(options, facts.target.numbers);
    case 'classes':
      return multiLabel(options, facts);
    case 'timestep-class':
      refuseFewClasses(facts, 'timesteps');
      return timestepClasses(options, facts);
    case 'class':
    case 'none':
      refuseFewClasses(facts, 'sequences');
      return singleLabel(options, facts);
  }
}

/** Where there is one class, there is nothing to tell apart. */
function refuseFewClasses({ classes, classCounts }: PhaseFacts, what: string): void {
  if (classes < 2) {
    throw new LockstepError(
      'DATA_INVALID',
      `A supervised phase needs at least 2 classes, the dataset has ${classes}.`,
      'Import the data with labels, or choose the masked objective.',
    );
  }
  if (classCounts.filter((count) => count > 0).length !== 1) return;
  throw new LockstepError(
    'DATA_INVALID',
    `All training ${what} of a supervised phase are of one class: there is nothing to tell apart.`,
    'Import sequences of other classes, or give them to the training split.',
  );
}
