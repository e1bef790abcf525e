/** What is known of a study's dataset before any network trains: baselines, models in closed form, test groups. */
import { symbolsOf } from '../data/facts.ts';
import { openStore } from '../data/format/open-store.ts';
import type { StoreManifest } from '../data/format/store.ts';
import { ensureStore } from '../workflow/train/ensure-store.ts';
import type { GuardedHooks } from '../workflow/train/hooks.ts';
import type { StopRequests } from '../workflow/train/stop-requests.ts';
import { baselineCells, baselinesReport, labelsOf } from './baselines.ts';
import type { CellResult } from './cell.ts';
import { closedFormCell } from './closed-form/closed-forms.ts';
import { closedFormsOf } from './closed-form/fits.ts';
import { firstTable } from './first-table.ts';
import { hasValidation } from './own-grid.ts';
import { DatasetResults, type Rivals } from './results.ts';
import type { StudyConfig, StudyDataset } from './study-config.ts';
import type { StudyFolder } from './study-folder.ts';
import { TestGroups } from './test-groups.ts';

export interface DatasetFacts extends Rivals {
  /** Number of symbols; 0 for real values. */
  readonly symbols: number;
  readonly trainingSequences: number;
  /** What a reader must know of the baselines' figures. */
  readonly notes: readonly string[];
  /** Time for baselines and models in closed form. */
  readonly seconds: number;
}

export interface FactsOptions {
  readonly folder: StudyFolder;
  /** How many threads may compute. */
  readonly workers: number;
  readonly hooks: GuardedHooks;
}

/**
 * Computes the facts of each dataset, or reads them from the study's folder, and tells the first table.
 * @throws LockstepError what is wrong with a dataset; INTERRUPTED, TERMINATED
 */
export async function studyFacts(
  config: StudyConfig,
  options: FactsOptions,
): Promise<DatasetFacts[]> {
  const { hooks } = options;
  for (const { data } of config.datasets) await ensureStore({ data }, hooks);
  const facts: DatasetFacts[] = [];
  for (const dataset of config.datasets) {
    const one = await readFacts(config, dataset, options);
    hooks.onEvent({ kind: 'status', text: firstTable(new DatasetResults(dataset, [], one), one) });
    facts.push(one);
  }
  return facts;
}

async function readFacts(
  config: StudyConfig,
  dataset: StudyDataset,
  { folder, workers, hooks }: FactsOptions,
): Promise<DatasetFacts> {
  const started = performance.now();
  const store = await openStore(dataset.data.store);
  try {
    const onProgress = (text: string) => hooks.onEvent({ kind: 'status', text });
    const plan = { dataset: dataset.name, seed: config.seed, ...labelsOf(dataset) };
    const [report, closedForms] = await bothOf(
      (stop) => baselinesReport(config, dataset, { folder, hooks: { stop, onProgress } }),
      async (stop) => {
        const cells: CellResult[] = [];
        for (const family of closedFormsOf(store)) {
          const place = { folder, hooks: { stop, onProgress } };
          cells.push(await closedFormCell(family, store, plan, place));
        }
        return cells;
      },
      { areParallel: workers > 1, stop: hooks },
    );
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
      closedForms,
      testGroups: new TestGroups(groupOf, config.seed),
      notes: [...report.notes, ...choiceNotes(store.manifest)],
      seconds: (performance.now() - started) / 1000,
    };
  } finally {
    await store.close();
  }
}

interface Together {
  readonly areParallel: boolean;
  readonly stop: StopRequests;
}

/** What one fails with ends the other. */
async function bothOf<First, Second>(
  first: (stop: StopRequests) => Promise<First>,
  second: (stop: StopRequests) => Promise<Second>,
  { areParallel, stop: { signal, kill } }: Together,
): Promise<[First, Second]> {
  if (!areParallel) return [await first({ signal, kill }), await second({ signal, kill })];
  const failed = new AbortController();
  const signals = [failed.signal, ...(signal === undefined ? [] : [signal])];
  const stop = { signal: AbortSignal.any(signals), kill };
  try {
    return await Promise.all([first(stop), second(stop)]);
  } finally {
    failed.abort();
  }
}

function choiceNotes(manifest: Pick<StoreManifest, 'splits'>): string[] {
  if (hasValidation(manifest)) return [];
  return [
    'There is no validation split: choices between networks, and of the weights that a fine-tuning keeps, were made on the training split, of which a draw has seen a part; a model in closed form was chosen by what each labelled sequence is told by the others.',
  ];
}
