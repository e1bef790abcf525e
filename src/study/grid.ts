/** The runs that follow from a study's configuration. Pure. */

import type { ModelConfig } from '../config/model-section.ts';
import type { ObjectiveConfig, PhaseConfig } from '../config/phase-section.ts';
import type { ScalingKind } from '../data/scaling/scaling.ts';
import { runConfigSchema } from '../run/config.ts';
import { meanOf } from '../statistics/mean.ts';
import { type Cell, type CellKey, type CellResult, cellName, type MeasuredPhase } from './cell.ts';
import type {
  LabelsConfig,
  NetworkConfig,
  StudyConfig,
  StudyDataset,
  TrainingConfig,
} from './study-config.ts';

/** The recipe without a pretext, which every network has. */
export const SCRATCH = 'scratch';
/** Stands for a network in the two runs that differ in the grouping of batches. Next, the names of these runs. */
export const GROUPING = 'grouping';
export const SORTED = 'sorted';
export const SHUFFLED = 'shuffled';
/** Each repeat of a pretrained cell begins with a pretraining of its own: `pretrain-0`, `pretrain-1`, … */
const PRETRAIN = 'pretrain-';
/** Up to this many count as few. */
const FEW: Readonly<Record<MeasuredPhase['unit'], number>> = {
  'labels a class': 10,
  'labelled sequences': 100,
};

/** Whether labels are scarce enough for pretraining to matter. */
export const areFew = ({ labels, unit }: Pick<MeasuredPhase, 'labels' | 'unit'>): boolean =>
  labels !== 'all' && labels <= FEW[unit];
const SUPERVISED: ObjectiveConfig = { kind: 'supervised', classWeights: 'none' };

interface Recipe {
  readonly key: CellKey;
  readonly model: ModelConfig;
  readonly scaling?: ScalingKind | undefined;
  readonly pretraining?: PhaseConfig;
  readonly finetuning: TrainingConfig;
  readonly labels: readonly LabelsConfig[];
  /** Number of the first repeat. @default 0 */
  readonly firstDraw?: number;
}

/** A recipe of a network, as a candidate for longer training. */
export interface Candidate {
  readonly network: string;
  readonly recipe: string;
}

/** The runs that wait for no result. Runs for which others wait come first. */
export function firstCells(config: StudyConfig): Cell[] {
  const recipes = (of: (dataset: StudyDataset) => Recipe[]) =>
    config.datasets.flatMap((dataset) =>
      of(dataset).map((recipe) => cellOf(config, dataset, recipe)),
    );
  return [...recipes(pretrained), ...recipes(unpretrained), ...recipes(grouped)];
}

/** The two runs that differ in the grouping of batches, if the first dataset asks for them. */
export function groupingCells(config: StudyConfig): Cell[] {
  const [dataset] = config.datasets as [StudyDataset];
  return grouped(dataset).map((recipe) => cellOf(config, dataset, recipe));
}

/** All recipes of all networks. */
export const candidatesOf = ({ networks }: Pick<StudyDataset, 'networks'>): Candidate[] =>
  Object.entries(networks).flatMap(([network, { pretexts }]) =>
    [...Object.keys(pretexts), SCRATCH].map((recipe) => ({ network, recipe })),
  );

/**
 * Short runs of some candidates of the first dataset: one repeat at the fewest labels, the same for all. Each trial has
 * labels and initial weights of its own.
 * @param trial its number, from 1
 */
export function trialCells(
  config: StudyConfig,
  trial: number,
  candidates: readonly Candidate[],
): Cell[] {
  const [dataset] = config.datasets as [StudyDataset];
  return candidates.map(({ network, recipe }) => {
    const settings = dataset.networks[network]!;
    const { model, scaling, finetuning, pretexts } = settings;
    const few = settings.labels.filter((one) => areFew(countOf(one)));
    const labels = few.length > 0 ? few : settings.labels.slice(0, 1);
    return cellOf(config, dataset, {
      key: { dataset: dataset.name, network, recipe, share: 1, trial },
      ...{ model, scaling, finetuning },
      ...(recipe !== SCRATCH && { pretraining: pretrainingPhase(settings, pretexts[recipe]!) }),
      labels: labels.map((one) => ({ ...one, draws: trial })),
      firstDraw: trial - 1,
    });
  });
}

/**
 * The runs of a network's best pretext with smaller shares of the training sequences. Only with few labels, since there
 * pretraining matters.
 */
export function shareCells(
  config: StudyConfig,
  dataset: StudyDataset,
  { network, recipe: best }: Candidate,
  trainingSequences: number,
): Cell[] {
  const settings = dataset.networks[network]!;
  const pretraining = pretrainingPhase(settings, settings.pretexts[best]!);
  const few = settings.labels.filter((one) => areFew(countOf(one)));
  return dataset.pretrainingShares.map((share) => {
    const maxSequences = Math.max(1, Math.round(share * trainingSequences));
    return cellOf(config, dataset, {
      key: { dataset: dataset.name, network, recipe: best, share },
      model: settings.model,
      scaling: settings.scaling,
      pretraining: { ...pretraining, data: { ...pretraining.data, maxSequences } },
      finetuning: settings.finetuning,
      labels: few.length > 0 ? few : settings.labels.slice(0, 1),
    });
  });
}

/** Name and settings of the network that all five questions concern; undefined where none was trained to the end. */
export const firstNetwork = ({
  networks,
}: Pick<StudyDataset, 'networks'>): [string, NetworkConfig] | undefined =>
  Object.entries(networks)[0];

