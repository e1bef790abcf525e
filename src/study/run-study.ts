/** Runs a grid, writes `study.md` and `study.html`, and returns the answers. */

import { formatDuration } from '../core/format.ts';
import { commandLine } from '../core/program-name.ts';
import { writeWhole } from '../core/write-whole.ts';
import { symbolsOf } from '../data/facts.ts';
import { openStore, type StoreOnDisk } from '../data/format/open-store.ts';
import type { StoreManifest } from '../data/format/store.ts';
import type { Device } from '../launch/device.ts';
import { meanOf } from '../statistics/mean.ts';
import { percent } from '../statistics/paired-difference.ts';
import { ensureStore } from '../workflow/train/ensure-store.ts';
import type { GuardedHooks } from '../workflow/train/hooks.ts';
import { type Answer, studyAnswers } from './answers.ts';
import { baselineCells, tellBaselines } from './baselines.ts';
import { type Cell, type CellResult, cellName } from './cell.ts';
import { chartsOf } from './charts.ts';
import { bestPretext, firstCells, firstNetwork, shareCells } from './grid.ts';
import { studyMarkdown } from './markdown.ts';
import { hasValidation } from './own-grid.ts';
import { studyPage } from './page/page.ts';
import { DatasetResults, labelCounts, type Rivals } from './results.ts';
import { type GridEvent, runGrid } from './run-grid.ts';
import type { StudyConfig, StudyDataset } from './study-config.ts';
import { cellPaths, type StudyFolder } from './study-folder.ts';
import { TestGroups } from './test-groups.ts';

/** How to run a study. */
export interface RunStudyOptions {
  readonly folder: StudyFolder;
  readonly devices: readonly Device[];
  /** Engine, machine and date, for the report. */
  readonly measuredOn: string;
  readonly hooks: GuardedHooks;
}

/** The weights at the end of a run's phase. */
export interface TrainedModel {
  readonly runFolder: string;
  readonly phase: string;
}

export interface StudyOutcome {
  /** About the first dataset. */
  readonly answers: Answer[];
  /** Its best network with the most labels, chosen on validation data. */
  readonly winner?: TrainedModel;
}

/**
 * Runs a study.
 * @throws LockstepError the error of a failed run; INTERRUPTED or TERMINATED after a stop
 */
export async function runStudy(
  config: StudyConfig,
  { folder, devices, measuredOn, hooks }: RunStudyOptions,
): Promise<StudyOutcome> {
  for (const { data } of config.datasets) await ensureStore({ data }, hooks);
  const facts: DatasetFacts[] = [];
  for (const dataset of config.datasets) {
    facts.push(await readFacts(config, dataset, { folder, hooks }));
  }
  const cells = firstCells(config);
  const expected = config.datasets.reduce(
    (sum, { pretrainingShares }) => sum + pretrainingShares.length,
    cells.length,
  );
  const text = `${expected} parts to train. Ctrl-C saves what is done; the same command goes on.`;
  hooks.onEvent({ kind: 'status', text });
  const results = await runGrid({
    folder,
    devices,
    crop: config.test.crop,
    cells,
    more: shareCellsOnce(config, facts),
    onEvent: tellOfCells(expected, hooks),
    stop: hooks,
    onLine: (text) => hooks.onEvent({ kind: 'status', text }),
  });
  const datasets = config.datasets.map(
    (dataset, index) => new DatasetResults(dataset, results, facts[index]),
  );
  const answers = studyAnswers(datasets[0]!, facts[0]!.symbols);
  const notes = facts.map((one) => one.notes);
  const report = { config, datasets, results, notes, answers, measuredOn };
  writeWhole(folder.markdown, studyMarkdown(report));
  const charts = datasets.flatMap((dataset) => chartsOf(dataset, results));
  const title = `Study: ${config.name}`;
  writeWhole(folder.page, studyPage({ title, measuredOn, answers, charts }));
  const winner = winnerOf(datasets[0]!, folder);
  return { answers, ...(winner && { winner }) };
}

