/** A study as Markdown: the five answers, then the tables behind them. */

import type { LabelCount } from '../baseline/label-draws.ts';
import { formatDuration, formatMetrics } from '../core/format.ts';
import type { Measured } from '../nn/objective/objective.ts';
import { meanOf } from '../statistics/mean.ts';
import { describeDifference, percent } from '../statistics/paired-difference.ts';
import type { Answer } from './answers.ts';
import type { CellResult } from './cell.ts';
import { CLOSED_FORM } from './closed-form/fits.ts';
import { GROUPING, SCRATCH, SHUFFLED, SORTED } from './grid.ts';
import type { StageOutcome } from './halving.ts';
import {
  allCounts,
  type DatasetResults,
  familyName,
  fewLabels,
  labelCounts,
  labelsText,
  meritByLength,
  meritText,
} from './results.ts';
import { stagesSection } from './stages-section.ts';
import type { StudyConfig } from './study-config.ts';
import { table } from './table.ts';

/** What a report shows. */
export interface StudyReport {
  readonly config: StudyConfig;
  /** By dataset, in the order of the configuration. */
  readonly datasets: readonly DatasetResults[];
  readonly results: readonly CellResult[];
  /** What was tried, where not all of the grid was trained to the end. */
  readonly stages: readonly StageOutcome[];
  /** What a reader must know of each dataset's baselines. */
  readonly notes: readonly (readonly string[])[];
  readonly answers: readonly Answer[];
  /** Engine, CPU and date of the measurements. */
  readonly measuredOn: string;
}

/** The report as Markdown. */
export function studyMarkdown(report: StudyReport): string {
  const { config, datasets, results, answers, measuredOn } = report;
  const seconds = results.reduce((sum, one) => sum + one.seconds, 0);
  return [
    `# Study: ${config.name}`,
    '',
    `${results.length} runs, ${formatDuration(seconds)} of one worker's time. ${measuredOn}`,
    '',
    '| question | answer |',
    '|---|---|',
    ...answers.map(({ question, sentence }) => `| ${question} | ${sentence} |`),
    '',
    `${whatIsCompared(report)} of the test split${cropText(config)}, read once; every choice (settings of baselines, the weights that a fine-tuning keeps, the best pretext) was made on validation data. A *repeat* has labels, initial weights and a pretraining of its own. A difference is paired by repeat: same labels, same test sequences. Its 95 % interval is over repeats (Student's t) and, for accuracies, over test groups (bootstrap).`,
    '',
    ...datasets.flatMap((dataset, index) => datasetSection(dataset, results, report.notes[index]!)),
    ...stagesSection(report.stages),
  ].join('\n');
}

/** Baselines read whole sequences, so that a crop must be told. */
const cropText = ({ test: { crop } }: StudyConfig): string =>
  crop === undefined
    ? ''
    : ` (networks read the first ${crop} timesteps of each sequence, baselines all)`;

/** "Accuracies are", or what else the runs are compared by. */
function whatIsCompared({ datasets, results }: StudyReport): string {
  const rivals = datasets.flatMap(({ baselines, closedForms }) => [...baselines, ...closedForms]);
  const names = [...new Set([...results, ...rivals].map(({ merit }) => merit))];
  if (names.length === 1 && names[0] === 'accuracy') return 'Accuracies are';
  return `Figures (${names.join(', ')}, in percent) are`;
}

function datasetSection(
  of: DatasetResults,
  results: readonly CellResult[],
  notes: readonly string[],
): string[] {
  const trained = results.filter(({ key }) => key.dataset === of.dataset.name);
  const own = [...of.closedForms, ...trained];
  return [
    `## ${of.dataset.name}`,
    '',
    ...modelsSection(of, own),
    ...notes.flatMap((note) => [`- ${note}`]),
    ...(notes.length > 0 ? [''] : []),
    ...Object.keys(of.dataset.networks).flatMap((network) => networkSection(of, network, own)),
    ...groupingSection(of),
    ...lengthSection(own),
    ...calibrationSection(own),
    ...timeSection(own),
  ];
}

/** All models by label count, the baselines first, and what each network gains on the best of them. */
function modelsSection(of: DatasetResults, own: readonly CellResult[]): string[] {
  const cells = own.filter(({ key }) => key.network !== GROUPING && key.share === 1);
  const all = [...of.baselines, ...cells];
  const counts = allCounts(all);
  if (all.length === 0) return [];
  const rows = all.map((cell) => [
    familyName(cell),
    recipeText(cell),
    ...counts.map((count) => meritText(cell, count)),
    ...counts.map((count) => againstBaseline(of, cell, count)),
    formatDuration(cell.seconds),
  ]);
  const headers = counts.map((count) => labelsText(all[0]!, [count]));
  const against = counts.map((count) => {
    const best = of.bestBaseline([count]);
    return best === undefined ? '' : `against ${best.key.recipe}, ${count}`;
  });
  return [
    '### All models',
    '',
    ...table([['', 'model', ...headers, ...against, 'time'], ...rows]),
    '',
  ];
}

