/** A fitted rocket, ready to predict. */
import { LockstepError } from '../../core/errors.ts';
import { dataFacts } from '../../data/facts.ts';
import type { RocketModel } from '../../rocket/model.ts';
import { readRocketRun } from '../../run/rocket/rocket-run.ts';
import { headTaskOf } from '../rocket/targets.ts';
import type { ModelChoice, TrainedModel } from './trained-model.ts';

export interface TrainedRocket extends TrainedModel {
  readonly kind: 'rocket';
  readonly rocket: RocketModel;
}

/**
 * @returns the model, and the folder of the dataset that it was fitted to
 * @throws LockstepError USAGE for a phase, which a rocket has not; CHECKPOINT_CORRUPT, CHECKPOINT_MISMATCH
 */
export async function loadTrainedRocket({
  run,
  phase,
  embeddings,
}: ModelChoice): Promise<{ readonly model: TrainedRocket; readonly store: string }> {
  if (phase !== undefined) {
    throw new LockstepError(
      'USAGE',
      `"${run}" is a rocket, which has no phases.`,
      'Leave the phase out.',
    );
  }
  const { config, data, model: rocket, source } = await readRocketRun(run);
  const { scaling } = dataFacts(data, config.data.scaling);
  const task = embeddings ? 'embedding' : headTaskOf(data);
  return {
    model: { kind: 'rocket', rocket, task, source, scaling, data },
    store: config.data.store,
  };
}
