/** Predicts the labelled sequences of a split and compares. */

import type { Split } from '../../data/format/store.ts';
import type { Interval } from '../../statistics/interval.ts';
import { meritInterval } from './merit-interval.ts';
import { type OpenPrediction, openPrediction, type PredictOptions } from './options.ts';
import type { SequencePrediction } from './predict-batches.ts';
import { calibrated, predictTask, temperatureFor } from './predict-task.ts';
import { openPredictionTask, type PredictionHooks, type PredictionTask } from './task.ts';
import {
  matchTarget,
  reportOnPredictions,
  type TaskReport,
  type ToModelLabel,
} from './task-report.ts';
import { countTrainingSequences } from './training-sequences.ts';
import { counting, tellUnfamiliar, UnfamiliarCount } from './unfamiliar-count.ts';

/** Of which weights, on which data. */
export interface EvaluationFacts {
  readonly run: string;
  readonly weights: string;
  readonly dataset: string;
  /** All when absent. */
  readonly split?: Split;
  /** Steps of each sequence that were looked at; all when absent. */
  readonly crop?: number;
  /** Timesteps of the windows whose predictions are averaged; whole sequences when absent. */
  readonly window?: number;
  /** Those of the model; none where it predicts numbers. */
  readonly classes: readonly string[];
  /** Of classes whose probabilities were scaled: by which temperature, and the calibration error before. */
  readonly calibration?: { readonly temperature: number; readonly errorBefore: number };
  /** Sequences that the run was trained on, in other data than the run's own. */
  readonly trainingSequences?: number;
  /** Sequences with values such as training never saw: symbols, or real values far outside its range. */
  readonly unfamiliarSequences: number;
  /**
   * 95 % interval of the first figure (accuracy, micro F1, R², accuracy of timesteps), by a bootstrap over groups. Null
   * where there is one group only.
   */
  readonly interval: Interval | null;
  /** Groups of the sequences. */
  readonly groups: number;
}

/** How well the predictions fit; `task` says what the model predicts, and so which figures there are. */
export type EvaluationResult = EvaluationFacts & TaskReport;

/** Options of `evaluate`. */
export interface EvaluateOptions extends PredictOptions {
  /** Evaluates other data even where they hold sequences that the run was trained on. @default false */
  readonly allowTrainingSequences?: boolean | undefined;
}

/**
 * Predicts the labelled sequences of a split (the test split unless told otherwise; all of raw files) with a
 * run's weights and compares them with what the dataset says. Class names come from the run, not from its dataset.
 * @throws LockstepError DATA_INVALID for a dataset that has taken the place of the run's own, and for other data that
 *   hold sequences which the run was trained on
 * @throws LockstepError what is wrong with run, weights or data; INTERRUPTED, TERMINATED
 * @example
 * const result = await evaluate({ runFolder: 'runs/tiny', split: 'validation' });
 * if (result.task === 'class') console.log(result.accuracy, result.confusion);
 */
export async function evaluate(options: EvaluateOptions): Promise<EvaluationResult> {
  const open = await openPrediction(options, { labelled: true, split: 'test' });
  try {
    const result = await evaluateRequest(open, options);
    return options.files === undefined ? result : { ...result, dataset: options.files };
  } finally {
    await open.close();
  }
}

async function evaluateRequest(
  open: OpenPrediction,
  { files, allowTrainingSequences: areAllowed = false }: EvaluateOptions,
): Promise<EvaluationResult> {
  const { request, members, pool, tellDifferences } = open;
  const task = await openPredictionTask(request);
  try {
    const { store, classes, isOwnData } = task;
    // Another target or an unknown class is refused before anything is said or started.
    const toModelLabel = matchTarget(task);
    tellDifferences(task);
    if (files !== undefined) tellUnlabelled(task, pool.hooks);
    const { run } = request;
    // The raw files of the training data may come to the very same dataset, and have no splits.
    const others =
      isOwnData && files === undefined
        ? {}
        : { trainingSequences: await countTrainingSequences(task, { run, areAllowed }) };
    const temperature = await temperatureFor(open);
    const predictions = await predictTask(open, task);
    const unfamiliar = new UnfamiliarCount();
    const uncalibrated: SequencePrediction[] = [];
    for await (const batch of counting(predictions, task, unfamiliar)) uncalibrated.push(...batch);
    const all = uncalibrated.map((one) => calibrated(one, temperature));
    const calibration =
      temperature === undefined
        ? {}
        : {
            calibration: {
              temperature,
              errorBefore: await errorOf(task, toModelLabel, uncalibrated),
            },
          };
    const report = await reportOnPredictions(task, toModelLabel, all);
    const { interval, groups } = await meritInterval(task, toModelLabel, all);
    await tellUnfamiliar(unfamiliar, task, pool.hooks);
    const { split, crop, window } = request;
    const weights = [task.model.source, ...members].join(', ');
    const facts = { run, weights, dataset: store.path, classes };
    const subset = {
      ...(split !== undefined && { split }),
      ...(crop !== undefined && { crop }),
      ...(window !== undefined && { window }),
    };
    const counts = { unfamiliarSequences: unfamiliar.count, interval, groups };
    return { ...facts, ...subset, ...others, ...counts, ...calibration, ...report };
  } finally {
    await task.close();
  }
}

/** Raw files are there to be evaluated: one without a label may be a mistake. */
function tellUnlabelled({ store, sequences }: PredictionTask, { onEvent }: PredictionHooks): void {
  const all = store.index.lengths.length;
  const without = all - sequences.length;
  if (without === 0) return;
  const text = `${without} of ${all} sequences have no label, and are left out`;
  onEvent({ kind: 'status', text });
}

/** The calibration error of these predictions of one class each. */
async function errorOf(
  task: PredictionTask,
  toModelLabel: ToModelLabel,
  predictions: readonly SequencePrediction[],
): Promise<number> {
  const report = await reportOnPredictions(task, toModelLabel, predictions);
  return report.task === 'class' ? report.calibrationError : Number.NaN;
}