function againstBaseline(of: DatasetResults, cell: CellResult, count: LabelCount): string {
  if (of.baselines.includes(cell)) return '';
  const gain = of.difference(cell, of.bestBaseline([count]), [count]);
  return gain === undefined ? '' : describeDifference(gain);
}

function networkSection(of: DatasetResults, network: string, own: readonly CellResult[]): string[] {
  const cells = own.filter(({ key }) => key.network === network);
  const counts = allCounts(cells);
  const scratch = of.find(network, SCRATCH);
  const rows = cells.map((cell) => [
    recipeText(cell),
    ...counts.map((count) => meritText(cell, count)),
    ...counts.map((count) => {
      const gain = cell === scratch ? undefined : of.difference(cell, scratch, [count]);
      return gain === undefined ? '' : describeDifference(gain);
    }),
    cell.pretexts.length === 0 ? '' : formatMetrics(meanMeasured(cell.pretexts)),
  ]);
  return [
    `### The ${network} network`,
    '',
    ...table([
      [
        'recipe',
        ...counts.map((count) => labelsText(cells[0]!, [count])),
        ...counts.map((count) => `against scratch, ${count}`),
        'pretext, validation',
      ],
      ...rows,
    ]),
    '',
  ];
}

function groupingSection(of: DatasetResults): string[] {
  const [sorted, shuffled] = [of.find(GROUPING, SORTED), of.find(GROUPING, SHUFFLED)];
  if (sorted === undefined || shuffled === undefined) return [];
  const [count] = labelCounts(sorted) as [number];
  const gain = of.difference(sorted, shuffled, [count])!;
  return [
    '### Batches sorted by length against shuffled ones',
    '',
    ...table([
      ['batches', labelsText(sorted, [count]), 'time'],
      ['sorted', meritText(sorted, count), formatDuration(sorted.seconds)],
      ['shuffled', meritText(shuffled, count), formatDuration(shuffled.seconds)],
    ]),
    '',
    `Sorted against shuffled, BatchNorm in the network, from scratch: ${describeDifference(gain)}.`,
    '',
  ];
}

function lengthSection(own: readonly CellResult[]): string[] {
  const cells = own.filter(({ key }) => key.network !== GROUPING);
  const [first] = cells;
  if (first === undefined) return [];
  const quarters = meritByLength(first);
  return [
    `### By length, ${labelsText(first, fewLabels(first))}`,
    '',
    ...table([
      ['network', 'recipe', ...quarters.map((one) => `${one.shortest}…${one.longest} timesteps`)],
      ...cells.map((cell) => [
        familyName(cell),
        recipeText(cell),
        ...meritByLength(cell).map(({ value }) => percent(value)),
      ]),
    ]),
    '',
  ];
}

function calibrationSection(own: readonly CellResult[]): string[] {
  const cells = own.filter(({ measured }) => measured.some(hasCalibration));
  if (cells.length === 0) return [];
  const counts = allCounts(cells);
  const errorText = (cell: CellResult, count: LabelCount) => {
    const known = cell.measured.filter((one) => one.labels === count && hasCalibration(one));
    return known.length === 0
      ? ''
      : percent(meanOf(known.map((one) => one.test.calibrationError!)));
  };
  return [
    '### Calibration error',
    '',
    'How far the probability of the named class lies from how often it is right, 0 % at best.',
    '',
    ...table([
      ['network', 'recipe', ...counts.map((count) => labelsText(cells[0]!, [count]))],
      ...cells.map((cell) => [
        familyName(cell),
        recipeText(cell),
        ...counts.map((count) => errorText(cell, count)),
      ]),
    ]),
    '',
  ];
}

const hasCalibration = ({ test }: CellResult['measured'][number]): boolean =>
  test.calibrationError !== undefined;

function timeSection(own: readonly CellResult[]): string[] {
  return [
    '### Time, one worker',
    '',
    ...table([
      ['network', 'recipe', 'time'],
      ...own.map((cell) => [familyName(cell), recipeText(cell), formatDuration(cell.seconds)]),
    ]),
    '',
  ];
}

/** A recipe and its share in words. */
export function recipeText({ key: { recipe, share } }: CellResult): string {
  if (recipe === CLOSED_FORM) return 'in closed form';
  return share === 1 ? recipe : `${recipe}, ${Math.round(100 * share)} % of the sequences`;
}

/** The mean of what several pretrainings measured. */
function meanMeasured(all: readonly Measured[]): Measured {
  const [first] = all as [Measured];
  const mean = (of: (one: Measured) => Readonly<Record<string, number>> | undefined) =>
    Object.fromEntries(
      Object.keys(of(first) ?? {}).map((name) => [name, meanOf(all.map((one) => of(one)![name]!))]),
    );
  const baselines = Object.keys(first.baselines ?? {}).map((metric) => [
    metric,
    mean((one) => one.baselines?.[metric]),
  ]);
  return {
    metrics: mean(({ metrics }) => metrics),
    ...(baselines.length > 0 && { baselines: Object.fromEntries(baselines) }),
  };
}
