/** The study of a user's dataset, sized to a time. */
import { basename, resolve } from 'node:path';
import type { ObjectiveConfig } from '../config/phase-section.ts';
import { LockstepError } from '../core/errors.ts';
import { symbolsOf } from '../data/facts.ts';
import { SPLITS, type Store, type StoreManifest, UNLABELLED } from '../data/format/store.ts';
import { meanOf } from '../statistics/mean.ts';
import { type DataSize, otherSeconds, pretrainingSeconds } from './cost.ts';
import { firstCells, firstNetwork, shareCells } from './grid.ts';
import {
  type LabelsConfig,
  type NetworkConfig,
  type StudyConfig,
  type StudyDataset,
  studyConfig,
  type TrainingConfig,
} from './study-config.ts';

type OwnStore = Pick<Store, 'manifest' | 'index'>;

/** Fewer steps of pretraining would show nothing. */
const FEWEST_PRETRAINING_STEPS = 50;
/** Share of the time that the grid plans for, since the machine may be slower than in the measurement. */
const RESERVE = 0.9;

/**
 * The template's first dataset with another store: with the pretexts that its values allow and the label counts that
 * it has.
 * @throws LockstepError DATA_INVALID for a dataset without labels
 */
export function gridOfStore(template: StudyConfig, path: string, store: OwnStore): StudyConfig {
  const [first] = template.datasets as [StudyDataset];
  const name = basename(resolve(path)).replaceAll(/[^A-Za-z0-9_-]+/g, '-');
  const available = trainingLabels(store, path);
  const isReal = symbolsOf(store) === 0;
  const canCount = !isReal && store.manifest.channels === 1;
  const dataset = {
    ...first,
    name,
    data: { store: path },
    networks: Object.fromEntries(
      Object.entries(first.networks)
        .filter(([, { model }]) => canCount || model.family !== 'ngram')
        .map(([network, settings]) => [network, fitted(settings, available, isReal)]),
    ),
    ...(first.grouping && {
      grouping: {
        ...first.grouping,
        model: forValues(first.grouping.model, isReal),
        labels: fittedLabels([first.grouping.labels], available)[0],
      },
    }),
  };
  const grid = studyConfig().parse({ ...template, name: `study-${name}`, datasets: [dataset] });
  return hasValidation(store.manifest) ? grid : evaluatedOnTraining(grid);
}

/** Whether there is validation data to choose by. */
export const hasValidation = ({ splits }: Pick<StoreManifest, 'splits'>): boolean =>
  splits.validation.sequences > 0;

/** Without validation data it chooses by training data, of which a draw has seen a part. The test split is read once. */
function evaluatedOnTraining(grid: StudyConfig): StudyConfig {
  const moved = ({ evaluation, ...training }: TrainingConfig): TrainingConfig => ({
    ...training,
    ...(evaluation && {
      evaluation: { ...evaluation, data: { ...evaluation.data, split: 'train' } },
    }),
  });
  const networks = withNetworks(grid, (network) => ({
    ...network,
    pretraining: moved(network.pretraining),
    finetuning: moved(network.finetuning),
  }));
  return withDataset(networks, ({ grouping, ...dataset }) => ({
    ...dataset,
    ...(grouping && { grouping: { ...grouping, training: moved(grouping.training) } }),
  }));
}

/** What a study may take. */
export interface StudyBudget {
  readonly minutes: number;
  readonly workers: number;
  /** Speed of one worker in pretraining. */
  readonly tokensPerSecond: number;
}

/** A grid, and how long it takes at the least. */
export interface SizedGrid {
  readonly grid: StudyConfig;
  /** More than the budget where even the smallest grid takes longer. */
  readonly minutes: number;
}

/**
 * The largest grid that fits into the time: first of all its parts, then of fewer and fewer, each with as many steps of
 * pretraining as there is time for.
 */
export function sizedGrid(grid: StudyConfig, store: OwnStore, budget: StudyBudget): SizedGrid {
  const candidates = gridsBySize(grid);
  for (const candidate of candidates) {
    const { scale, minutes } = fit(candidate, store, budget);
    const isLast = candidate === candidates.at(-1);
    if (scale * fewestSteps(candidate) < FEWEST_PRETRAINING_STEPS && !isLast) continue;
    const steps = (network: NetworkConfig) =>
      Math.max(FEWEST_PRETRAINING_STEPS, Math.floor(scale * stepsOf(network)));
    const sized = withNetworks(candidate, (network) => ({
      ...network,
      pretraining: lasting(network, steps(network)),
    }));
    return { grid: sized, minutes: Math.max(minutes, budget.minutes) };
  }
  throw new Error('the last grid is taken whatever it costs');
}

