/** A classification report for the terminal. */

import { formatTable } from '../../core/format.ts';
import type { EvaluationResult } from './evaluate.ts';

export function describeReport(result: EvaluationResult): string {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const { classes, confusion, byLengthQuartile } = result;
  const confusionRows = confusion.map((row, label) => [classes[label]!, ...row.map(String)]);
  return [
    `${result.sequences} sequences of ${result.split === undefined ? '' : `the ${result.split} split of `}${result.dataset}`,
    `weights: ${result.weights}`,
    ...(result.trainingSequences ? [`${result.trainingSequences} of them were in training`] : []),
    '',
    formatTable([
      ['accuracy', percent(result.accuracy)],
      ['balanced accuracy', percent(result.balancedAccuracy)],
      ['macro F1', percent(result.macroF1)],
      ['log-loss', result.logLoss.toFixed(4)],
    ]),
    '',
    'true class, by rows, and predicted:',
    formatTable([['', ...classes], ...confusionRows]),
    '',
    'by length:',
    formatTable([
      ['timesteps', 'sequences', 'accuracy'],
      ...byLengthQuartile.map(({ shortest, longest, sequences, accuracy }) => [
        `${shortest}…${longest}`,
        String(sequences),
        percent(accuracy),
      ]),
    ]),
  ].join('\n');
}
