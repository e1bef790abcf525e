/** The grid of a user's dataset. */
import { basename, resolve } from 'node:path';
import type { ObjectiveConfig } from '../config/phase-section.ts';
import { LockstepError } from '../core/errors.ts';
import { symbolsOf } from '../data/facts.ts';
import { SPLITS, type Store, type StoreManifest, UNLABELLED } from '../data/format/store.ts';
import { refuseWithoutTarget } from '../data/no-target.ts';
import { meanOf } from '../statistics/mean.ts';
import type { DataSize } from './cost.ts';
import {
  type LabelsConfig,
  type NetworkConfig,
  type StudyConfig,
  type StudyDataset,
  studyConfig,
  type TrainingConfig,
} from './study-config.ts';

export type OwnStore = Pick<Store, 'manifest' | 'index'>;

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
  const dataset = {
    ...first,
    name,
    data: { store: path },
    networks: Object.fromEntries(
      Object.entries(first.networks).map(([network, settings]) => [
        network,
        fitted(settings, available, isReal),
      ]),
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

function withDataset(
  grid: StudyConfig,
  change: (dataset: StudyDataset) => StudyDataset,
): StudyConfig {
  return { ...grid, datasets: [change(grid.datasets[0]!)] };
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
  refuseWithoutTarget('A study', path, manifest);
  if (manifest.target.kind === 'class') return fewestTrainingLabels(manifest, path);
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
    `A study compares classifiers, but the dataset "${path}" has ${counts.length} classes and ${fewest} labelled training sequences in the smallest.`,
    'Import it with labels for at least two classes, each with training sequences.',
  );
}

/** What the cost of a study's cells follows from. */
export function dataSize({ manifest, index }: OwnStore, testCrop: number | undefined): DataSize {
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
