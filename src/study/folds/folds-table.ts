/** What the studies of all folds say together. Pure. */
import { formatTable } from '../../core/format.ts';
import { overFolds } from '../../statistics/cross-validation.ts';
import { type Interval, intervalOf, withinBounds } from '../../statistics/interval.ts';
import { meanOf } from '../../statistics/mean.ts';
import { percent, signed } from '../../statistics/paired-difference.ts';
import type { CellResult } from '../cell.ts';
import { CLOSED_FORM, type ClosedForm } from '../closed-form/fits.ts';
import { type DatasetResults, merits, modelName } from '../results.ts';
import { table } from '../table.ts';

/** All folds train with all labels that they have. */
const ALL = ['all'] as const;
const BEST_BASELINE = 'best baseline, chosen on validation';
const BEST_NETWORK = 'best network, chosen on validation';
const CHOSEN = 'whatever validation chose';

/** A model, or a way to choose one, over all folds. Figures are in [0, 1], but for R². */
export interface FoldedModel extends Interval {
  readonly name: string;
  /** The figure of merit on the test split of each fold; the mean over repeats. */
  readonly byFold: readonly number[];
  readonly mean: number;
  /** Mean figure of merit on the validation splits of the folds. */
  readonly validation: number;
  /** Of a way to choose: what it chose in each fold. */
  readonly chosen?: readonly string[];
  /** Against the baseline that does best on the validation split of each fold, in points. */
  readonly gain?: Interval & { readonly mean: number };
}

/** All models of a cross-validation. */
export interface FoldsSummary {
  /** What models are compared by. */
  readonly merit: string;
  readonly folds: number;
  readonly sequences: number;
  readonly groups: number;
  readonly models: readonly FoldedModel[];
  /** The model in closed form that is best on validation data, where no network is better. */
  readonly fit?: ClosedForm;
}

type Choice = (fold: DatasetResults) => CellResult | undefined;

/**
 * @param folds results of each fold's study, by fold
 * @param tested how many sequences all folds test together, and their groups
 */
export function foldsSummary(
  folds: readonly DatasetResults[],
  tested: { readonly sequences: number; readonly groups: number },
): FoldsSummary {
  const [first] = folds as [DatasetResults, ...DatasetResults[]];
  const { merit } = first.baselines[0]!;
  const reference = inEach(folds, bestBaseline)!;
  const bounds = { groups: tested.groups, isClass: merit === 'accuracy', isShare: merit !== 'R²' };
  const build = (name: string, cells: readonly CellResult[], more: Partial<FoldedModel> = {}) => ({
    ...foldedModel(name, cells, bounds),
    ...more,
    ...(name !== BEST_BASELINE && { gain: gainOver(reference, cells) }),
  });
  const fixed = [...first.baselines, ...first.closedForms].map(modelName);
  const known = fixed.flatMap((name) => {
    const cells = inEach(folds, named(name));
    return cells === undefined ? [] : [build(name, cells)];
  });
  const ways = Object.entries(WAYS).flatMap(([name, choose]) => {
    const cells = inEach(folds, choose);
    return cells === undefined ? [] : [build(name, cells, { chosen: cells.map(modelName) })];
  });
  const fit = closedFormToFit(folds, [...known, ...ways]);
  return {
    ...{ merit, folds: folds.length, ...tested, models: [...known, ...ways] },
    ...(fit !== undefined && { fit }),
  };
}

const named =
  (name: string): Choice =>
  ({ baselines, closedForms }) =>
    [...baselines, ...closedForms].find((cell) => modelName(cell) === name);
const bestBaseline: Choice = (fold) => fold.bestBaseline(ALL);
const bestOfAll: Choice = (fold) =>
  [fold.bestNetwork(), fold.bestWithoutSteps(ALL)]
    .filter((cell) => cell !== undefined)
    .toSorted((a, b) => validationOf(b) - validationOf(a))[0];

const WAYS: Readonly<Record<string, Choice>> = {
  [BEST_BASELINE]: bestBaseline,
  [BEST_NETWORK]: (fold) => fold.bestNetwork(),
  [CHOSEN]: bestOfAll,
};

/** The cell of each fold; undefined where a fold has none. */
function inEach(folds: readonly DatasetResults[], choose: Choice): CellResult[] | undefined {
  const cells = folds.flatMap((fold) => choose(fold) ?? []);
  return cells.length === folds.length ? cells : undefined;
}

const validationOf = ({ measured }: CellResult): number =>
  meanOf(measured.map(({ validation }) => validation));
