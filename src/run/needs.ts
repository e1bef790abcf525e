/** Whether data, batches and model are what an objective needs. */
import type { BatchConfig } from '../config/phase-section.ts';
import { LockstepError } from '../core/errors.ts';
import { type DataTarget, TARGET_WORDS } from '../data/format/target.ts';
import { firstAtLeast } from '../data/plan/lengths.ts';
import type { Plan } from '../data/plan/plan.ts';
import type { Sampling } from '../data/plan/sampling.ts';
import type { Subset } from '../data/plan/subset.ts';
import type { ObjectiveNeeds } from '../nn/define.ts';
import type { Model } from '../nn/model/model.ts';
import type { Objective } from '../nn/objective/objective.ts';

/** The needs of an objective, by whose name messages call it. */
export interface Needy extends ObjectiveNeeds {
  readonly kind: string;
}

/**
 * Refuses sequences that are all too short: a phase would run to its end and learn nothing.
 * @throws LockstepError DATA_INVALID
 */
export function checkLengths({ kind, minLength = 1 }: Needy, { effectiveLengths }: Subset): void {
  const longest = effectiveLengths.at(effectiveLengths.length - 1)!;
  if (longest >= minLength) return;
  throw new LockstepError(
    'DATA_INVALID',
    `Objective "${kind}" needs sequences of ${minLength} timesteps or more, but the longest seen here has ${longest}.`,
    `Set data.crop to ${minLength} or more, or leave it out; if the sequences are so short, choose another objective.`,
  );
}

/** A budget, and the keys by which messages call it and the way out of it. */
export interface Budget {
  readonly tokensPerMicroBatch: number;
  /** Such as `batch.tokensPerMicroBatch`. */
  readonly key: string;
  /** Such as `evaluation.data.crop`. */
  readonly cropKey: string;
}

/**
 * Refuses a sequence that exceeds the budget of a micro-batch even alone: the budget bounds the memory.
 * @throws LockstepError CONFIG_INVALID
 */
export function checkBudget({ effectiveLengths }: Subset, budget: Budget): void {
  const { tokensPerMicroBatch, key, cropKey } = budget;
  const longest = effectiveLengths.at(effectiveLengths.length - 1)!;
  if (longest <= tokensPerMicroBatch) return;
  const tooLong = effectiveLengths.length - firstAtLeast(effectiveLengths, tokensPerMicroBatch + 1);
  throw new LockstepError(
    'CONFIG_INVALID',
    `The longest sequence has ${longest} timesteps, but ${key} allows ${tokensPerMicroBatch}; ${tooLong} of ${effectiveLengths.length} sequences are longer than that.`,
    `Raise ${key} to ${longest} or more, or set ${cropKey} to ${tokensPerMicroBatch} or less.`,
  );
}

/**
 * Refuses to balance classes where sequences need not have one.
 * @throws LockstepError CONFIG_INVALID
 */
export function checkSampling(
  { kind, labels = false }: Needy,
  sampling: Sampling,
  target: DataTarget,
): void {
  if (sampling === 'natural' || (labels && target.kind === 'class')) return;
  if (labels) {
    throw new LockstepError(
      'CONFIG_INVALID',
      `data.sampling is "${sampling}", but the dataset has ${TARGET_WORDS[target.kind]}: only sequences of one class each can be balanced.`,
      'Leave data.sampling out; weights of the objective balance classes otherwise.',
    );
  }
  throw new LockstepError(
    'CONFIG_INVALID',
    `data.sampling is "${sampling}", but objective "${kind}" takes sequences without a class, too: there are no classes to balance.`,
    'Leave data.sampling out, or set it where the objective learns classes.',
  );
}

/**
 * Refuses to draw labels a class where sequences have no class each.
 * @throws LockstepError CONFIG_INVALID
 */
export function checkDraw(labelsPerClass: number | undefined, { kind }: DataTarget): void {
  if (labelsPerClass === undefined || kind === 'class' || kind === 'none') return;
  throw new LockstepError(
    'CONFIG_INVALID',
    `data.labelsPerClass draws sequences of each class, but the dataset has ${TARGET_WORDS[kind]}.`,
    'Set data.labelledSequences instead.',
  );
}

