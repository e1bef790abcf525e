/** Predictions as lines of CSV or JSONL. */
import type { ClassesPrediction, ClassPrediction, Prediction } from './predict.ts';

export type PredictionFormat = 'csv' | 'jsonl';

/** CSV begins with a header; where each timestep has a class, it has a line for each. */
export async function* predictionLines(
  predictions: AsyncIterable<Prediction>,
  format: PredictionFormat,
): AsyncGenerator<string, void> {
  let isFirst = true;
  for await (const prediction of predictions) {
    if (isFirst && format === 'csv') yield csvHeader(prediction);
    isFirst = false;
    if (format === 'csv') yield* csvLines(prediction);
    else yield jsonLine(prediction);
  }
}

function csvHeader(prediction: Prediction): string {
  switch (prediction.task) {
    case 'class':
      return csvRow(['id', 'class', ...prediction.classes.map((name) => `p(${name})`)]);
    case 'classes':
      return csvRow(['id', 'classes', ...prediction.classes.map((name) => `p(${name})`)]);
    case 'numbers':
      return csvRow(['id', ...prediction.names]);
    case 'embedding':
      return csvRow(['id', ...prediction.embedding.map((_, i) => `e${i}`)]);
    case 'timestep-class':
      return csvRow(['id', 'timestep', 'class', 'p']);
  }
}

/** Between the classes of a sequence, as `--labels` reads them. */
const SEPARATOR = ';';

/** The lines of one prediction: the id, what is predicted, and probabilities. */
export function csvLines(prediction: Prediction): string[] {
  const { id } = prediction;
  const texts = (numbers: readonly number[]) => numbers.map((number) => String(round(number)));
  switch (prediction.task) {
    case 'class':
      return [csvRow([id, prediction.class, ...texts(prediction.probabilities)])];
    case 'classes': {
      const names = prediction.predicted.join(SEPARATOR);
      return [csvRow([id, names, ...texts(prediction.probabilities)])];
    }
    case 'numbers':
      return [csvRow([id, ...prediction.numbers.map((number) => String(inFloat32(number)))])];
    case 'embedding':
      return [csvRow([id, ...prediction.embedding.map((number) => String(inFloat32(number)))])];
    case 'timestep-class':
      return prediction.timestepClasses.map((name, step) =>
        csvRow([id, String(step), name, String(round(prediction.probabilities[step]!))]),
      );
  }
}

/** One prediction as an object; `unfamiliar` only where there is something. */
export function jsonLine(prediction: Prediction): string {
  const { id, unfamiliar } = prediction;
  const warned = unfamiliar.length > 0 ? { unfamiliar } : {};
  return JSON.stringify({ id, ...jsonFields(prediction), ...warned });
}

function jsonFields(prediction: Prediction): Readonly<Record<string, unknown>> {
  switch (prediction.task) {
    case 'class':
      return { class: prediction.class, probabilities: byName(prediction) };
    case 'classes':
      return { classes: prediction.predicted, probabilities: byName(prediction) };
    case 'numbers': {
      const named = prediction.names.map((name, i) => [name, inFloat32(prediction.numbers[i]!)]);
      return { numbers: Object.fromEntries(named) };
    }
    case 'embedding':
      return { embedding: prediction.embedding.map(inFloat32) };
    case 'timestep-class': {
      const { timestepClasses, probabilities } = prediction;
      return { classes: timestepClasses, probabilities: probabilities.map(round) };
    }
  }
}

function byName({ classes, probabilities }: ClassPrediction | ClassesPrediction) {
  return Object.fromEntries(classes.map((name, label) => [name, round(probabilities[label]!)]));
}

/** As many digits as a float32 has. */
const inFloat32 = (number: number): number => Number(number.toPrecision(8));
const round = (probability: number): number => Number(probability.toFixed(6));

/** Cells are quoted where needed (RFC 4180); ids stay what they are. */
export function csvRow(cells: readonly string[]): string {
  return cells
    .map((text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text))
    .join(',');
}
