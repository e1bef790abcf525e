/** How training sequences are varied, and whether the data allow it. */
import { z } from 'zod';
import { LockstepError } from '../../../../core/errors.ts';
import type { PhaseFacts } from '../../../../data/facts.ts';

const share = z.number().gt(0).lt(1);

export const augmentOptions = z.strictObject({
  /** Numbers: deviation of the noise that is added to each value, in scaled units. */
  jitter: z.number().positive().optional(),
  /** Numbers: deviation of the factor, around 1, of each channel of a sequence. */
  scale: share.optional(),
  /** Shortest window that is shown, as a share of the sequence. */
  crop: share.optional(),
  /** Share of the values that are replaced: numbers by their mean, symbols by any symbol. */
  valueDropout: share.optional(),
  /** Symbols: the complement of each one. Every other sequence is shown from its end, as complements. */
  reverseComplement: z.array(z.int().min(0)).min(2).optional(),
});

export const mixingOptions = z.strictObject({
  /**
   * `mixup` adds up two sequences of a micro-batch in shares, `cutmix` shows a window of the other one. The classes have
   * the same shares.
   */
  kind: z.enum(['mixup', 'cutmix']),
  /** Shares are drawn from Beta(alpha, alpha): the smaller, the more often one sequence is nearly alone. */
  alpha: z.number().gt(0).max(1).default(0.2),
});

export type AugmentOptions = z.output<typeof augmentOptions>;
export type MixingOptions = z.output<typeof mixingOptions>;

/** Whether the model sees symbols rather than numbers. */
export const seesSymbols = ({ symbols, scaling }: Pick<PhaseFacts, 'symbols' | 'scaling'>) =>
  symbols > 0 && scaling.kind === 'none';

/** @throws LockstepError CONFIG_INVALID for a variation that the data have no use for */
export function refuseUnfitting(
  { augment, mixing }: { augment?: AugmentOptions | undefined; mixing?: MixingOptions | undefined },
  facts: PhaseFacts,
): void {
  const isSymbols = seesSymbols(facts);
  for (const option of ['jitter', 'scale'] as const) {
    if (isSymbols && augment?.[option] !== undefined) throw forNumbers(`augment.${option}`);
  }
  if (isSymbols && mixing?.kind === 'mixup') throw forNumbers('mixing.kind "mixup"');
  refuseComplements(augment?.reverseComplement, facts.symbols);
}

function forNumbers(what: string): LockstepError {
  return new LockstepError(
    'CONFIG_INVALID',
    `objective.${what} is for numbers, but the model sees symbols.`,
    'Choose another variation, such as augment.valueDropout, augment.crop or mixing.kind "cutmix".',
  );
}

function refuseComplements(complements: readonly number[] | undefined, symbols: number): void {
  if (complements === undefined) return;
  const twice = complements.map((other) => complements[other]);
  const isFitting =
    complements.length === symbols && twice.every((symbol, index) => symbol === index);
  if (isFitting) return;
  throw new LockstepError(
    'CONFIG_INVALID',
    `objective.augment.reverseComplement is [${complements.join(', ')}], but the dataset has ${symbols} symbols, each of which must be the complement of its complement.`,
    'Give the complement of each symbol in their order, such as [3, 2, 1, 0] for A, C, G, T; only symbols have complements.',
  );
}