const figureOf = (cell: CellResult): number => meanOf(merits(cell, 'all'));

/** One fold is for testing, one for validation. */
const testPerTraining = (folds: number): number => 1 / (folds - 2);

interface FigureBounds {
  readonly groups: number;
  /** Whether each sequence is right or wrong. */
  readonly isClass: boolean;
  readonly isShare: boolean;
}

function foldedModel(
  name: string,
  cells: readonly CellResult[],
  { groups, isClass, isShare }: FigureBounds,
): FoldedModel {
  const byFold = cells.map(figureOf);
  const mean = meanOf(byFold);
  const { variance, freedom } = overFolds(byFold, testPerTraining(cells.length));
  // Folds may agree by chance: no mean is known better than from so many groups, each right or wrong.
  const least = isClass ? (mean * (1 - mean)) / groups : 0;
  const source =
    variance < least ? { variance: least, freedom: groups - 1 } : { variance, freedom };
  const interval = intervalOf(mean, [source]);
  const bounds = { testVariance: source.variance, groups, isShare };
  const validation = meanOf(cells.map(validationOf));
  return { name, byFold, mean, ...withinBounds(mean, interval, bounds), validation };
}

function gainOver(reference: readonly CellResult[], cells: readonly CellResult[]) {
  const points = cells.map((cell, fold) => 100 * (figureOf(cell) - figureOf(reference[fold]!)));
  const mean = meanOf(points);
  return { mean, ...intervalOf(mean, [overFolds(points, testPerTraining(cells.length))]) };
}

/** Networks are chosen by what no fold tests, too. */
function closedFormToFit(
  [first]: readonly DatasetResults[],
  models: readonly FoldedModel[],
): ClosedForm | undefined {
  const validationOfName = (name: string) =>
    models.find((model) => model.name === name)?.validation ?? Number.NEGATIVE_INFINITY;
  const [best] = first!.closedForms
    .filter(({ key }) => key.recipe === CLOSED_FORM)
    .toSorted((a, b) => validationOfName(modelName(b)) - validationOfName(modelName(a)));
  if (best === undefined) return undefined;
  const isBest = validationOfName(modelName(best)) >= validationOfName(BEST_NETWORK);
  return isBest ? (best.key.network as ClosedForm) : undefined;
}

/** The table for a terminal, with what its figures are. */
export function foldsText(summary: FoldsSummary): string {
  return [`${headline(summary)}:`, '', formatTable(rowsOf(summary)), '', ...notesOf(summary)].join(
    '\n',
  );
}

/** The report as Markdown: the table, what was chosen, and the figure of each fold. */
export function foldsMarkdown(summary: FoldsSummary, name: string, measuredOn: string): string {
  const { models, folds } = summary;
  const numbers = Array.from({ length: folds }, (_, fold) => `fold ${fold + 1}`);
  const chosen = models.filter((model) => model.chosen !== undefined);
  return [
    ...[`# ${folds} folds: ${name}`, '', `${headline(summary)}. ${measuredOn}`, ''],
    ...[...table(rowsOf(summary)), '', ...notesOf(summary).flatMap((note) => [note, ''])],
    ...['## Fold by fold', ''],
    ...table([
      ['model', ...numbers],
      ...models.map((model) => [model.name, ...model.byFold.map(percent)]),
    ]),
    ...['', '## What was chosen', ''],
    ...table([['', ...numbers], ...chosen.map((model) => [model.name, ...model.chosen!])]),
    '',
  ].join('\n');
}

const headline = ({ merit, folds, sequences }: FoldsSummary): string =>
  `${merit} over ${folds} folds, in which each of ${sequences} sequences is tested once`;

function rowsOf({ models }: FoldsSummary): string[][] {
  const body = models.map(({ name, mean, low, high, gain }) => [
    name,
    percent(mean),
    `${percent(low)} to ${percent(high)}`,
    ...(gain === undefined
      ? ['', '']
      : [signed(gain.mean), `${signed(gain.low)} to ${signed(gain.high)}`]),
  ]);
  return [['model', 'mean', '95 % interval', 'points', '95 % interval'], ...body];
}

const notesOf = ({ folds, groups }: FoldsSummary): string[] => [
  `Points are against the ${BEST_BASELINE}, paired by fold.`,
  `The intervals are over ${folds} folds (Student's t), wider by what the folds share in training (Nadeau & Bengio 2003)${
    folds < 5 ? '; few folds make them wide' : ''
  }. ${groups} groups were dealt out.`,
];
