/** Runs a grid, writes `study.md` and `study.html`, and returns the five answers. */

import { formatDuration } from '../core/format.ts';
import { writeWhole } from '../core/write-whole.ts';
import { symbolsOf } from '../data/facts.ts';
import { openStore } from '../data/format/open-store.ts';
import type { Device } from '../launch/device.ts';
import { meanOf, percent } from '../workflow/predict/paired-difference.ts';
import { ensureStore } from '../workflow/train/ensure-store.ts';
import type { GuardedHooks } from '../workflow/train/hooks.ts';
import { type Cell, type CellResult, cellName } from './cell.ts';
import { chartsOf } from './charts.ts';
import { type Answer, fiveAnswers } from './five-answers.ts';
import { bestPretext, firstCells, firstNetwork, shareCells } from './grid.ts';
import { studyMarkdown } from './markdown.ts';
import { studyPage } from './page/page.ts';
import { DatasetResults } from './results.ts';
import { type GridEvent, runGrid } from './run-grid.ts';
import type { StudyConfig, StudyDataset } from './study-config.ts';
import type { StudyFolder } from './study-folder.ts';

/** How to run a study. */
export interface RunStudyOptions {
  readonly folder: StudyFolder;
  readonly devices: readonly Device[];
  /** Engine, machine and date, for the report. */
  readonly measuredOn: string;
  readonly hooks: GuardedHooks;
}

/**
 * Runs a study.
 * @returns the five answers about the first dataset
 * @throws LockstepError the error of a failed run; INTERRUPTED or TERMINATED after a stop
 */
export async function runStudy(
  config: StudyConfig,
  { folder, devices, measuredOn, hooks }: RunStudyOptions,
): Promise<Answer[]> {
  for (const { data } of config.datasets) await ensureStore({ data }, hooks);
  const facts = await Promise.all(config.datasets.map(readFacts));
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
  const answers = fiveAnswers(new DatasetResults(config.datasets[0]!, results), facts[0]!.symbols);
  writeWhole(folder.markdown, studyMarkdown({ config, results, answers, measuredOn }));
  const charts = config.datasets.flatMap((dataset) =>
    chartsOf(new DatasetResults(dataset, results), results),
  );
  const title = `Study: ${config.name}`;
  writeWhole(folder.page, studyPage({ title, measuredOn, answers, charts }));
  return answers;
}

interface DatasetFacts {
  /** Number of symbols; 0 for real values. */
  readonly symbols: number;
  readonly trainingSequences: number;
}

async function readFacts({ data }: StudyDataset): Promise<DatasetFacts> {
  const store = await openStore(data.store);
  try {
    const trainingSequences = store.manifest.splits.train.sequences;
    return { symbols: symbolsOf(store), trainingSequences };
  } finally {
    await store.close();
  }
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
