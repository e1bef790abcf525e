/** Class probabilities of a dataset, longest sequences first, whatever the number of workers. */
import { readRunConfig } from '../../run/folder.ts';
import { mostLikely } from './classification-report.ts';
import { type OpenPrediction, openPrediction, type PredictOptions } from './options.ts';
import { predictOnWorkers } from './pool.ts';
import { openPredictionTask, pinned } from './task.ts';
import { counting, tellUnfamiliar, UnfamiliarCount } from './unfamiliar-count.ts';

/** What a run's weights say of one sequence. */
export interface Prediction {
  /** Of the sequence in its dataset; for raw files as an import names them. */
  readonly id: string;
  /** The most likely class. */
  readonly class: string;
  /** All classes that the model knows; the same array in each prediction. */
  readonly classes: readonly string[];
  /** One a class, in the order of `classes`; they add up to 1. */
  readonly probabilities: readonly number[];
  /**
   * Values of the sequence such as training never saw: symbols, or the extremes of real values far outside its
   * range. A prediction with any says little.
   */
  readonly unfamiliar: readonly number[];
}

/**
 * Predicts the classes of a dataset (the run's own unless told otherwise) or of raw files. Class names come from the
 * run, not from its dataset. Predictions come
 * as they are computed, in the same order on any number of workers; workers that are ahead wait for the reader.
 * Leaving the loop early ends them.
 * @throws LockstepError what is wrong with run, weights or data; INTERRUPTED, TERMINATED
 * @example
 * for await (const { id, class: name } of predict({ runFolder: 'runs/tiny', files: 'new.csv' })) {
 *   console.log(id, name);
 * }
 */
export async function* predict(options: PredictOptions): AsyncGenerator<Prediction, void> {
  const open = await openPrediction(options, { labelled: false });
  try {
    yield* predictRequest(open);
  } finally {
    await open.close();
  }
}

async function* predictRequest({
  request,
  pool,
  tellDifferences,
}: OpenPrediction): AsyncGenerator<Prediction, void> {
  const task = await openPredictionTask(request);
  try {
    const { classes, batches } = task;
    tellDifferences(task);
    const count = new UnfamiliarCount();
    const ids = await task.store.ids();
    const { engine } = readRunConfig(request.run);
    const source = predictOnWorkers(pinned(request, task), {
      ...pool,
      engine,
      batches: batches.length,
    });
    for await (const batch of counting(source, task, count)) {
      for (const { sequence, logProbabilities, unfamiliar } of batch) {
        const name = classes[mostLikely(logProbabilities)]!;
        const probabilities = logProbabilities.map(Math.exp);
        yield { id: ids[sequence]!, class: name, classes, probabilities, unfamiliar };
      }
    }
    tellUnfamiliar(count, task, pool.hooks);
  } finally {
    await task.close();
  }
}
