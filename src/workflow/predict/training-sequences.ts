/** Which sequences of an evaluation the run was trained on. */
import { LockstepError } from '../../core/errors.ts';
import { digestOf, hasDigest, sequenceValues } from '../../data/sequence-digests.ts';
import { readDigests } from '../../run/folder.ts';
import type { PredictionTask } from './task.ts';

/** How many ids an error names. */
const SHOWN = 3;

/**
 * Counts the sequences of a task whose values are those of a training sequence.
 * @throws LockstepError DATA_INVALID where there are any, unless they are allowed; CHECKPOINT_CORRUPT
 */
export async function countTrainingSequences(
  { store, sequences }: Pick<PredictionTask, 'store' | 'sequences'>,
  { run, areAllowed }: { readonly run: string; readonly areAllowed: boolean },
): Promise<number> {
  const digests = readDigests(run);
  const known: number[] = [];
  let position = 0;
  for await (const values of sequenceValues(store, sequences)) {
    const sequence = sequences[position++]!;
    if (hasDigest(digests, digestOf(values))) known.push(sequence);
  }
  if (known.length === 0 || areAllowed) return known.length;
  const ids = await store.ids();
  const names = known.slice(0, SHOWN).map((sequence) => `"${ids[sequence]}"`);
  throw new LockstepError(
    'DATA_INVALID',
    `"${run}" was trained on ${known.length} of these ${sequences.length} sequences, such as ${names.join(', ')}: they would make the model look better than it is.`,
    'Leave them out of the dataset, or give --allow-training-sequences; the report then says how many there are.',
  );
}
