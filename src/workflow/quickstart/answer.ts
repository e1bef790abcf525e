/** What the quickstart's accuracies say: one honest sentence. */
import {
  describeDifference,
  pairedDifference,
  percent,
  signed,
} from '../../statistics/paired-difference.ts';

export interface DrawResult {
  readonly draw: number;
  /** Held-out accuracy, in [0, 1]. */
  readonly pretrained: number;
  readonly scratch: number;
}

/** @param results of at least two draws */
export function answerSentence(results: readonly DrawResult[]): string {
  const difference = pairedDifference(
    results.map(({ pretrained, scratch }) => ({ treated: pretrained, control: scratch })),
  );
  const found = describeDifference(difference);
  if (difference.low > 0) return `Pretraining helped: ${found}.`;
  if (difference.high < 0) return `Pretraining hurt: ${found}.`;
  if (difference.mean <= 0)
    return `Pretraining gained nothing in this time on this data: ${found}.`;
  return `Pretraining gained on average, but ${results.length} draws do not settle it: ${found}.`;
}

/** Rows of the table of the answer: draw, pretrained, from scratch, difference in points. */
export function answerRows(results: readonly DrawResult[]): string[][] {
  return [
    ['label draw', 'pretrained', 'from scratch', 'difference'],
    ...results.map(({ draw, pretrained, scratch }) => [
      String(draw),
      percent(pretrained),
      percent(scratch),
      `${signed(100 * (pretrained - scratch))} points`,
    ]),
  ];
}
