/** Looks up and compares the results of one dataset's cells. */

import { isDeepStrictEqual } from 'node:util';
import type { LabelCount } from '../baseline/label-draws.ts';
import type { Source } from '../statistics/interval.ts';
import { meanOf, varianceOf } from '../statistics/mean.ts';
import {
  type Pair,
  type PairedDifference,
  pairedDifference,
  percent,
} from '../statistics/paired-difference.ts';
import { BASELINE } from './baselines.ts';
import {
  byCount,
  type CellResult,
  cellName,
  type MeasuredResult,
  type TrialResult,
} from './cell.ts';
import { CLOSED_FORM } from './closed-form/fits.ts';
import { areFew, firstNetwork, SCRATCH, validationScore } from './grid.ts';
import type { StudyDataset } from './study-config.ts';
import type { TestGroups } from './test-groups.ts';

/** What the networks of a dataset are compared with. */
export interface Rivals {
  /** As cells, so that they compare with those of networks; their recipe is the baseline's name. */
  readonly baselines: readonly CellResult[];
  /** Models fitted without steps. */
  readonly closedForms: readonly CellResult[];
  readonly testGroups: TestGroups;
  /** Short trainings, where not all was trained to the end. */
  readonly trials?: readonly TrialResult[];
}

/** The results of one dataset. */
export class DatasetResults {
  readonly dataset: StudyDataset;
  readonly baselines: readonly CellResult[];
  readonly closedForms: readonly CellResult[];
  readonly trials: readonly TrialResult[];
  readonly #testGroups: TestGroups | undefined;
  readonly #byName: ReadonlyMap<string, CellResult>;

  constructor(dataset: StudyDataset, results: readonly CellResult[], rivals?: Rivals) {
    this.dataset = dataset;
    this.baselines = rivals?.baselines ?? [];
    this.closedForms = rivals?.closedForms ?? [];
    this.trials = rivals?.trials ?? [];
    this.#testGroups = rivals?.testGroups;
    this.#byName = new Map(results.map((result) => [cellName(result.key), result]));
  }

  find(network: string, recipe: string, share = 1): CellResult | undefined {
    return this.#byName.get(cellName({ dataset: this.dataset.name, network, recipe, share }));
  }

