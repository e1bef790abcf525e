import { LockstepError } from '../../core/errors.ts';
import { listNames } from '../../core/name-list.ts';
import { didYouMean } from '../../core/nearest-name.ts';

/**
 * Which of the model's labels each class of another dataset is, by name.
 * @throws LockstepError DATA_INVALID for a class that the model does not know
 */
export function matchClasses(
  modelClasses: readonly string[],
  dataClasses: readonly string[],
): number[] {
  return dataClasses.map((name) => {
    const label = modelClasses.indexOf(name);
    if (label >= 0) return label;
    throw new LockstepError(
      'DATA_INVALID',
      `The dataset has a class "${name}" that the model was not trained on (it knows ${listNames(modelClasses)}).${didYouMean(name, modelClasses)}`,
      'Import the data with the classes of the training data.',
    );
  });
}
