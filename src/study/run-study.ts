/** Runs a study: a whole grid, or what fits into a time; writes `study.md` and `study.html`, and returns the answers. */

import { writeWhole } from '../core/write-whole.ts';
import type { StoreOnDisk } from '../data/format/open-store.ts';
import type { Device } from '../launch/device.ts';
import type { GuardedHooks } from '../workflow/train/hooks.ts';
import { type Answer, studyAnswers } from './answers.ts';
import type { Cell, CellResult, TrialResult } from './cell.ts';
import { chartsOf } from './charts.ts';
import { CLOSED_FORM, type ClosedForm } from './closed-form/fits.ts';
import type { DatasetFacts } from './dataset-facts.ts';
import { bestPretext, firstCells, firstNetwork, shareCells } from './grid.ts';
import type { StageOutcome } from './halving.ts';
import { studyMarkdown } from './markdown.ts';
import { studyPage } from './page/page.ts';
import { DatasetResults, labelCounts } from './results.ts';
import { runCell } from './run-cell.ts';
import { runGrid } from './run-grid.ts';
import { runHalving } from './run-halving.ts';
import type { StudyConfig, StudyDataset } from './study-config.ts';
import { cellPaths, type StudyFolder } from './study-folder.ts';
import { resultWords, tellOfCells } from './tell-of-cells.ts';

/** How to run a study. */
export interface RunStudyOptions {
  readonly folder: StudyFolder;
  readonly devices: readonly Device[];
  /** Of each dataset. */
  readonly facts: readonly DatasetFacts[];
  /** Engine, machine and date, for the report. */
  readonly measuredOn: string;
  readonly hooks: GuardedHooks;
  /** The first dataset, where its study is sized to a time; otherwise the whole grid runs. */
  readonly own?: { readonly store: StoreOnDisk; readonly minutes: number } | undefined;
}

/** A model that is ready to use. */
export interface TrainedModel {
  readonly runFolder: string;
  /** The weights at the end of this phase; a model in closed form has no phases. */
  readonly phase?: string;
  /** The command that fits such a model to a dataset, as words. */
  readonly fitAgain?: readonly string[];
}

export interface StudyOutcome {
  /** Of the first dataset. */
  readonly results: DatasetResults;
  /** About it. */
  readonly answers: Answer[];
  /** Its best model with the most labels, chosen on validation data. */
  readonly winner?: TrainedModel;
}

/** What the runs came to. */
interface Ran {
  /** The configuration with the networks that were trained to the end. */
  readonly config: StudyConfig;
  readonly results: readonly CellResult[];
  readonly stages: readonly StageOutcome[];
}

/**
 * Runs a study.
 * @throws LockstepError the error of a failed run; INTERRUPTED or TERMINATED after a stop
 */
export async function runStudy(
  config: StudyConfig,
  options: RunStudyOptions,
): Promise<StudyOutcome> {
  const { own } = options;
  const ran =
    own === undefined ? await runAll(config, options) : await runBest(config, options, own);
  return writeReport(ran, options);
}

async function runAll(
  config: StudyConfig,
  { folder, devices, facts, hooks }: RunStudyOptions,
): Promise<Ran> {
  const cells = firstCells(config);
  const expected = config.datasets.reduce(
    (sum, { pretrainingShares }) => sum + pretrainingShares.length,
    cells.length,
  );
  const text = `${expected} parts to train. Ctrl-C saves what is done; the same command goes on.`;
  hooks.onEvent({ kind: 'status', text });
  const results = await runGrid<CellResult>({
    folder,
    devices,
    crop: config.test.crop,
    cells,
    run: runCell,
    more: shareCellsOnce(config, facts),
    onEvent: tellOfCells(expected, hooks, resultWords),
    stop: hooks,
    onLine: (text) => hooks.onEvent({ kind: 'status', text }),
  });
  return { config, results, stages: [] };
}

/** Each dataset's runs with smaller shares, once its best pretext is known. */
function shareCellsOnce(
  config: StudyConfig,
  facts: readonly DatasetFacts[],
): (results: readonly CellResult[]) => Cell[] {
  const given = new Set<StudyDataset>();
  return (results) =>
    config.datasets.flatMap((dataset, index) => {
      const [network] = firstNetwork(dataset)!;
      const recipe = bestPretext(dataset, network, results);
      if (recipe === undefined || given.has(dataset)) return [];
      given.add(dataset);
      const { trainingSequences } = facts[index]!;
      return shareCells(config, dataset, { network, recipe }, trainingSequences);
    });
}

async function runBest(
  config: StudyConfig,
  { folder, devices, facts, hooks }: RunStudyOptions,
  own: NonNullable<RunStudyOptions['own']>,
): Promise<Ran> {
  const secondsBefore = facts[0]!.seconds;
  const { crop } = config.test;
  const place = { folder, devices, hooks, crop, secondsBefore };
  const stages = await runHalving(config, { ...place, ...own });
  const final = stages.find(({ stage }) => stage.kind === 'final');
  const [dataset] = config.datasets as [StudyDataset];
  const trained = { ...dataset, networks: final?.stage.networks ?? {} };
  return {
    config: { ...config, datasets: [trained] },
    results: stages.flatMap(({ results }) => results),
    stages,
  };
}

function writeReport(
  { config, results, stages }: Ran,
  { folder, facts, measuredOn }: RunStudyOptions,
): StudyOutcome {
  const trials: TrialResult[] = stages.flatMap((stage) => stage.trials);
  const datasets = config.datasets.map(
    (dataset, index) => new DatasetResults(dataset, results, { ...facts[index]!, trials }),
  );
  const answers = studyAnswers(datasets[0]!, facts[0]!.symbols);
  const notes = facts.map((one) => one.notes);
  const report = { config, datasets, results, stages, notes, answers, measuredOn };
  writeWhole(folder.markdown, studyMarkdown(report));
  const charts = datasets.flatMap((dataset) => chartsOf(dataset, results));
  const title = `Study: ${config.name}`;
  writeWhole(folder.page, studyPage({ title, measuredOn, answers, charts }));
  const winner = winnerOf(datasets[0]!, folder);
  return { results: datasets[0]!, answers, ...(winner && { winner }) };
}

/** Of the best model: the one with the most labels that did best on validation data. */
function winnerOf(results: DatasetResults, folder: StudyFolder): TrainedModel | undefined {
  const best = results.bestModel();
  if (best === undefined) return undefined;
  const runFolder = cellPaths(folder, best.key).run;
  const { network, recipe } = best.key;
  if (recipe === CLOSED_FORM) {
    return { runFolder, fitAgain: [network as ClosedForm, results.dataset.data.store] };
  }
  const most = labelCounts(best).at(-1);
  const [first] = best.measured
    .filter(({ labels }) => labels === most)
    .toSorted((a, b) => b.validation - a.validation);
  return { runFolder, phase: first!.phase };
}
