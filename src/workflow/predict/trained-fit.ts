/** A model that was fitted at once, ready to predict. */
import { LockstepError } from '../../core/errors.ts';
import { dataFacts } from '../../data/facts.ts';
import type { NgramModel } from '../../ngram/model.ts';
import type { RocketModel } from '../../rocket/model.ts';
import { type FittedKind, KIND_WORDS } from '../../run/fitted/kinds.ts';
import { readNgramRun } from '../../run/ngram/ngram-run.ts';
import { readRocketRun } from '../../run/rocket/rocket-run.ts';
import { headTaskOf } from '../fitted-targets.ts';
import type { ModelChoice, TrainedModel } from './trained-model.ts';

export interface TrainedRocket extends TrainedModel {
  readonly kind: 'rocket';
  readonly rocket: RocketModel;
}

export interface TrainedNgrams extends TrainedModel {
  readonly kind: 'ngram';
  readonly ngrams: NgramModel;
}

export type TrainedFit = TrainedRocket | TrainedNgrams;

/**
 * @returns the model, and the folder of the dataset that it was fitted to
 * @throws LockstepError USAGE for a phase, which such a model has not, and for embeddings of n-grams;
 *   CHECKPOINT_CORRUPT, CHECKPOINT_MISMATCH
 */
export async function loadTrainedFit(
  { run, phase, embeddings = false }: ModelChoice,
  kind: FittedKind,
): Promise<{ readonly model: TrainedFit; readonly store: string }> {
  if (phase !== undefined) {
    throw new LockstepError(
      'USAGE',
      `"${run}" is the run of ${KIND_WORDS[kind]}, which has no phases.`,
      'Leave the phase out.',
    );
  }
  return kind === 'rocket' ? await loadRocket(run, embeddings) : await loadNgrams(run, embeddings);
}

async function loadRocket(run: string, embeddings: boolean) {
  const { config, data, model: rocket, source } = await readRocketRun(run);
  const { scaling } = dataFacts(data, config.data.scaling);
  const task = embeddings ? ('embedding' as const) : headTaskOf(data);
  const model: TrainedRocket = { kind: 'rocket', rocket, task, source, scaling, data };
  return { model, store: config.data.store };
}

async function loadNgrams(run: string, embeddings: boolean) {
  if (embeddings) {
    throw new LockstepError(
      'USAGE',
      `"${run}" is the run of n-grams, which has weights for each n-gram and no features between.`,
      'Leave the embeddings out, or train model.family ngram.',
    );
  }
  const { config, data, model: ngrams, source } = await readNgramRun(run);
  const { scaling } = dataFacts(data, 'none');
  const model: TrainedNgrams = {
    kind: 'ngram',
    ngrams,
    task: headTaskOf(data),
    source,
    scaling,
    data,
  };
  return { model, store: config.data.store };
}