/** How often the pretraining of a grid fits into the time, and the minutes that it takes with the fewest steps. */
function fit(
  grid: StudyConfig,
  store: OwnStore,
  { minutes, workers, tokensPerSecond }: StudyBudget,
): { scale: number; minutes: number } {
  const [dataset] = grid.datasets as [StudyDataset];
  const [, { pretexts }] = firstNetwork(dataset);
  const cells = [
    ...firstCells(grid),
    ...shareCells(grid, dataset, Object.keys(pretexts)[0]!, store.manifest.splits.train.sequences),
  ];
  const size = dataSize(store, grid.test.crop);
  const sum = (of: (cell: (typeof cells)[number]) => number) =>
    cells.reduce((total, cell) => total + of(cell), 0);
  // No worker helps where there are fewer cells.
  const atOnce = Math.min(workers, cells.length);
  const others = sum((cell) => otherSeconds(cell, size, tokensPerSecond)) / atOnce;
  const pretraining = sum((cell) => pretrainingSeconds(cell, size, tokensPerSecond)) / atOnce;
  const fewest = (others + (pretraining * FEWEST_PRETRAINING_STEPS) / fewestSteps(grid)) / RESERVE;
  const scale = Math.max(0, (RESERVE * 60 * minutes - others) / pretraining);
  return { scale, minutes: Math.ceil(fewest / 60) };
}

/** Fewest repeats that have an interval. */
const FEWEST_DRAWS = 3;

/**
 * The grid, and grids of fewer and fewer parts: without the side questions, with the fewest repeats, without the first
 * network, with the last one alone, with the fewest labels, with one pretext, with shorter fine-tuning.
 */
export function gridsBySize(grid: StudyConfig): StudyConfig[] {
  const main = withDataset(grid, ({ grouping: _, ...dataset }) => ({
    ...dataset,
    pretrainingShares: [],
  }));
  const few = withNetworks(main, (network) => ({
    ...network,
    labels: network.labels.map((labels) => ({ ...labels, draws: FEWEST_DRAWS })),
  }));
  // The first network is there for the side questions, and takes longest.
  const others = withLastNetworks(few, Object.keys(few.datasets[0]!.networks).length - 1);
  const single = withLastNetworks(others, 1);
  const least = withNetworks(single, (network) => ({
    ...network,
    labels: network.labels.slice(0, 1),
  }));
  const last = withNetworks(least, (network) => ({
    ...network,
    pretexts: Object.fromEntries(Object.entries(network.pretexts).slice(-1)),
  }));
  const shorter = withNetworks(last, (network) => ({ ...network, ...quick(network) }));
  return [grid, main, few, others, single, least, last, shorter];
}

/** Half the steps of fine-tuning, evaluated once. */
function quick({
  finetuning,
  labels,
}: NetworkConfig): Pick<NetworkConfig, 'finetuning' | 'labels'> {
  const { duration, evaluation } = finetuning;
  const steps = 'steps' in duration ? Math.ceil(duration.steps / 2) : 1;
  return {
    labels: labels.map(({ steps: _, ...one }) => one),
    finetuning: {
      ...finetuning,
      duration: { steps },
      ...(evaluation && { evaluation: { ...evaluation, everySteps: steps } }),
    },
  };
}

function withDataset(
  grid: StudyConfig,
  change: (dataset: StudyDataset) => StudyDataset,
): StudyConfig {
  return { ...grid, datasets: [change(grid.datasets[0]!)] };
}

function withLastNetworks(grid: StudyConfig, count: number): StudyConfig {
  return withDataset(grid, (dataset) => ({
    ...dataset,
    networks: Object.fromEntries(Object.entries(dataset.networks).slice(-Math.max(1, count))),
  }));
}

/** The grid with each network of its dataset changed. */
export function withNetworks(
  grid: StudyConfig,
  change: (network: NetworkConfig, name: string) => NetworkConfig,
): StudyConfig {
  return withDataset(grid, (dataset) => ({
    ...dataset,
    networks: Object.fromEntries(
      Object.entries(dataset.networks).map(([name, network]) => [name, change(network, name)]),
    ),
  }));
}

const fewestSteps = ({ datasets }: StudyConfig): number =>
  Math.min(...Object.values(datasets[0]!.networks).map(stepsOf));

function stepsOf({ pretraining: { duration } }: NetworkConfig): number {
  if ('steps' in duration) return duration.steps;
  throw new Error('The template counts pretraining in steps.');
}

/** Pretraining of `steps` steps, with one evaluation at its end. */
function lasting({ pretraining }: NetworkConfig, steps: number): NetworkConfig['pretraining'] {
  const evaluation = pretraining.evaluation && { ...pretraining.evaluation, everySteps: steps };
  return { ...pretraining, duration: { steps }, ...(evaluation && { evaluation }) };
}

