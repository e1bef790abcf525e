/** How a run scales the numbers of its data. */
import type { RunConfig } from '../config/run-config.ts';
import { LockstepError } from '../core/errors.ts';
import { dataFacts, type StoreFacts } from '../data/facts.ts';
import type { ScalingKind } from '../data/scaling/scaling.ts';
import { registry } from '../nn/registry.ts';

/**
 * What `data.scaling` says, or else what fits: `sequence` for real values, `dataset` for a causal model of them and for
 * integers that a model reads as numbers, `none` for symbols. All runs of one model so have one scaling, whatever their
 * objectives.
 * @throws LockstepError CONFIG_INVALID for a scaling that shows the future to an objective that may not see it, or
 *   that a model of symbols cannot use; DATA_INVALID for a dataset without statistics
 */
export function scalingOf(config: RunConfig, store: Pick<StoreFacts, 'manifest'>): ScalingKind {
  const { scaling: asked } = config.data;
  const causal = config.phases.find(({ objective }) => registry.needs(objective).causalModel);
  if (asked === 'sequence' && causal !== undefined) throw showsFuture(causal.name);
  if (asked === 'none') return asked;
  const isReal = store.manifest.valueType === 'float32';
  const model = registry.makeModel(config.model, dataFacts(store, asked ?? 'dataset'));
  if (!isReal && model.reads !== 'numbers') {
    if (asked !== undefined) throw readsSymbols(config, asked);
    return 'none';
  }
  requireStatistics(store);
  return asked ?? (isReal && !model.isCausal ? 'sequence' : 'dataset');
}

/** @throws LockstepError DATA_INVALID for a dataset without statistics */
export function requireStatistics({ manifest }: Pick<StoreFacts, 'manifest'>): void {
  if (manifest.channelStatistics.length > 0) return;
  throw new LockstepError(
    'DATA_INVALID',
    'The dataset does not say how its values are distributed: an older version of Lockstep made it.',
    'Import the data again, or set data.scaling to "none".',
  );
}

function showsFuture(phase: string): LockstepError {
  return new LockstepError(
    'CONFIG_INVALID',
    `data.scaling is "sequence", but phase "${phase}" may not see the future: the mean of a sequence tells of timesteps that are still to come.`,
    'Set data.scaling to "dataset" or "robust", or leave it out.',
  );
}

function readsSymbols({ model }: RunConfig, asked: ScalingKind): LockstepError {
  return new LockstepError(
    'CONFIG_INVALID',
    `data.scaling is "${asked}", but model.family "${model.family}" reads the integers of this dataset as symbols, which have no scale.`,
    'Set data.scaling to "none" or leave it out; the built-in families read numbers with model.input "value".',
  );
}