  /** The best pretrained recipe on validation data, of all networks. */
  recommended(): CellResult | undefined {
    return bestByValidation(
      Object.keys(this.dataset.networks).flatMap((network) => this.#pretrained(network)),
    );
  }

  /** The best recipe on validation data, of all networks, with pretraining or without. */
  bestNetwork(): CellResult | undefined {
    return bestByValidation(this.#networkCells());
  }

  /** The best of the networks' recipes and the models in closed form, on validation data. */
  bestModel(): CellResult | undefined {
    return bestByValidation([...this.closedForms, ...this.#networkCells()]);
  }

  /** The best baseline or model in closed form with so many labels, on validation data. */
  bestWithoutSteps(counts: readonly LabelCount[]): CellResult | undefined {
    return bestWith(counts, [...this.closedForms, ...this.baselines]);
  }

  #networkCells(): CellResult[] {
    return Object.keys(this.dataset.networks).flatMap((network) => [
      ...this.#pretrained(network),
      ...[this.find(network, SCRATCH)].filter((cell) => cell !== undefined),
    ]);
  }

  /** The network's best pretrained recipe on validation data. */
  bestOf(network: string): CellResult | undefined {
    return bestByValidation(this.#pretrained(network));
  }

  #pretrained(network: string): CellResult[] {
    const { pretexts } = this.dataset.networks[network]!;
    return Object.keys(pretexts).flatMap((recipe) => this.find(network, recipe) ?? []);
  }

  /** The baseline that does best on validation data with so many labels; the first among equals. */
  bestBaseline(counts: readonly LabelCount[]): CellResult | undefined {
    return bestWith(counts, this.baselines);
  }

  /**
   * The figure of merit of one cell against another's, paired by repeat. With several label counts, first averages a
   * repeat's figures: the label sets are nested, so they count as one.
   * @returns undefined if a cell is missing or the cells share fewer than two repeats
   */
  difference(
    treated: CellResult | undefined,
    control: CellResult | undefined,
    counts: readonly LabelCount[],
  ): PairedDifference | undefined {
    if (treated === undefined || control === undefined) return undefined;
    const draws = commonDraws([treated, control], counts);
    if (draws.length < 2) return undefined;
    const pairs: Pair[] = draws.map((draw) => ({
      treated: meritAt(treated, counts, draw),
      control: meritAt(control, counts, draw),
    }));
    return pairedDifference(pairs, this.#overTest(treated, control, { counts, draws }));
  }

  /** What the choice of test sequences adds; undefined where the two did not read the same ones. */
  #overTest(
    treated: CellResult,
    control: CellResult,
    { counts, draws }: { counts: readonly LabelCount[]; draws: readonly number[] },
  ): Source | undefined {
    const { testSequences } = treated;
    if (!isDeepStrictEqual(testSequences, control.testSequences)) return undefined;
    const pairs = counts.flatMap((count) =>
      draws.map((draw) => ({
        treated: measuredAt(treated, count, draw),
        control: measuredAt(control, count, draw),
      })),
    );
    return this.#testGroups?.variance(testSequences, pairs);
  }

  /** The result of the same network without pretraining. */
  scratchOf({ key }: CellResult): CellResult | undefined {
    return this.find(key.network, SCRATCH);
  }

  /** Undefined where no network was trained to the end. */
  get firstNetwork(): string | undefined {
    return firstNetwork(this.dataset)?.[0];
  }
}

/** The first among equals. */
function bestWith(
  counts: readonly LabelCount[],
  cells: readonly CellResult[],
): CellResult | undefined {
  const score = ({ measured }: CellResult) =>
    meanOf(measured.filter(({ labels }) => counts.includes(labels)).map((one) => one.validation));
  return cells.reduce<CellResult | undefined>(
    (best, one) => (best === undefined || score(one) > score(best) ? one : best),
    undefined,
  );
}

/** By the label counts that all have: a network with more labels than another is no better for it. */
function bestByValidation(cells: readonly CellResult[]): CellResult | undefined {
  const isCommon = (count: LabelCount) => cells.every((cell) => labelCounts(cell).includes(count));
  const score = (cell: CellResult) => {
    const common = cell.measured.filter(({ labels }) => isCommon(labels));
    return validationScore({ ...cell, measured: common.length > 0 ? common : cell.measured });
  };
  return cells.toSorted((a, b) => score(b) - score(a))[0];
}

/** "lockstep ngram" as its command, "n-grams, ridge", "the two-sided network, masked" */
export function modelName(cell: CellResult): string {
  const { network, recipe } = cell.key;
  if (recipe === CLOSED_FORM) return familyName(cell);
  return network === BASELINE ? recipe : `the ${network} network, ${recipe}`;
}

/** The network, `baseline`, or the command that fits a model in closed form. */
export const familyName = ({ key: { network, recipe } }: CellResult): string =>
  recipe === CLOSED_FORM ? `lockstep ${network}` : network;

/** "64.0 % ± 2.1": mean and standard deviation over the repeats. */
export function meritText(cell: CellResult, labels: LabelCount): string {
  const found = merits(cell, labels);
  if (found.length === 0) return '';
  return `${percent(meanOf(found))} ± ${(100 * Math.sqrt(varianceOf(found))).toFixed(1)}`;
}

/** Label counts of a cell, ascending. */
export function labelCounts({ measured }: CellResult): LabelCount[] {
  return distinctCounts(measured.map(({ labels }) => labels));
}

/** Label counts of several cells, ascending. */
export const allCounts = (cells: readonly CellResult[]): LabelCount[] =>
  distinctCounts(cells.flatMap(labelCounts));

const distinctCounts = (counts: readonly LabelCount[]) => [...new Set(counts)].sort(byCount);

/** "5 and 10 labels a class", "50 labels a class and all labels" */
export function labelsText({ measured }: CellResult, counts: readonly LabelCount[]): string {
  const numbers = counts.filter((count) => count !== 'all');
  const some = numbers.length > 0 ? [`${numbers.join(' and ')} ${measured[0]!.unit}`] : [];
  return [...some, ...(counts.includes('all') ? ['all labels'] : [])].join(' and ');
}

/** The label counts up to 10 a class, or 100 in all; at least the smallest. */
export function fewLabels(result: CellResult): LabelCount[] {
  const counts = labelCounts(result);
  const few = labelCounts({ ...result, measured: result.measured.filter(areFew) });
  return few.length > 0 ? few : counts.slice(0, 1);
}

/** The figures of merit on the test split of a cell with so many labels, by draw. */
export function merits(result: CellResult, labels: LabelCount): number[] {
  return ofCount(result, labels).map(({ test }) => test.value);
}

const ofCount = ({ measured }: CellResult, labels: LabelCount): MeasuredResult[] =>
  measured.filter((one) => one.labels === labels).sort((a, b) => a.draw - b.draw);

/** The draws that every cell has for every label count. */
function commonDraws(results: readonly CellResult[], counts: readonly LabelCount[]): number[] {
  const lists = results.flatMap((result) =>
    counts.map((count) => ofCount(result, count).map(({ draw }) => draw)),
  );
  return (lists[0] ?? []).filter((draw) => lists.every((list) => list.includes(draw)));
}

const meritAt = (result: CellResult, counts: readonly LabelCount[], draw: number): number =>
  meanOf(counts.map((count) => measuredAt(result, count, draw).test.value));

const measuredAt = (result: CellResult, count: LabelCount, draw: number): MeasuredResult =>
  ofCount(result, count).find((one) => one.draw === draw)!;

/** Mean figure of merit by quarter of the test sequences, shortest first, over a cell's fine-tunings with few labels. */
export function meritByLength(result: CellResult): {
  readonly shortest: number;
  readonly longest: number;
  readonly value: number;
}[] {
  const measured = fewLabels(result).flatMap((count) => ofCount(result, count));
  return measured[0]!.test.byLengthQuartile.map(({ shortest, longest }, quarter) => ({
    shortest,
    longest,
    value: meanOf(measured.map(({ test }) => test.byLengthQuartile[quarter]!.value)),
  }));
}
