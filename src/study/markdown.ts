/** A study as Markdown: the five answers, then the tables behind them. */

import { formatDuration, formatMetrics } from '../core/format.ts';
import {
  describeDifference,
  meanOf,
  percent,
  varianceOf,
} from '../workflow/predict/paired-difference.ts';
import type { CellResult } from './cell.ts';
import type { Answer } from './five-answers.ts';
import { GROUPING, SCRATCH, SHUFFLED, SORTED } from './grid.ts';
import {
  DatasetResults,
  difference,
  fewLabels,
  labelCounts,
  labelsText,
  meritByLength,
  merits,
} from './results.ts';
import type { StudyConfig } from './study-config.ts';

/** What a report shows. */
export interface StudyReport {
  readonly config: StudyConfig;
  readonly results: readonly CellResult[];
  readonly answers: readonly Answer[];
  /** Engine, CPU and date of the measurements. */
  readonly measuredOn: string;
}

/** The report as Markdown. */
export function studyMarkdown({ config, results, answers, measuredOn }: StudyReport): string {
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
    `${whatIsCompared(results)} of the test split, read once; every choice (the weights that a fine-tuning keeps, the best pretext) was made on validation data. A difference is paired by label draw: same labels, same steps, same network; its interval is 95 % of Student's t over the draws.`,
    '',
    ...config.datasets.flatMap((dataset) =>
      datasetSection(new DatasetResults(dataset, results), results),
    ),
  ].join('\n');
}

/** "Accuracies are", or what else the runs are compared by. */
function whatIsCompared(results: readonly CellResult[]): string {
  const names = [...new Set(results.map(({ merit }) => merit))];
  if (names.length === 1 && names[0] === 'accuracy') return 'Accuracies are';
  return `Figures (${names.join(', ')}, in percent) are`;
}

function datasetSection(of: DatasetResults, results: readonly CellResult[]): string[] {
  const own = results.filter(({ key }) => key.dataset === of.dataset.name);
  return [
    `## ${of.dataset.name}`,
    '',
    ...Object.keys(of.dataset.networks).flatMap((network) => networkSection(of, network, own)),
    ...groupingSection(of),
    ...lengthSection(own),
    ...timeSection(own),
  ];
}

function networkSection(of: DatasetResults, network: string, own: readonly CellResult[]): string[] {
  const cells = own.filter(({ key }) => key.network === network);
  const counts = [...new Set(cells.flatMap(labelCounts))].sort((a, b) => a - b);
  const scratch = of.find(network, SCRATCH);
  const rows = cells.map((cell) => [
    recipeText(cell),
    ...counts.map((count) => meritText(cell, count)),
    ...counts.map((count) => {
      const gain = cell === scratch ? undefined : difference(cell, scratch, [count]);
      return gain === undefined ? '' : describeDifference(gain);
    }),
    cell.pretext === undefined ? '' : formatMetrics(cell.pretext),
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
  const gain = difference(sorted, shuffled, [count])!;
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
        cell.key.network,
        recipeText(cell),
        ...meritByLength(cell).map(({ value }) => percent(value)),
      ]),
    ]),
    '',
  ];
}

function timeSection(own: readonly CellResult[]): string[] {
  return [
    '### Time, one worker',
    '',
    ...table([
      ['network', 'recipe', 'time'],
      ...own.map((cell) => [cell.key.network, recipeText(cell), formatDuration(cell.seconds)]),
    ]),
    '',
  ];
}

/** A recipe and its share in words. */
export function recipeText({ key: { recipe, share } }: CellResult): string {
  return share === 1 ? recipe : `${recipe}, ${Math.round(100 * share)} % of the sequences`;
}

/** "64.0 % ± 2.1": mean and standard deviation over the draws. */
function meritText(cell: CellResult, labels: number): string {
  const found = merits(cell, labels);
  if (found.length === 0) return '';
  return `${percent(meanOf(found))} ± ${(100 * Math.sqrt(varianceOf(found))).toFixed(1)}`;
}

function table([head, ...rows]: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head!), `|${head!.map(() => '---').join('|')}|`, ...rows.map(line)];
}
