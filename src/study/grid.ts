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
}

/** The runs that wait for no result. Runs for which others wait come first. */
export function firstCells(config: StudyConfig): Cell[] {
  const recipes = (of: (dataset: StudyDataset) => Recipe[]) =>
    config.datasets.flatMap((dataset) =>
      of(dataset).map((recipe) => cellOf(config, dataset, recipe)),
    );
  return [...recipes(pretrained), ...recipes(unpretrained)];
}

/**
 * The runs of the first network's best pretext with smaller shares of the training sequences. Only with few labels,
 * since there pretraining matters.
 */
export function shareCells(
  config: StudyConfig,
  dataset: StudyDataset,
  best: string,
  trainingSequences: number,
): Cell[] {
  const [network, settings] = firstNetwork(dataset);
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

/** Name and settings of the network that all five questions concern. */
export const firstNetwork = (dataset: StudyDataset): [string, NetworkConfig] =>
  Object.entries(dataset.networks)[0]!;

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

function unpretrained(dataset: StudyDataset): Recipe[] {
  const { name, networks, grouping, batch } = dataset;
  const scratch = Object.entries(networks).map(([network, settings]) => ({
    key: { dataset: name, network, recipe: SCRATCH, share: 1 },
    model: settings.model,
    scaling: settings.scaling,
    finetuning: settings.finetuning,
    labels: settings.labels,
  }));
  if (grouping === undefined) return scratch;
  const { model, training, labels } = grouping;
  const grouped = (recipe: string, how: 'length' | 'random') => ({
    key: { dataset: name, network: GROUPING, recipe, share: 1 },
    model,
    finetuning: { ...training, batch: { ...(training.batch ?? batch), grouping: how } },
    labels: [labels],
  });
  return [...scratch, grouped(SORTED, 'length'), grouped(SHUFFLED, 'random')];
}

function cellOf(
  { seed, engine }: StudyConfig,
  { data, batch }: StudyDataset,
  { key, model, scaling, pretraining, finetuning, labels }: Recipe,
): Cell {
  const draws = Math.max(...labels.map(({ draws }) => draws));
  const repeats = Array.from({ length: draws }, (_, draw) =>
    repeatOf(draw, finetuning, labels, pretraining),
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
