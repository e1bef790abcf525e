/** What the quickstart's accuracies say: paired differences, their interval, and one honest sentence. */

export interface DrawResult {
  readonly draw: number;
  /** Held-out accuracy, in [0, 1]. */
  readonly pretrained: number;
  readonly scratch: number;
}

export interface PairedDifference {
  /** Percentage points. */
  readonly mean: number;
  /** 95 % interval of the mean, by Student's t over the draws. */
  readonly low: number;
  readonly high: number;
}

/** 97.5 % quantiles of Student's t for 1, 2, 3 … degrees of freedom. */
const T_QUANTILES = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262];

/** @param results of at least two draws and at most ten */
export function pairedDifference(results: readonly DrawResult[]): PairedDifference {
  const points = results.map(({ pretrained, scratch }) => 100 * (pretrained - scratch));
  const count = points.length;
  const mean = points.reduce((a, b) => a + b, 0) / count;
  const variance = points.reduce((sum, point) => sum + (point - mean) ** 2, 0) / (count - 1);
  const half = T_QUANTILES[count - 2]! * Math.sqrt(variance / count);
  return { mean, low: mean - half, high: mean + half };
}

export function answerSentence(results: readonly DrawResult[]): string {
  const { mean, low, high } = pairedDifference(results);
  const found = `${signed(mean)} points on average (95 % interval ${signed(low)} to ${signed(high)}, ${results.length} draws)`;
  if (low > 0) return `Pretraining helped: ${found}.`;
  if (high < 0) return `Pretraining hurt: ${found}.`;
  if (mean <= 0) return `Pretraining gained nothing in this time on this data: ${found}.`;
  return `Pretraining gained on average, but ${results.length} draws do not settle it: ${found}.`;
}

/** Rows of the table of the answer: draw, pretrained, from scratch, difference in points. */
export function answerRows(results: readonly DrawResult[]): string[][] {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
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

const signed = (points: number): string =>
  `${points < 0 ? '−' : '+'}${Math.abs(points).toFixed(1)}`;
