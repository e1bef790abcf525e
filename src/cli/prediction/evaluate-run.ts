/** Predicts the labelled sequences of a split and compares. */
import type { Device } from '../../../launcher/device.ts';
import { readRunConfig } from '../../checkpoint/run-folder.ts';
import type { Split } from '../../data/format/store.ts';
import {
  type ClassificationReport,
  classificationReport,
  type LabelledPrediction,
} from '../../evaluation/classification-report.ts';
import { matchClasses } from './match-classes.ts';
import { predictOnWorkers } from './pool.ts';
import { openPredictionTask, type PredictionRequest } from './task.ts';

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
    const toModelLabel = matchClasses(classes, store.manifest.classes);
    const { engine } = readRunConfig(request.run);
    const predictions: LabelledPrediction[] = [];
    const pool = { devices, engine, batches: task.batches.length };
    for await (const batch of predictOnWorkers(request, pool)) {
      for (const { sequence, probabilities } of batch) {
        const label = toModelLabel[store.index.labels[sequence]!]!;
        predictions.push({ label, probabilities, length: store.index.lengths[sequence]! });
      }
    }
    const { run, split, crop } = request;
    const facts = { run, weights: task.model.source, dataset: store.path, classes };
    const view = { ...(split !== undefined && { split }), ...(crop !== undefined && { crop }) };
    return { ...facts, ...view, ...classificationReport(predictions, classes.length) };
  } finally {
    await task.close();
  }
}
