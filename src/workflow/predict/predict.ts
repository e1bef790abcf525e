/** Class probabilities of a dataset, longest sequences first, whatever the number of workers. */
import { THRESHOLD } from './multi-label-report.ts';
import { type OpenPrediction, openPrediction, type PredictOptions } from './options.ts';
import { calibrated, predictTask, temperatureFor } from './predict-task.ts';
import { openPredictionTask, type PredictionTask } from './task.ts';
import { mostLikely, type TaskOutput } from './task-output.ts';
import { counting, tellUnfamiliar, UnfamiliarCount } from './unfamiliar-count.ts';

/** Of any prediction. */
export interface PredictionFacts {
  /** Of the sequence in its dataset; for raw files as an import names them. */
  readonly id: string;
  /**
   * Values of the sequence such as training never saw: symbols, or the extremes of real values far outside its
   * range. A prediction with any says little.
   */
  readonly unfamiliar: readonly number[];
}

/** One class for a sequence. */
export interface ClassPrediction extends PredictionFacts {
  readonly task: 'class';
  /** The most likely class. */
  readonly class: string;
  /** All classes that the model knows; the same array in each prediction. */
  readonly classes: readonly string[];
  /** One a class, in the order of `classes`; they add up to 1. */
  readonly probabilities: readonly number[];
}

/** Any number of classes for a sequence. */
export interface ClassesPrediction extends PredictionFacts {
  readonly task: 'classes';
  /** Those with a probability of ½ or more. */
  readonly predicted: readonly string[];
  /** All classes that the model knows; the same array in each prediction. */
  readonly classes: readonly string[];
  /** One a class, in the order of `classes`, each by itself. */
  readonly probabilities: readonly number[];
}

/** Numbers for a sequence, in their own units. */
export interface NumbersPrediction extends PredictionFacts {
  readonly task: 'numbers';
  /** The same array in each prediction. */
  readonly names: readonly string[];
  /** One a name, in the order of `names`. */
  readonly numbers: readonly number[];
}

/** A class for each timestep of a sequence. */
export interface TimestepsPrediction extends PredictionFacts {
  readonly task: 'timestep-class';
  /** The most likely class of each timestep. */
  readonly timestepClasses: readonly string[];
  /** Its probability. */
  readonly probabilities: readonly number[];
}

/** The features of a sequence, averaged over its timesteps: sequences that the model finds alike lie near each other. */
export interface EmbeddingPrediction extends PredictionFacts {
  readonly task: 'embedding';
  /** `[C]`, the channels of the model. */
  readonly embedding: readonly number[];
}

/** What a run's weights say of one sequence; `task` says what they predict. */
export type Prediction =
  | ClassPrediction
  | ClassesPrediction
  | NumbersPrediction
  | TimestepsPrediction
  | EmbeddingPrediction;

/** Options of `predict`. */
export interface PredictRequest extends PredictOptions {
  /** The features of each sequence instead of what the run predicts; any run has them. @default false */
  readonly embeddings?: boolean | undefined;
}

/**
 * Predicts for a dataset (the run's own unless told otherwise) or for raw files. Class names come from the run, not
 * from its dataset. Predictions come as they are computed, in the same order on any number of workers; workers that
 * are ahead wait for the reader. Leaving the loop early ends them.
 * @throws LockstepError what is wrong with run, weights or data; INTERRUPTED, TERMINATED
 * @example
 * for await (const prediction of predict({ runFolder: 'runs/tiny', files: 'new.csv' })) {
 *   if (prediction.task === 'class') console.log(prediction.id, prediction.class);
 * }
 */
export async function* predict(options: PredictRequest): AsyncGenerator<Prediction, void> {
  const { embeddings = false } = options;
  const open = await openPrediction(options, { labelled: false, embeddings });
  try {
    yield* predictRequest(open);
  } finally {
    await open.close();
  }
}

async function* predictRequest(open: OpenPrediction): AsyncGenerator<Prediction, void> {
  const { request, pool, tellDifferences } = open;
  const task = await openPredictionTask(request);
  try {
    const named = namer(task);
    tellDifferences(task);
    const count = new UnfamiliarCount();
    const ids = await task.store.ids();
    const temperature = await temperatureFor(open);
    const source = await predictTask(open, task);
    for await (const batch of counting(source, task, count)) {
      for (const one of batch) {
        const { sequence, output, unfamiliar } = calibrated(one, temperature);
        yield { id: ids[sequence]!, ...named(output), unfamiliar };
      }
    }
    await tellUnfamiliar(count, task, pool.hooks);
  } finally {
    await task.close();
  }
}

type Named<P> = P extends Prediction ? Omit<P, keyof PredictionFacts> : never;

/** Gives outputs the names of the model's classes and numbers. */
function namer({ classes, model }: PredictionTask): (output: TaskOutput) => Named<Prediction> {
  const { target } = model.data.manifest;
  const names = target.kind === 'numbers' ? target.numbers.map(({ name }) => name) : [];
  return (output) => {
    switch (output.task) {
      case 'class': {
        const { task, logProbabilities } = output;
        const name = classes[mostLikely(logProbabilities)]!;
        return { task, class: name, classes, probabilities: logProbabilities.map(Math.exp) };
      }
      case 'classes': {
        const { task, probabilities } = output;
        const predicted = classes.filter((_, label) => probabilities[label]! >= THRESHOLD);
        return { task, predicted, classes, probabilities };
      }
      case 'embedding':
        return output;
      case 'numbers':
        return { ...output, names };
      case 'timestep-class': {
        const { task, labels, probabilities } = output;
        return { task, timestepClasses: labels.map((label) => classes[label]!), probabilities };
      }
    }
  };
}
