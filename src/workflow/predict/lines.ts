/** Predictions as lines of CSV or JSONL, longest sequences first, whatever the number of workers. */
import type { Device } from '../../launch/device.ts';
import { readRunConfig } from '../../run/folder.ts';
import { mostLikely } from './classification-report.ts';
import { predictOnWorkers } from './pool.ts';
import type { Prediction } from './predict.ts';
import { openPredictionTask, type PredictionRequest } from './task.ts';

export type PredictionFormat = 'csv' | 'jsonl';

/** CSV begins with a header. @throws LockstepError what is wrong with run, weights or data */
export async function* predictionLines(
  request: PredictionRequest,
  devices: readonly Device[],
  format: PredictionFormat,
): AsyncGenerator<string, void> {
  const task = await openPredictionTask(request);
  try {
    const { classes } = task;
    const ids = task.store.ids();
    const { engine } = readRunConfig(request.run);
    const pool = { devices, engine, batches: task.batches.length };
    const toLine = format === 'csv' ? csvLine : jsonLine;
    if (format === 'csv') yield csvRow(['id', 'class', ...classes.map((name) => `p(${name})`)]);
    for await (const batch of predictOnWorkers(request, pool)) {
      for (const prediction of batch) yield toLine(ids[prediction.sequence]!, prediction, classes);
    }
  } finally {
    await task.close();
  }
}

/** One prediction: id, the most likely class, a probability a class. */
export function csvLine(
  id: string,
  { probabilities }: Prediction,
  classes: readonly string[],
): string {
  const name = classes[mostLikely(probabilities)]!;
  return csvRow([id, name, ...probabilities.map((value) => String(round(value)))]);
}

export function jsonLine(
  id: string,
  { probabilities }: Prediction,
  classes: readonly string[],
): string {
  const named = classes.map((name, label) => [name, round(probabilities[label]!)]);
  const name = classes[mostLikely(probabilities)];
  return JSON.stringify({ id, class: name, probabilities: Object.fromEntries(named) });
}

const round = (probability: number): number => Number(probability.toFixed(6));

/** Cells are quoted where needed (RFC 4180); ids stay what they are. */
export function csvRow(cells: readonly string[]): string {
  return cells
    .map((text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text))
    .join(',');
}
