import { readTrainingData } from '../../data/training-data.ts';
import { defineNetwork } from '../../run/definition.ts';
import { readRunConfig } from '../../run/folder.ts';

/**
 * Whether a phase of the run has an objective that predicts, one of an extension included.
 * @throws LockstepError RUN_NOT_FOUND, CONFIG_INVALID, CHECKPOINT_MISMATCH, CHECKPOINT_CORRUPT
 */
export function canPredict(runFolder: string): boolean {
  const network = defineNetwork(readRunConfig(runFolder), readTrainingData(runFolder));
  return network.tasks.some((task) => task !== undefined);
}