/** The best network's fine-tuning with the most labels that did best on validation data. */
function winnerOf(results: DatasetResults, folder: StudyFolder): TrainedModel | undefined {
  const best = results.bestNetwork();
  if (best === undefined) return undefined;
  const most = labelCounts(best).at(-1);
  const [first] = best.measured
    .filter(({ labels }) => labels === most)
    .toSorted((a, b) => b.validation - a.validation);
  return { runFolder: cellPaths(folder, best.key).run, phase: first!.phase };
}

interface DatasetFacts extends Rivals {
  /** Number of symbols; 0 for real values. */
  readonly symbols: number;
  readonly trainingSequences: number;
  /** What a reader must know of the baselines' figures. */
  readonly notes: readonly string[];
}

async function readFacts(
  config: StudyConfig,
  dataset: StudyDataset,
  { folder, hooks }: Pick<RunStudyOptions, 'folder' | 'hooks'>,
): Promise<DatasetFacts> {
  const report = await tellBaselines(config, dataset, { folder, hooks });
  const store = await openStore(dataset.data.store);
  try {
    const ids = await store.ids();
    const numbers = new Map(ids.map((id, sequence) => [id, sequence]));
    const numberOf = (id: string) => numbers.get(id)!;
    const classOf = (sequence: number) => store.index.labels[sequence]!;
    const { testSequences, testGroups } = report;
    const groupOf = new Map(testSequences.map((id, i) => [numberOf(id), testGroups[i]!]));
    return {
      symbols: symbolsOf(store),
      trainingSequences: store.manifest.splits.train.sequences,
      baselines: baselineCells(report, dataset, { numberOf, classOf }),
      testGroups: new TestGroups(groupOf, config.seed),
      notes: [...report.notes, ...choiceNotes(store.manifest), ...fittedNotes(store)],
    };
  } finally {
    await store.close();
  }
}

function choiceNotes(manifest: Pick<StoreManifest, 'splits'>): string[] {
  if (hasValidation(manifest)) return [];
  return [
    'There is no validation split: choices between networks, and of the weights that a fine-tuning keeps, were made on the training split, of which a draw has seen a part.',
  ];
}

/** What a user should fit beside the grid: it takes a minute, and the table lacks it. */
function fittedNotes(store: StoreOnDisk): string[] {
  const { channels, target } = store.manifest;
  if (target.kind === 'timestep-class') return [];
  if (symbolsOf(store) > 0 && channels === 1) {
    return [
      `Not in this table: n-grams in closed form, to which unlabelled sequences help, too. Fit them with \`${commandLine('ngram', store.path)}\`.`,
    ];
  }
  return [
    `Not in this table: the larger variant of rocket. Fit it with \`${commandLine('rocket', store.path)}\`.`,
  ];
}

/** Each dataset's runs with smaller shares, once its best pretext is known. */
function shareCellsOnce(
  config: StudyConfig,
  facts: readonly DatasetFacts[],
): (results: readonly CellResult[]) => Cell[] {
  const given = new Set<StudyDataset>();
  return (results) =>
    config.datasets.flatMap((dataset, index) => {
      const best = bestPretext(dataset, firstNetwork(dataset)[0], results);
      if (best === undefined || given.has(dataset)) return [];
      given.add(dataset);
      return shareCells(config, dataset, best, facts[index]!.trainingSequences);
    });
}

function tellOfCells(expected: number, { onEvent }: GuardedHooks): (event: GridEvent) => void {
  const say = (text: string) => onEvent({ kind: 'status', text });
  const started = performance.now();
  let done = 0;
  return (event) => {
    const name = cellName(event.cell.key);
    if (event.kind === 'start') return say(`  ${name}: begun`);
    done++;
    const { merit, measured, seconds } = event.result;
    const mean = percent(meanOf(measured.map(({ test }) => test.value)));
    const how = event.skipped ? 'was done already' : `done in ${formatDuration(seconds)}`;
    const elapsed = formatDuration((performance.now() - started) / 1000);
    say(`[${done}/${expected}, ${elapsed}] ${name}: ${how}, mean test ${merit} ${mean}`);
  };
}
