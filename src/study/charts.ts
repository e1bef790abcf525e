/** The charts of a study's page, as plain data. */

import { meanOf } from '../statistics/mean.ts';
import type { CellResult } from './cell.ts';
import { GROUPING, SCRATCH } from './grid.ts';
import { recipeText } from './markdown.ts';
import {
  allCounts,
  type DatasetResults,
  fewLabels,
  labelCounts,
  labelsText,
  meritByLength,
  merits,
} from './results.ts';

/** One line of a chart. */
export interface Line {
  readonly label: string;
  /** Percent; null without a measurement. */
  readonly mean: readonly (number | null)[];
  /** The worst and the best draw. */
  readonly low: readonly (number | null)[];
  readonly high: readonly (number | null)[];
}

/** One chart. */
export interface Chart {
  readonly title: string;
  readonly xLabel: string;
  /** Names of the equidistant points on the x axis, in order. */
  readonly places: readonly string[];
  readonly lines: readonly Line[];
}

/**
 * All charts of one dataset.
 * @param results those of all datasets
 */
export function chartsOf(of: DatasetResults, results: readonly CellResult[]): Chart[] {
  const own = results.filter(
    ({ key }) => key.dataset === of.dataset.name && key.network !== GROUPING,
  );
  return [
    ...Object.keys(of.dataset.networks).map((network) => meritByLabels(of, network, own)),
    ...meritByShare(of, own),
    ...lengthChart(of, own),
  ];
}

function meritByLabels(of: DatasetResults, network: string, own: readonly CellResult[]): Chart {
  const cells = own.filter(({ key }) => key.network === network && key.share === 1);
  const counts = allCounts(cells);
  return {
    title: `${of.dataset.name}, ${network} network: ${meritName(cells)} against labels`,
    xLabel: cells[0]?.measured[0]?.unit ?? 'labels',
    places: counts.map(String),
    lines: cells.map((cell) =>
      lineOf(
        recipeText(cell),
        counts.map((count) => merits(cell, count)),
      ),
    ),
  };
}

/** Accuracy by share of the training sequences; from scratch is the share 0. */
function meritByShare(of: DatasetResults, own: readonly CellResult[]): Chart[] {
  const part = own.find(({ key }) => key.share !== 1);
  if (part === undefined) return [];
  const { network, recipe } = part.key;
  const scratch = of.find(network, SCRATCH);
  const shares = [...of.dataset.pretrainingShares, 1].sort((a, b) => a - b);
  const cells = [scratch, ...shares.map((share) => of.find(network, recipe, share))];
  const counts = labelCounts(part);
  return [
    {
      title: `${of.dataset.name}, ${network} network: ${meritName([part])} against the share of the sequences that ${recipe} pretraining saw`,
      xLabel: 'share of the training sequences',
      places: ['none', ...shares.map((share) => `${Math.round(100 * share)} %`)],
      lines: counts.map((count) =>
        lineOf(
          labelsText(part, [count]),
          cells.map((cell) => (cell === undefined ? [] : merits(cell, count))),
        ),
      ),
    },
  ];
}

function lengthChart(of: DatasetResults, own: readonly CellResult[]): Chart[] {
  const best = of.recommended();
  const cells = [best, best && of.scratchOf(best)].filter((cell) => cell !== undefined);
  if (cells.length < 2 || own.length === 0) return [];
  const quarters = meritByLength(cells[0]!);
  return [
    {
      title: `${of.dataset.name}, ${best!.key.network} network: ${meritName(cells)} by length, ${labelsText(best!, fewLabels(best!))}`,
      xLabel: 'timesteps of the sequence',
      places: quarters.map(({ shortest, longest }) => `${shortest}…${longest}`),
      lines: cells.map((cell) =>
        lineOf(
          recipeText(cell),
          meritByLength(cell).map(({ value }) => [value]),
        ),
      ),
    },
  ];
}

/** What the runs are compared by. */
const meritName = ([first]: readonly CellResult[]): string => first?.merit ?? 'accuracy';

function lineOf(label: string, places: readonly (readonly number[])[]): Line {
  const each = (pick: (values: readonly number[]) => number) =>
    places.map((values) => (values.length === 0 ? null : 100 * pick(values)));
  return {
    label,
    mean: each(meanOf),
    low: each((values) => Math.min(...values)),
    high: each((values) => Math.max(...values)),
  };
}
