/** Predictions as lines of CSV or JSONL. */
import type { Prediction } from './predict.ts';

export type PredictionFormat = 'csv' | 'jsonl';

/** CSV begins with a header. */
export async function* predictionLines(
  predictions: AsyncIterable<Prediction>,
  format: PredictionFormat,
): AsyncGenerator<string, void> {
  let isFirst = true;
  for await (const prediction of predictions) {
    if (isFirst && format === 'csv') yield csvHeader(prediction.classes);
    isFirst = false;
    yield format === 'csv' ? csvLine(prediction) : jsonLine(prediction);
  }
}

const csvHeader = (classes: readonly string[]): string =>
  csvRow(['id', 'class', ...classes.map((name) => `p(${name})`)]);

/** One prediction: id, the most likely class, a probability a class. */
export function csvLine({ id, class: name, probabilities }: Prediction): string {
  return csvRow([id, name, ...probabilities.map((value) => String(round(value)))]);
}

/** One prediction as an object; `unfamiliar` only where there is something. */
export function jsonLine({
  id,
  class: name,
  classes,
  probabilities,
  unfamiliar,
}: Prediction): string {
  const named = classes.map((other, label) => [other, round(probabilities[label]!)]);
  const warned = unfamiliar.length > 0 ? { unfamiliar } : {};
  return JSON.stringify({ id, class: name, probabilities: Object.fromEntries(named), ...warned });
}

const round = (probability: number): number => Number(probability.toFixed(6));

/** Cells are quoted where needed (RFC 4180); ids stay what they are. */
export function csvRow(cells: readonly string[]): string {
  return cells
    .map((text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text))
    .join(',');
}
