/** `data info` as text. */
import { formatNumber } from '../../core/format.ts';
import { describeStore } from '../format/describe-store.ts';
import type { Store } from '../format/store.ts';
import { histogramLines } from './histogram.ts';
import type { BudgetFacts } from './padding.ts';
import type { StoreInfo } from './store-info.ts';

/** The screen that `describeStore` makes, then histograms, scaling, budgets, duplicates and warnings. */
export function infoText(store: Store, info: StoreInfo): string {
  const sections = [
    [describeStore(store)],
    ['lengths, in timesteps', ...histogramLines(info.lengthHistogram, String)],
    info.symbolCounts.length > 0
      ? []
      : ['values of a sample', ...histogramLines(info.valueHistogram, formatNumber)],
    scalingLines(info),
    info.budgets.map(budgetLine),
    [duplicatesLine(info), ...info.warnings.map((warning) => `warning: ${warning}`)],
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

function scalingLines({ channelStatistics }: StoreInfo): string[] {
  return channelStatistics.map((channel, number) => {
    const name = channelStatistics.length > 1 ? `channel ${number}` : 'scale';
    const { mean, deviation, median, quartileRange, missing } = channel;
    const facts = Object.entries({ mean, deviation, median, 'quartile range': quartileRange });
    const text = facts.map(([what, value]) => `${what} ${formatNumber(value)}`).join(', ');
    return `${name}  ${text}${missing > 0 ? `, ${missing} missing values` : ''}`;
  });
}

function budgetLine(budget: BudgetFacts): string {
  const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
  const { tokensPerMicroBatch, microBatches, padding, tightPadding, tooLong } = budget;
  const beyond =
    tooLong > 0 ? `; ${tooLong} sequences are longer, and refused without data.crop` : '';
  return `budget ${tokensPerMicroBatch}  ${microBatches} micro-batches of training, ${percent(padding)} padding, ${percent(tightPadding)} with batch.lengthRatio 1.02${beyond}`;
}

function duplicatesLine({ duplicates }: StoreInfo): string {
  if (duplicates === undefined) return 'duplicates  not looked for: --duplicates reads all values';
  return `duplicates  ${duplicates === 0 ? 'none' : `${duplicates} sequences equal another one`}`;
}