/**
 * Refuses a batch that can't hold enough sequences.
 * @throws LockstepError CONFIG_INVALID
 */
export function checkRows(
  { kind, minRows = 1 }: Needy,
  { effectiveLengths }: Subset,
  { maxRows, tokensPerMicroBatch }: BatchConfig,
): void {
  const shortest = effectiveLengths.at(0)!;
  const fitting = Math.max(1, Math.floor(tokensPerMicroBatch / shortest));
  if (Math.min(maxRows, fitting) >= minRows) return;
  const why =
    maxRows < minRows
      ? `batch.maxRows is ${maxRows}`
      : `batch.tokensPerMicroBatch ${tokensPerMicroBatch} holds ${fitting} of the shortest, of ${shortest} timesteps`;
  throw new LockstepError(
    'CONFIG_INVALID',
    `Objective "${kind}" needs at least ${minRows} sequences in a micro-batch, but ${why}.`,
    'Raise batch.tokensPerMicroBatch or batch.maxRows, or set data.crop.',
  );
}

/** Above this share of rows in too small micro-batches, a phase or an evaluation is refused. */
export const LARGEST_LONE_SHARE = 0.5;

/** How an objective can use too few of the rows, as the end of a sentence; undefined where it can use all. */
export function loneRows(
  { kind, minRows = 1 }: Needy,
  { shareInFewerThan }: Pick<Plan, 'shareInFewerThan'>,
): { readonly share: number; readonly text: string } | undefined {
  const share = shareInFewerThan(minRows);
  if (share === 0) return undefined;
  const where = minRows === 2 ? 'alone in' : `in fewer than ${minRows} rows of`;
  const percent = `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
  const text = `${percent} of the sequences are ${where} their micro-batch, where objective "${kind}" has nothing to compare them with`;
  return { share, text };
}

/**
 * Refuses micro-batches most of which are too small for the objective: their sequences would teach or show nothing.
 * @throws LockstepError CONFIG_INVALID
 */
export function checkLoneRows(needs: Needy, batches: Pick<Plan, 'shareInFewerThan'>): void {
  const lone = loneRows(needs, batches);
  if (lone === undefined || lone.share <= LARGEST_LONE_SHARE) return;
  throw new LockstepError(
    'CONFIG_INVALID',
    `${lone.text}; at most ${100 * LARGEST_LONE_SHARE} % may be.`,
    'Raise batch.tokensPerMicroBatch, or set data.crop (for an evaluation, evaluation.data.crop).',
  );
}

/**
 * Refuses a model that sees the future where it may not.
 * @param causalFamilies those that don't, for the advice
 * @throws LockstepError CONFIG_INVALID
 */
export function checkModel(
  { kind, causalModel = false }: Needy,
  { isCausal }: Pick<Model, 'isCausal'>,
  family: string,
  causalFamilies: () => readonly string[],
): void {
  if (isCausal || !causalModel) return;
  const names = causalFamilies().map((name) => `"${name}"`);
  throw new LockstepError(
    'CONFIG_INVALID',
    `Objective "${kind}" needs a causal model, but model.family "${family}" sees the future: through its layers, or through statistics over whole sequences while training, such as BatchNorm's.`,
    names.length === 0
      ? 'Choose another objective: no known model sees the past only.'
      : `Set model.family to ${names.join(' or ')}.`,
  );
}

/** @throws LockstepError CONFIG_INVALID when the objective predicts timesteps of which the model has no features */
export function checkTimesteps(
  { feeds }: Pick<Objective, 'feeds'>,
  { stride = 1 }: Pick<Model, 'stride'>,
): void {
  if (stride === 1 || feeds.every(({ shape }) => !shape.includes('positions'))) return;
  throw new LockstepError(
    'CONFIG_INVALID',
    `The objective predicts single timesteps, but the model has features for one timestep of ${stride} only.`,
    'Set model.decoder to true where the family has one (strided), or choose an objective on whole sequences, such as contrastive.',
  );
}
