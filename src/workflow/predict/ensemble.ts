/** Several runs whose predictions of each sequence are averaged, such as one configuration with several seeds. */
import { isDeepStrictEqual } from 'node:util';
import { LockstepError } from '../../core/errors.ts';
import type { SequencePrediction } from './predict-batches.ts';
import type { PredictionTask } from './task.ts';
import type { TaskOutput } from './task-output.ts';
import { meanOutput } from './windows.ts';

/** Predictions by the numbers of their sequences. */
export type Known = ReadonlyMap<number, TaskOutput>;

export async function knownBySequence(
  source: AsyncIterable<readonly SequencePrediction[]>,
): Promise<Known> {
  const known = new Map<number, TaskOutput>();
  for await (const batch of source) {
    for (const { sequence, output } of batch) known.set(sequence, output);
  }
  return known;
}

/** The predictions of `source`, each averaged with those that the other runs have for its sequence. */
export async function* averagedWith(
  source: AsyncIterable<readonly SequencePrediction[]>,
  others: readonly Known[],
): AsyncGenerator<readonly SequencePrediction[], void> {
  for await (const batch of source) {
    yield batch.map((prediction) => {
      const all = others.map((known) => known.get(prediction.sequence)!);
      return { ...prediction, output: meanOutput([prediction.output, ...all]) };
    });
  }
}

type Comparable = Pick<PredictionTask, 'model' | 'classes'>;

/** @throws LockstepError USAGE for runs whose predictions do not mean the same */
export function refuseOtherMeaning(run: string, first: Comparable, other: Comparable): void {
  const { task, data } = first.model;
  const isSame =
    other.model.task === task &&
    isDeepStrictEqual(other.classes, first.classes) &&
    other.model.data.manifest.contentHash === data.manifest.contentHash;
  if (isSame && (task === 'class' || task === 'classes' || task === 'numbers')) return;
  throw new LockstepError(
    'USAGE',
    isSame
      ? `Predictions of ${task === 'embedding' ? 'features' : 'timesteps'} are not averaged over runs.`
      : `"${run}" was trained on another dataset or predicts something else: its predictions can't be averaged with those of the first run.`,
    'Give runs of one dataset that predict classes or numbers of sequences.',
  );
}
