/** Runs a study from its configuration to its answers; continues an earlier one. */
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LockstepError } from '../core/errors.ts';
import { symbolsOf } from '../data/facts.ts';
import { openStore, type StoreOnDisk } from '../data/format/open-store.ts';
import { resolveEngineKind } from '../engine/select.ts';
import { type ExtensionOptions, loadExtensions } from '../extension/load.ts';
import type { DeviceOptions } from '../workflow/placement.ts';
import { type GuardedHooks, type RunHooks, withGuardedHooks } from '../workflow/train/hooks.ts';
import type { Answer } from './answers.ts';
import { type FoldsOutcome, studyInFolds } from './folds/study-folds.ts';
import { loadStudyConfig } from './load-study.ts';
import { gridOfStore } from './own-grid.ts';
import type { TrainedModel } from './run-study.ts';
import type { StudyConfig } from './study-config.ts';
import { studyFolder } from './study-folder.ts';
import { studyIn } from './study-in.ts';

const packaged = (name: string) => fileURLToPath(new URL(`../../configs/${name}`, import.meta.url));
/** The study to run when the user names no other. */
export const STUDY_TEMPLATE = packaged('study.yaml');
/** The same for a dataset of real values. */
const NUMBERS_TEMPLATE = packaged('study-numbers.yaml');
const MINUTES = 20;

/** What to study, and where. */
export interface StudyOptions extends DeviceOptions, ExtensionOptions, RunHooks {
  /**
   * Path of a YAML file: datasets, networks, pretexts, labels.
   * @default configs/study.yaml of the package, configs/study-numbers.yaml for `data` with real values
   */
  readonly config?: string | undefined;
  /** Changes to the file, as `--set` takes them. */
  readonly set?: readonly string[] | undefined;
  /** Studies this dataset instead of the file's, sized to `minutes`. */
  readonly data?: string | undefined;
  /** With `data`: how long the study may take on this machine. @default 20 */
  readonly minutes?: number | undefined;
  /** Folder of the study; continues a study that it holds. @default `runs/<name>` */
  readonly folder?: string | undefined;
}

/** The answers of a study, and the paths of its report. */
export interface StudyReport {
  readonly answers: readonly Answer[];
  /** The best model with the most labels, ready to evaluate and to predict with. */
  readonly winner?: TrainedModel;
  /** Path of the report as Markdown. */
  readonly markdown: string;
  /** Path of the report as a web page. */
  readonly page: string;
}

/**
 * Measures by a grid of runs what self-supervised pretraining gains on a dataset. Each device runs one cell of the
 * grid at a time. Finished cells are not repeated. `signal` stops the running cells, which save.
 * @throws LockstepError USAGE for a folder that holds another study; INTERRUPTED, TERMINATED after a stop; the error of a
 *   failed run
 * @example
 * const { answers } = await study({ data: 'data/mine', minutes: 30, workers: 2 });
 * for (const { question, sentence } of answers) console.log(question, sentence);
 */
export async function study(options: StudyOptions): Promise<StudyReport> {
  return await withGuardedHooks(options, async (hooks) => await studyWith(options, hooks));
}

async function studyWith(options: StudyOptions, hooks: GuardedHooks): Promise<StudyReport> {
  const { data, minutes = MINUTES } = options;
  await loadExtensions(options.extensions ?? []);
  const store = data === undefined ? undefined : await openStore(data);
  try {
    const template = templateFor(options, store);
    const grid = store === undefined ? template : gridOfStore(template, resolve(store.path), store);
    const folder = studyFolder(options.folder ?? join('runs', grid.name));
    const plan = { grid, store, minutes, devices: options, hooks };
    const { answers, winner } = await studyIn(folder, plan);
    const { markdown, page } = folder;
    return { answers, ...(winner && { winner }), markdown, page };
  } finally {
    await store?.close();
  }
}

/** What to study in folds, and where. */
export interface StudyFoldsOptions extends Omit<StudyOptions, 'data'> {
  /** Folder of the dataset. Its splits do not matter: the folds are new ones. */
  readonly data: string;
  /** 3 to 100: each is the test split once, the next one the validation split. */
  readonly folds: number;
  /** Folder of the report. @default `runs/study-<name>-<k>-folds` */
  readonly folder?: string | undefined;
}

/**
 * k-fold cross-validation of baselines, models in closed form and, where there is time, networks: each sequence is
 * tested once. Each fold is a study of its own. The same call goes on where one was stopped.
 * @throws LockstepError what `study` throws; USAGE for fewer than 3 folds, or more folds than groups
 * @example
 * const { models } = await studyFolds({ data: 'data/small', folds: 5, workers: 2 });
 * for (const { name, mean, low, high } of models) console.log(name, mean, low, high);
 */
export async function studyFolds(options: StudyFoldsOptions): Promise<FoldsOutcome> {
  return await withGuardedHooks(options, async (hooks) => {
    const { data, folds, minutes = MINUTES } = options;
    await loadExtensions(options.extensions ?? []);
    refuseFolds(folds);
    const store = await openStore(data);
    try {
      const template = templateFor(options, store);
      const { name } = gridOfStore(template, resolve(store.path), store);
      const folder = options.folder ?? join('runs', `${name}-${folds}-folds`);
      const plan = { store, template, folds, minutes, folder, devices: options, hooks };
      return await studyInFolds(plan);
    } finally {
      await store.close();
    }
  });
}

/** @throws LockstepError USAGE */
function refuseFolds(folds: number): void {
  if (Number.isInteger(folds) && folds >= 3 && folds <= 100) return;
  throw new LockstepError(
    'USAGE',
    `Cannot study ${folds} folds: one is for testing, one for validation, and the others for training.`,
    'Give --folds a whole number from 3 to 100, such as 5.',
  );
}

function templateFor(
  { config, set = [] }: Pick<StudyOptions, 'config' | 'set'>,
  store: StoreOnDisk | undefined,
): StudyConfig {
  const isReal = store !== undefined && symbolsOf(store) === 0;
  return atHome(loadStudyConfig(config ?? (isReal ? NUMBERS_TEMPLATE : STUDY_TEMPLATE), set));
}

/** Without what depends on where the file is read: current folder, engine that is set up. */
function atHome(config: StudyConfig): StudyConfig {
  const { engine, datasets } = config;
  return {
    ...config,
    engine: { ...engine, kind: resolveEngineKind(engine.kind) },
    datasets: datasets.map((dataset) => ({
      ...dataset,
      data: { ...dataset.data, store: resolve(dataset.data.store) },
    })),
  };
}
