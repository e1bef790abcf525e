/** Runs a study from its configuration to its answers; continues an earlier one. */
import { existsSync, rmSync } from 'node:fs';
import { cpus } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LockstepError } from '../core/errors.ts';
import { lockFolder } from '../core/folder-lock.ts';
import { writeWhole } from '../core/write-whole.ts';
import { symbolsOf } from '../data/facts.ts';
import { openStore, type StoreOnDisk } from '../data/format/open-store.ts';
import { resolveEngineKind } from '../engine/select.ts';
import { type ExtensionOptions, loadExtensions } from '../extension/load.ts';
import type { Device } from '../launch/device.ts';
import { type DeviceOptions, devicesOf } from '../workflow/placement.ts';
import { type GuardedHooks, type RunHooks, withGuardedHooks } from '../workflow/train/hooks.ts';
import type { Answer } from './answers.ts';
import { studyFacts } from './dataset-facts.ts';
import { loadStudyConfig, refuseOtherGrid, studyConfigToYaml } from './load-study.ts';
import { gridOfStore } from './own-grid.ts';
import { runStudy, type TrainedModel } from './run-study.ts';
import type { StudyConfig } from './study-config.ts';
import { makeStudyFolder, type StudyFolder, studyFolder } from './study-folder.ts';

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
  const { set = [], data, minutes = MINUTES } = options;
  await loadExtensions(options.extensions ?? []);
  const store = data === undefined ? undefined : await openStore(data);
  try {
    const isReal = store !== undefined && symbolsOf(store) === 0;
    const { config = isReal ? NUMBERS_TEMPLATE : STUDY_TEMPLATE } = options;
    const template = atHome(loadStudyConfig(config, set));
    const grid = store === undefined ? template : gridOfStore(template, resolve(store.path), store);
    const folder = studyFolder(options.folder ?? join('runs', grid.name));
    return await studyIn(folder, { grid, store, minutes, devices: options, hooks });
  } finally {
    await store?.close();
  }
}

interface StudyPlan {
  readonly grid: StudyConfig;
  readonly store: StoreOnDisk | undefined;
  readonly minutes: number;
  readonly devices: DeviceOptions;
  readonly hooks: GuardedHooks;
}

async function studyIn(folder: StudyFolder, plan: StudyPlan): Promise<StudyReport> {
  const { grid: config, store, minutes, hooks } = plan;
  if (!(minutes > 0)) throw noTime(minutes);
  const devices = devicesOf(plan.devices);
  const made = makeStudyFolder(folder);
  const lock = lockFolder(folder.path);
  try {
    if (existsSync(folder.config)) {
      refuseOtherGrid(loadStudyConfig(folder.config), config, folder.path);
    }
    const facts = await studyFacts(config, { folder, workers: devices.length, hooks });
    writeWhole(folder.config, studyConfigToYaml(config));
    const own = store && { store, minutes };
    const measuredOn = machine(devices);
    const outcome = await runStudy(config, { folder, devices, facts, measuredOn, hooks, own });
    return { ...outcome, markdown: folder.markdown, page: folder.page };
  } finally {
    lock.release();
    // A study that was refused leaves no folder.
    if (made !== undefined && !existsSync(folder.config)) rmSync(made, { recursive: true });
  }
}

function noTime(minutes: number): LockstepError {
  return new LockstepError(
    'USAGE',
    `Cannot size the study to ${minutes} minutes: the number must be above 0.`,
    'Give --minutes a number such as 20.',
  );
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

function machine(devices: readonly Device[]): string {
  const where = devices[0]!.kind === 'gpu' ? 'GPU' : (cpus()[0]?.model ?? 'a CPU of unknown make');
  const date = new Date().toISOString().slice(0, 10);
  return `Measured on ${where}, ${devices.length} workers, ${date}.`;
}