function fitted(settings: NetworkConfig, available: Available, isReal: boolean): NetworkConfig {
  const pretexts = Object.entries(settings.pretexts);
  return {
    ...settings,
    model: forValues(settings.model, isReal),
    pretexts: Object.fromEntries(isReal ? asRegression(pretexts) : pretexts),
    labels: fittedLabels(settings.labels, available),
  };
}

/** The model for the store's values: real values have no embedding. */
function forValues(model: NetworkConfig['model'], isReal: boolean): NetworkConfig['model'] {
  return isReal && 'input' in model ? { ...model, input: 'value' } : model;
}

/** The pretexts for real values, which have no classes: each kind once, by regression. */
function asRegression(pretexts: readonly [string, ObjectiveConfig][]): [string, ObjectiveConfig][] {
  const kinds = new Map<string, [string, ObjectiveConfig]>();
  for (const [name, pretext] of pretexts) {
    if (kinds.has(pretext.kind)) continue;
    const possible = 'target' in pretext ? { ...pretext, target: 'regression' as const } : pretext;
    kinds.set(pretext.kind, [name, possible]);
  }
  return [...kinds.values()];
}

/** The labels of the training split: those of the smallest class, or sequences with a target of another kind. */
type Available =
  | { readonly perClass: number; readonly isEven: boolean }
  | { readonly sequences: number };

/** For each label a class of the template, so many sequences where sequences have no class each. */
const SEQUENCES_PER_LABEL = 10;

/**
 * The label counts that there are; if there is none, as many as the smallest class has, or all labelled sequences. All
 * labels as well, if the template asks for them and they are more.
 */
function fittedLabels(
  labels: NetworkConfig['labels'],
  available: Available,
): NetworkConfig['labels'] {
  const isPerClass = 'perClass' in available;
  const most = isPerClass ? available.perClass : available.sequences;
  const countOf = ({ perClass = 1, sequences = perClass * SEQUENCES_PER_LABEL }: LabelsConfig) =>
    isPerClass ? perClass : sequences;
  const withCount = ({ draws, steps }: LabelsConfig, count: number): LabelsConfig => ({
    ...(isPerClass ? { perClass: count } : { sequences: count }),
    draws,
    ...(steps !== undefined && { steps }),
  });
  const numbered = labels.filter(({ all }) => all === undefined);
  const possible = numbered
    .filter((one) => countOf(one) <= most)
    .map((one) => withCount(one, countOf(one)));
  const counted = possible.length > 0 ? possible : [withCount(labels[0]!, most)];
  const isAll = ({ perClass, sequences }: LabelsConfig) =>
    isPerClass ? available.isEven && perClass === most : sequences === most;
  return [...counted, ...labels.filter(({ all }) => all && !counted.some(isAll))];
}

function trainingLabels({ manifest, index }: OwnStore, path: string): Available {
  const { kind } = manifest.target;
  if (kind === 'class' || kind === 'none') return fewestTrainingLabels(manifest, path);
  const training = SPLITS.indexOf('train');
  const isLabelled = (label: number, sequence: number) =>
    label !== UNLABELLED && index.splits[sequence] === training;
  const sequences = index.labels.filter(isLabelled).length;
  if (sequences > 1) return { sequences };
  throw new LockstepError(
    'DATA_INVALID',
    `A study compares trained models, but the dataset "${path}" has ${sequences} training sequences with a target.`,
    'Import it with more of them.',
  );
}

function fewestTrainingLabels({ splits }: StoreManifest, path: string): Available {
  const counts = splits.train.perClass;
  const fewest = Math.min(...counts);
  const isEven = counts.every((count) => count === fewest);
  if (counts.length >= 2 && fewest >= 1) return { perClass: fewest, isEven };
  throw new LockstepError(
    'DATA_INVALID',
    `A study compares classifiers, but the dataset "${path}" has ${counts.length} classes and ${counts.length === 0 ? 'no' : fewest} labelled training sequences in the smallest.`,
    'Import it with labels for at least two classes, each with training sequences.',
  );
}

function dataSize({ manifest, index }: OwnStore, testCrop: number | undefined): DataSize {
  const known = new Map<number, number>();
  const meanTokens = (crop = Number.POSITIVE_INFINITY) => {
    const { lengths } = index;
    const mean = known.get(crop) ?? meanOf(Array.from(lengths, (length) => Math.min(length, crop)));
    known.set(crop, mean);
    return mean;
  };
  const test = manifest.splits.test.sequences;
  return {
    classes: manifest.classes.length,
    trainingSequences: manifest.splits.train.sequences,
    testSequences: test,
    testTokens: test * meanTokens(testCrop),
    meanTokens,
  };
}
