/** Predicts the labelled sequences of a split and compares. */

import type { Split } from '../../data/format/store.ts';
import type { Device } from '../../launch/device.ts';
import { readRunConfig } from '../../run/folder.ts';
import {
  type ClassificationReport,
  classificationReport,
  type LabelledPrediction,
} from './classification-report.ts';
import { matchClasses } from './match-classes.ts';
import { predictOnWorkers } from './pool.ts';
import type { Prediction } from './predict.ts';
import { openPredictionTask, type PredictionRequest, type PredictionTask } from './task.ts';

export interface EvaluationResult extends ClassificationReport {
  readonly run: string;
  readonly weights: string;
  readonly dataset: string;
  /** All when absent. */
  readonly split?: Split;
  /** Steps of each sequence that were looked at; all when absent. */
  readonly crop?: number;
  readonly classes: readonly string[];
}

/** @throws LockstepError what is wrong with run, weights or data */
export async function evaluateRun(
  request: PredictionRequest,
  devices: readonly Device[],
): Promise<EvaluationResult> {
  const task = await openPredictionTask(request);
  try {
    const { store, classes } = task;
    const { engine } = readRunConfig(request.run);
    const pool = { devices, engine, batches: task.batches.length };
    const report = await reportOnPredictions(task, predictOnWorkers(request, pool));
    const { run, split, crop } = request;
    const facts = { run, weights: task.model.source, dataset: store.path, classes };
    const subset = { ...(split !== undefined && { split }), ...(crop !== undefined && { crop }) };
    return { ...facts, ...subset, ...report };
  } finally {
    await task.close();
  }
}

/**
 * Compares the predictions of a task, as they come, with the classes of its dataset.
 * @throws LockstepError DATA_INVALID for a class that the model does not know
 */
export async function reportOnPredictions(
  { store, classes }: PredictionTask,
  batches: AsyncIterable<readonly Prediction[]>,
): Promise<ClassificationReport> {
  const toModelLabel = matchClasses(classes, store.manifest.classes);
  const { labels, lengths } = store.index;
  const predictions: LabelledPrediction[] = [];
  for await (const batch of batches) {
    for (const { sequence, probabilities } of batch) {
      const label = toModelLabel[labels[sequence]!]!;
      predictions.push({ label, probabilities, length: lengths[sequence]! });
    }
  }
  return classificationReport(predictions, classes.length);
}
