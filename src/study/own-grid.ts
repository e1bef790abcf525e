/** The study of a user's dataset, sized to a time. */
import { basename, resolve } from 'node:path';
import type { ObjectiveConfig } from '../config/phase-section.ts';
import { LockstepError } from '../core/errors.ts';
import { symbolsOf } from '../data/facts.ts';
import { SPLITS, type Store, type StoreManifest, UNLABELLED } from '../data/format/store.ts';
import { meanOf } from '../workflow/predict/paired-difference.ts';
import { type DataSize, otherSeconds, pretrainingSeconds } from './cost.ts';
import { firstCells, firstNetwork, shareCells } from './grid.ts';
import {
  type LabelsConfig,
  type NetworkConfig,
  type StudyConfig,
  type StudyDataset,
  studyConfig,
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
  return studyConfig().parse({ ...template, name: `study-${name}`, datasets: [dataset] });
}

/**
 * The grid with as many steps of pretraining as fit into the time.
 * @param tokensPerSecond speed of one worker in pretraining
 * @throws LockstepError USAGE when the time does not suffice for everything but pretraining
 */
export function sizedGrid(
  grid: StudyConfig,
  store: OwnStore,
  budget: { readonly minutes: number; readonly workers: number; readonly tokensPerSecond: number },
): StudyConfig {
  const [dataset] = grid.datasets as [StudyDataset];
  const { minutes, workers, tokensPerSecond } = budget;
  const [, { pretexts }] = firstNetwork(dataset);
  const cells = [
    ...firstCells(grid),
    ...shareCells(grid, dataset, Object.keys(pretexts)[0]!, store.manifest.splits.train.sequences),
  ];
  const size = dataSize(store, grid.test.crop);
  const sum = (of: (cell: (typeof cells)[number]) => number) =>
    cells.reduce((total, cell) => total + of(cell), 0);
  const others = sum((cell) => otherSeconds(cell, size, tokensPerSecond)) / workers;
  const atOnce = sum((cell) => pretrainingSeconds(cell, tokensPerSecond)) / workers;
  const scale = (RESERVE * 60 * minutes - others) / atOnce;
  const fewest = Math.min(...Object.values(dataset.networks).map(stepsOf));
  if (scale * fewest < FEWEST_PRETRAINING_STEPS) {
    const needed = (others + (atOnce * FEWEST_PRETRAINING_STEPS) / fewest) / RESERVE / 60;
    throw new LockstepError(
      'USAGE',
      `${minutes} minutes are too few for a study of this dataset: fine-tuning and evaluation alone take about ${Math.ceil(others / 60)} with ${workers} workers at ${Math.round(tokensPerSecond)} tokens a second each.`,
      `Give --minutes ${Math.ceil(needed)} or more, or more --workers.`,
    );
  }
  const networks = Object.entries(dataset.networks).map(([name, network]) => [
    name,
    { ...network, pretraining: lasting(network, Math.floor(scale * stepsOf(network))) },
  ]);
  return { ...grid, datasets: [{ ...dataset, networks: Object.fromEntries(networks) }] };
}

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
type Available = { readonly perClass: number } | { readonly sequences: number };

/** For each label a class of the template, so many sequences where sequences have no class each. */
const SEQUENCES_PER_LABEL = 10;

/** The label counts that there are; if there is none, all labels of the smallest class, or all labelled sequences. */
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
  const possible = labels
    .filter((one) => countOf(one) <= most)
    .map((one) => withCount(one, countOf(one)));
  return possible.length > 0 ? possible : [withCount(labels[0]!, most)];
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
  if (counts.length >= 2 && fewest >= 1) return { perClass: fewest };
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
    testSequences: test,
    testTokens: test * meanTokens(testCrop),
    meanTokens,
  };
}
