/** A report for the terminal. */

import { formatNumber, formatTable } from '../../core/format.ts';
import type { EvaluationFacts, EvaluationResult } from './evaluate.ts';
import type { LengthQuartile } from './length-quartiles.ts';

export function describeReport(result: EvaluationResult): string {
  const { sequences } = result;
  return [
    `${sequences} ${sequences === 1 ? 'sequence' : 'sequences'} of ${result.split === undefined ? '' : `the ${result.split} split of `}${result.dataset}`,
    `weights: ${result.weights}`,
    ...(result.trainingSequences ? [`${result.trainingSequences} of them were in training`] : []),
    '',
    ...figures(result),
  ].join('\n');
}

function figures(result: EvaluationResult): string[] {
  switch (result.task) {
    case 'class':
      return classFigures(result);
    case 'classes':
      return classesFigures(result);
    case 'numbers':
      return numbersFigures(result);
    case 'timestep-class':
      return timestepFigures(result);
  }
}

type ResultOf<T> = EvaluationFacts & Extract<EvaluationResult, { readonly task: T }>;

function classFigures(result: ResultOf<'class'>): string[] {
  return [
    formatTable([
      [
        'accuracy',
        percent(result.accuracy),
        `${intervalText(result)}; most frequent class of training ${percent(result.mostFrequentAccuracy)}`,
      ],
      ['balanced accuracy', percent(result.balancedAccuracy), ''],
      ['macro F1', percent(result.macroF1), ''],
      ['log-loss', result.logLoss.toFixed(4), ''],
      ['calibration error', percent(result.calibrationError), calibrationText(result)],
    ]),
    '',
    'true class, by rows, and predicted:',
    confusionTable(result),
    '',
    ...byLength(result.byLengthQuartile, 'accuracy', ({ accuracy }) => percent(accuracy)),
  ];
}

function calibrationText({ calibration }: EvaluationFacts): string {
  if (calibration === undefined) return '';
  const { temperature, errorBefore } = calibration;
  return `${percent(errorBefore)} before; temperature ${temperature.toFixed(2)}, by the validation split`;
}

function classesFigures(result: ResultOf<'classes'>): string[] {
  const { classes, perClass } = result;
  return [
    formatTable([
      [
        'micro F1',
        percent(result.microF1),
        `${intervalText(result)}; all classes ${percent(result.allClassesF1)}`,
      ],
      ['macro F1', percent(result.macroF1), ''],
      ['mean average precision', percent(result.meanAveragePrecision), ''],
      ['all classes of a sequence right', percent(result.subsetAccuracy), ''],
    ]),
    '',
    'by class:',
    formatTable([
      ['', 'sequences', 'predicted', 'precision', 'recall', 'F1', 'average precision'],
      ...perClass.map(({ actual, predicted, precision, recall, f1, averagePrecision }, label) => [
        classes[label]!,
        ...[actual, predicted].map(String),
        ...[precision, recall, f1].map(percent),
        averagePrecision === null ? '–' : percent(averagePrecision),
      ]),
    ]),
    '',
    ...byLength(result.byLengthQuartile, 'micro F1', ({ microF1 }) => percent(microF1)),
  ];
}

function numbersFigures(result: ResultOf<'numbers'>): string[] {
  return [
    `R² ${result.r2.toFixed(4)}, ${intervalText(result, (value) => value.toFixed(4))}${result.numbers.length > 1 ? ', over all numbers in standard deviations' : ''}`,
    '',
    'by number, and of predicting the mean of the training split:',
    formatTable([
      ['', 'R²', 'MAE', 'RMSE', 'MAE of the mean', 'RMSE of the mean'],
      ...result.numbers.map(({ name, r2, mae, rmse, trainingMean }) => [
        name,
        r2.toFixed(4),
        ...[mae, rmse, trainingMean.mae, trainingMean.rmse].map(formatNumber),
      ]),
    ]),
    '',
    ...byLength(result.byLengthQuartile, 'R²', ({ r2 }) => r2.toFixed(4)),
  ];
}

function timestepFigures(result: ResultOf<'timestep-class'>): string[] {
  const { classes, perClass } = result;
  return [
    `${result.timesteps} timesteps with a class`,
    '',
    formatTable([
      [
        'accuracy of timesteps',
        percent(result.accuracy),
        `${intervalText(result)}; most frequent class of training ${percent(result.mostFrequentAccuracy)}`,
      ],
      ['balanced accuracy', percent(result.balancedAccuracy), ''],
      ['macro F1', percent(result.macroF1), ''],
      ['mean intersection over union', percent(result.meanIou), ''],
    ]),
    '',
    'by class:',
    formatTable([
      ['', 'timesteps', 'predicted', 'precision', 'recall', 'F1', 'intersection over union'],
      ...perClass.map(({ actual, predicted, precision, recall, f1, iou }, label) => [
        classes[label]!,
        ...[actual, predicted].map(String),
        ...[precision, recall, f1, iou].map(percent),
      ]),
    ]),
    '',
    'true class of a timestep, by rows, and predicted:',
    confusionTable(result),
    '',
    ...byLength(result.byLengthQuartile, 'accuracy', ({ accuracy }) => percent(accuracy)),
  ];
}

/** "95 % interval 85.1 to 93.0 %, over 40 groups" */
function intervalText(
  { interval, groups, sequences }: EvaluationResult,
  show: (value: number) => string = percent,
): string {
  if (interval === null) return 'no interval: all sequences are of one group';
  const of = groups === sequences ? 'sequences' : 'groups';
  return `95 % interval ${show(interval.low)} to ${show(interval.high)}, over ${groups} ${of}`;
}

function confusionTable({
  classes,
  confusion,
}: {
  readonly classes: readonly string[];
  readonly confusion: readonly (readonly number[])[];
}): string {
  const rows = confusion.map((row, label) => [classes[label]!, ...row.map(String)]);
  return formatTable([['', ...classes], ...rows]);
}

function byLength<Quartile extends LengthQuartile>(
  quartiles: readonly Quartile[],
  name: string,
  show: (quartile: Quartile) => string,
): string[] {
  return [
    'by length:',
    formatTable([
      ['timesteps', 'sequences', name],
      ...quartiles.map((one) => [
        `${one.shortest}…${one.longest}`,
        String(one.sequences),
        show(one),
      ]),
    ]),
  ];
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