/** The pretext with the best fine-tunings on validation data; undefined until all are done. */
export function bestPretext(
  dataset: StudyDataset,
  network: string,
  results: readonly CellResult[],
): string | undefined {
  const scores = Object.keys(dataset.networks[network]!.pretexts).map((recipe) => {
    const name = cellName({ dataset: dataset.name, network, recipe, share: 1 });
    const result = results.find(({ key }) => cellName(key) === name);
    return { recipe, score: result && validationScore(result) };
  });
  if (scores.some(({ score }) => score === undefined)) return undefined;
  return scores.toSorted((a, b) => b.score! - a.score!)[0]?.recipe;
}

/** Mean figure of merit of a cell's fine-tunings on validation data; the study chooses by it. */
export const validationScore = ({ measured }: CellResult): number =>
  meanOf(measured.map(({ validation }) => validation));

function pretrained(dataset: StudyDataset): Recipe[] {
  return Object.entries(dataset.networks).flatMap(([network, settings]) =>
    Object.entries(settings.pretexts).map(([recipe, objective]) => ({
      key: { dataset: dataset.name, network, recipe, share: 1 },
      model: settings.model,
      scaling: settings.scaling,
      pretraining: pretrainingPhase(settings, objective),
      finetuning: settings.finetuning,
      labels: settings.labels,
    })),
  );
}

function unpretrained({ name, networks }: StudyDataset): Recipe[] {
  return Object.entries(networks).map(([network, settings]) => ({
    key: { dataset: name, network, recipe: SCRATCH, share: 1 },
    model: settings.model,
    scaling: settings.scaling,
    finetuning: settings.finetuning,
    labels: settings.labels,
  }));
}

function grouped({ name, grouping, batch }: StudyDataset): Recipe[] {
  if (grouping === undefined) return [];
  const { model, training, labels } = grouping;
  const recipeOf = (recipe: string, how: 'length' | 'random') => ({
    key: { dataset: name, network: GROUPING, recipe, share: 1 },
    model,
    finetuning: { ...training, batch: { ...(training.batch ?? batch), grouping: how } },
    labels: [labels],
  });
  return [recipeOf(SORTED, 'length'), recipeOf(SHUFFLED, 'random')];
}

function cellOf(
  { seed, engine }: StudyConfig,
  { data, batch }: StudyDataset,
  { key, model, scaling, pretraining, finetuning, labels, firstDraw = 0 }: Recipe,
): Cell {
  const draws = Math.max(...labels.map(({ draws }) => draws));
  const repeats = Array.from({ length: draws - firstDraw }, (_, at) =>
    repeatOf(firstDraw + at, finetuning, labels, pretraining),
  );
  return {
    key,
    config: runConfigSchema().parse({
      name: cellName(key),
      seed,
      data: scaling === undefined ? data : { ...data, scaling },
      model,
      batch,
      engine,
      phases: repeats.flatMap(({ phases }) => phases),
    }),
    measured: repeats.flatMap(({ measured }) => measured),
  };
}

/**
 * One repeat: what varies by chance varies together, so that the spread of repeats is the spread of results. Its labels
 * are draw k, its initial weights number k, and it has a pretraining of its own.
 */
function repeatOf(
  draw: number,
  finetuning: TrainingConfig,
  labels: readonly LabelsConfig[],
  pretraining: PhaseConfig | undefined,
): { phases: PhaseConfig[]; measured: MeasuredPhase[] } {
  const fresh = { fresh: draw };
  const name = `${PRETRAIN}${draw}`;
  const before = pretraining === undefined ? [] : [{ ...pretraining, name, start: fresh }];
  const start = pretraining === undefined ? fresh : { phase: name };
  const supervised = labels
    .filter(({ draws }) => draw < draws)
    .map((count) => supervisedPhase(finetuning, count, { draw, start }));
  return {
    phases: [...before, ...supervised.map(({ config }) => config)],
    measured: supervised.map(({ config: _, ...phase }) => phase),
  };
}

/** Whether a phase of a cell is a pretraining. */
export const isPretraining = (phase: string): boolean => phase.startsWith(PRETRAIN);

/** How many labels, and of what. */
function countOf({
  perClass,
  sequences,
}: Omit<LabelsConfig, 'draws' | 'steps'>): Pick<MeasuredPhase, 'labels' | 'unit'> {
  if (perClass !== undefined) return { labels: perClass, unit: 'labels a class' };
  if (sequences !== undefined) return { labels: sequences, unit: 'labelled sequences' };
  return { labels: 'all', unit: 'labels a class' };
}

const pretrainingPhase = (
  { pretraining }: NetworkConfig,
  objective: ObjectiveConfig,
): PhaseConfig => phaseOf(pretraining, { name: PRETRAIN, start: 'fresh', objective, subset: {} });

function supervisedPhase(
  training: TrainingConfig,
  { draws: _, steps, ...counts }: LabelsConfig,
  { draw, start }: { readonly draw: number; readonly start: PhaseConfig['start'] },
): MeasuredPhase & { readonly config: PhaseConfig } {
  const count = countOf(counts);
  const name = `labels-${count.labels}-draw-${draw}`;
  const subset = {
    draw,
    ...(counts.perClass !== undefined && { labelsPerClass: counts.perClass }),
    ...(counts.sequences !== undefined && { labelledSequences: counts.sequences }),
  };
  const settings = steps === undefined ? training : { ...training, duration: { steps } };
  const config = phaseOf(settings, { name, start, objective: SUPERVISED, subset });
  return { phase: name, ...count, draw, config };
}

function phaseOf(
  { crop, ...training }: TrainingConfig,
  {
    subset,
    ...rest
  }: Pick<PhaseConfig, 'name' | 'start' | 'objective'> & { subset: Partial<PhaseConfig['data']> },
): PhaseConfig {
  const data = {
    split: 'train' as const,
    draw: 0,
    sampling: 'natural' as const,
    ...(crop !== undefined && { crop }),
    ...subset,
  };
  return { ...rest, data, ...training };
}
