/** k-fold cross-validation: one study for each fold, with all labels, and what they say together. */

import { basename, dirname, join, resolve } from 'node:path';
import { tidyAfterCrash } from '../../core/atomic-folder.ts';
import { withWriteErrors } from '../../core/file-error.ts';
import { lockFolder } from '../../core/folder-lock.ts';
import { makeFolders } from '../../core/make-folders.ts';
import { writeWhole } from '../../core/write-whole.ts';
import { openStore, type StoreOnDisk } from '../../data/format/open-store.ts';
import { SPLITS, UNLABELLED } from '../../data/format/store.ts';
import type { DeviceOptions } from '../../workflow/placement.ts';
import { csvRow } from '../../workflow/predict/lines.ts';
import type { GuardedHooks } from '../../workflow/train/hooks.ts';
import { gridOfStore, withNetworks } from '../own-grid.ts';
import type { DatasetResults } from '../results.ts';
import type { LabelsConfig, StudyConfig } from '../study-config.ts';
import { studyFolder } from '../study-folder.ts';
import { measuredOn, studyIn } from '../study-in.ts';
import { writeFoldStore } from './fold-store.ts';
import { type FoldsSummary, foldsMarkdown, foldsSummary, foldsText } from './folds-table.ts';

/** What is studied in folds, and where. */
export interface FoldsPlan {
  readonly store: StoreOnDisk;
  /** Its networks are fitted to the dataset of each fold. */
  readonly template: StudyConfig;
  readonly folds: number;
  /** Of all folds together. */
  readonly minutes: number;
  /** Folder of the report; that of each fold is in it. */
  readonly folder: string;
  readonly devices: DeviceOptions;
  readonly hooks: GuardedHooks;
}

export interface FoldsOutcome extends FoldsSummary {
  /** Path of the report as Markdown. */
  readonly markdown: string;
  /** Path of a CSV file: which fold tested which sequence. */
  readonly list: string;
}

/** Fewest repeats that a grid allows: they differ in initial weights and pretraining. */
const DRAWS = 3;

/**
 * Studies each fold, or goes on where an earlier call was stopped. Each fold makes all its choices by itself, on its
 * own validation split, so that nothing is chosen by what is tested.
 * @throws LockstepError what a study throws; RUN_LOCKED while another process studies there; USAGE for more folds than groups, or a folder with other folds
 */
export async function studyInFolds(plan: FoldsPlan): Promise<FoldsOutcome> {
  withWriteErrors(plan.folder, () => makeFolders(plan.folder));
  const lock = lockFolder(plan.folder);
  try {
    await tidyAfterCrash(plan.folder);
    return await studyEach(plan);
  } finally {
    lock.release();
  }
}

async function studyEach(plan: FoldsPlan): Promise<FoldsOutcome> {
  const { store, folds, hooks } = plan;
  const numbers = Array.from({ length: folds }, (_, number) => number + 1);
  for (const fold of numbers) await writeFold(plan, fold);
  const list = await writeList(plan);
  const results: DatasetResults[] = [];
  for (const fold of numbers) {
    hooks.onEvent({ kind: 'status', text: `Fold ${fold} of ${folds}` });
    results.push(await studyFold(plan, fold));
  }
  const summary = foldsSummary(results, await testedOf(store));
  const markdown = join(plan.folder, 'folds.md');
  writeWhole(markdown, foldsMarkdown(summary, nameOf(store), measuredOn(plan.devices)));
  hooks.onEvent({ kind: 'status', text: foldsText(summary) });
  return { ...summary, markdown, list };
}

const nameOf = ({ path }: StoreOnDisk): string => basename(resolve(path));
const foldFolder = ({ folder }: FoldsPlan, fold: number): string => join(folder, `fold-${fold}`);
const storeOfFold = (plan: FoldsPlan, fold: number): string =>
  join(foldFolder(plan, fold), 'data', nameOf(plan.store));

async function writeFold(plan: FoldsPlan, fold: number): Promise<void> {
  const { store, folds, template, hooks } = plan;
  const path = storeOfFold(plan, fold);
  withWriteErrors(path, () => makeFolders(dirname(path)));
  await writeFoldStore(store, { folds, fold, seed: template.seed, path, signal: hooks.signal });
}

async function studyFold(plan: FoldsPlan, fold: number): Promise<DatasetResults> {
  const { folds, minutes, devices, hooks } = plan;
  const store = await openStore(storeOfFold(plan, fold));
  try {
    const grid = withAllLabels(gridOfStore(plan.template, resolve(store.path), store));
    const folder = studyFolder(foldFolder(plan, fold));
    const share = { minutes: minutes / folds, devices, hooks };
    return (await studyIn(folder, { grid, store, ...share })).results;
  } finally {
    await store.close();
  }
}

/** Each fold trains with all labels that it has, and asks no side questions. */
function withAllLabels(grid: StudyConfig): StudyConfig {
  const { datasets, ...rest } = withNetworks(grid, ({ labels, ...network }) => ({
    ...network,
    labels: [allOf(labels.at(-1)!)],
  }));
  const [{ grouping: _, ...dataset }] = datasets as [StudyConfig['datasets'][number]];
  return { ...rest, datasets: [{ ...dataset, pretrainingShares: [] }] };
}

const allOf = ({ steps }: LabelsConfig): LabelsConfig => ({
  all: true,
  draws: DRAWS,
  ...(steps !== undefined && { steps }),
});

/** Writes down which fold tests which sequence. */
async function writeList(plan: FoldsPlan): Promise<string> {
  const rows: string[][] = [];
  for (let fold = 1; fold <= plan.folds; fold++) {
    const store = await openStore(storeOfFold(plan, fold), { verify: false });
    const [ids, groups] = await Promise.all([store.ids(), store.groups()]);
    await store.close();
    for (const [sequence, id] of ids.entries()) {
      const isTested = SPLITS[store.index.splits[sequence]!] === 'test';
      if (isTested) rows.push([id, groups[sequence]!, String(fold)]);
    }
  }
  const list = join(plan.folder, 'folds.csv');
  writeWhole(list, `${[['id', 'group', 'fold'], ...rows].map(csvRow).join('\n')}\n`);
  return list;
}

/** Sequences with a target, and their groups. */
async function testedOf(store: StoreOnDisk): Promise<{ sequences: number; groups: number }> {
  const names = await store.groups();
  const labelled = names.filter((_, sequence) => store.index.labels[sequence] !== UNLABELLED);
  return { sequences: labelled.length, groups: new Set(labelled).size };
}
