/** The study of a user's dataset, sized to a time. */
import { basename, resolve } from 'node:path';
import type { ObjectiveConfig } from '../config/phase-section.ts';
import { LockstepError } from '../core/errors.ts';
import { symbolsOf } from '../data/facts.ts';
import type { Store, StoreManifest } from '../data/format/store.ts';
import { meanOf } from '../workflow/predict/paired-difference.ts';
import { type DataSize, otherSeconds, pretrainingSeconds } from './cost.ts';
import { firstCells, firstNetwork, shareCells } from './grid.ts';
import {
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
  const perClass = fewestTrainingLabels(store.manifest, path);
  const isReal = symbolsOf(store) === 0;
  const dataset = {
    ...first,
    name,
    data: { store: path },
    networks: Object.fromEntries(
      Object.entries(first.networks).map(([network, settings]) => [
        network,
        fitted(settings, perClass, isReal),
      ]),
    ),
    ...(first.grouping && {
      grouping: {
        ...first.grouping,
        model: forValues(first.grouping.model, isReal),
        labels: fittedLabels([first.grouping.labels], perClass)[0],
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

function fitted(settings: NetworkConfig, perClass: number, isReal: boolean): NetworkConfig {
  const pretexts = Object.entries(settings.pretexts);
  return {
    ...settings,
    model: forValues(settings.model, isReal),
    pretexts: Object.fromEntries(isReal ? asRegression(pretexts) : pretexts),
    labels: fittedLabels(settings.labels, perClass),
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

/** The label counts that every class has; if there is none, the number of labels of the smallest class. */
function fittedLabels(labels: NetworkConfig['labels'], perClass: number): NetworkConfig['labels'] {
  const possible = labels.filter((one) => one.perClass <= perClass);
  return possible.length > 0 ? possible : [{ ...labels[0]!, perClass }];
}

function fewestTrainingLabels({ splits }: StoreManifest, path: string): number {
  const counts = splits.train.perClass;
  const fewest = Math.min(...counts);
  if (counts.length >= 2 && fewest >= 1) return fewest;
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
