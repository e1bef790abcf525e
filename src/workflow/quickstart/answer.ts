/** What the quickstart's accuracies say: one honest sentence. */
import { capital } from '../../core/format.ts';
import {
  describeDifference,
  type PairedDifference,
  pairedDifference,
  percent,
  signed,
} from '../../statistics/paired-difference.ts';

export interface DrawResult {
  readonly draw: number;
  /** Held-out accuracy, in [0, 1]. */
  readonly pretrained: number;
  readonly scratch: number;
  readonly baseline: number;
}

export interface QuickstartResult {
  /** Name of the baseline. */
  readonly baseline: string;
  /** At least two. */
  readonly draws: readonly DrawResult[];
}

export function answerSentence({ baseline, draws }: QuickstartResult): string {
  const overScratch = gain(draws, ({ scratch }) => scratch);
  const overBaseline = gain(draws, (one) => one.baseline);
  return `${pretrainingSentence(overScratch)} ${baselineSentence(overBaseline, baseline)}`;
}

function gain(
  draws: readonly DrawResult[],
  control: (draw: DrawResult) => number,
): PairedDifference {
  return pairedDifference(draws.map((one) => ({ treated: one.pretrained, control: control(one) })));
}

function pretrainingSentence(difference: PairedDifference): string {
  const found = describeDifference(difference);
  if (difference.low > 0) return `Pretraining helped: ${found}.`;
  if (difference.high < 0) return `Pretraining hurt: ${found}.`;
  if (difference.mean <= 0)
    return `Pretraining gained nothing in this time on this data: ${found}.`;
  return `Pretraining gained on average, but ${difference.pairs} draws do not settle it: ${found}.`;
}

function baselineSentence(difference: PairedDifference, name: string): string {
  const against = `against ${name}, the best baseline, it comes to ${describeDifference(difference)}`;
  const advice = difference.low > 0 ? '' : ': for such short training, take the baseline';
  return `${capital(against)}${advice}.`;
}

/** Rows of the table of the answer: draw, pretrained, from scratch, baseline. */
export function answerRows({ baseline, draws }: QuickstartResult): string[][] {
  return [
    ['label draw', 'pretrained', 'from scratch', 'difference', `baseline: ${baseline}`],
    ...draws.map((one) => [
      String(one.draw),
      percent(one.pretrained),
      percent(one.scratch),
      `${signed(100 * (one.pretrained - one.scratch))} points`,
      percent(one.baseline),
    ]),
  ];
}
