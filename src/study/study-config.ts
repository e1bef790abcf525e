/** The configuration of a study: a grid of runs that shows what self-supervised learning gains on a dataset. */
import { z } from 'zod';
import { dataSection } from '../config/data-section.ts';
import { engineSection } from '../config/engine-section.ts';
import { modelSection } from '../config/model-section.ts';
import { batchSection, objectiveSection, phaseSection } from '../config/phase-section.ts';
import { registry } from '../nn/registry.ts';

const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]*$/, 'letters, digits, "_" and "-" only');

/** How a phase of a cell trains. The grid adds objective, start and labels. */
const trainingSection = () =>
  phaseSection(registry.choices())
    .omit({ name: true, start: true, objective: true, data: true })
    .extend({
      /** A window of at most this many timesteps of each sequence, at a new place in each epoch. */
      crop: z.int().min(1).optional(),
    });

const labels = z
  .strictObject({
    /** Labelled sequences of each class, where each sequence has one class. */
    perClass: z.int().min(1).optional(),
    /** Labelled sequences in all, for other targets. */
    sequences: z.int().min(1).optional(),
    /** All labels that there are. Repeats then differ in their initial weights and their pretraining alone. */
    all: z.literal(true).optional(),
    /** Number of independent draws of the labels: the pairs of a paired difference. */
    draws: z.int().min(3).max(100),
    /** Steps of fine-tuning, the same for every recipe. @default the steps of `finetuning` */
    steps: z.int().min(1).optional(),
  })
  .refine(
    (counts) => [counts.perClass, counts.sequences, counts.all].filter((one) => one).length === 1,
    'needs one of perClass, sequences and all',
  );

function networkSection() {
  const training = trainingSection();
  return z.strictObject({
    /** The recipes of one network differ only in the pretext. Every network also has `scratch`, without one. */
    model: modelSection(registry.choices().models),
    /** How numbers are scaled. @default `data.scaling` of the dataset, or what fits the model */
    scaling: dataSection.shape.scaling,
    pretexts: z.record(name, objectiveSection(registry.pretexts())),
    pretraining: training,
    /** The same for every recipe, `scratch` included. */
    finetuning: training,
    labels: z.array(labels).min(1),
  });
}

function datasetSection() {
  const network = networkSection();
  const { model, finetuning: training } = network.shape;
  return z.strictObject({
    name,
    data: dataSection,
    batch: batchSection,
    /** By name. The study tries the first network's best pretext with less data, too. */
    networks: z.record(name, network).refine((all) => Object.keys(all).length > 0, 'is empty'),
    /** Shares of the training sequences for the best pretext, besides all of them. */
    pretrainingShares: z.array(z.number().gt(0).lt(1)).default([]),
    /** A network with BatchNorm from scratch, once on batches sorted by length and once on shuffled ones. */
    grouping: z.strictObject({ model, training, labels }).optional(),
  });
}

/** The schema of a study. */
export const studyConfig = () =>
  z.strictObject({
    name,
    seed: z.int().min(0).max(0xffffffff).default(0),
    engine: engineSection.prefault({}),
    /** How to read the test sequences: once, after all choices on validation data. */
    test: z.strictObject({ crop: z.int().min(1).optional() }).prefault({}),
    /** The five questions concern the first one. */
    datasets: z.array(datasetSection()).min(1),
  });

export type StudyConfig = z.output<ReturnType<typeof studyConfig>>;
export type StudyDataset = StudyConfig['datasets'][number];
export type NetworkConfig = StudyDataset['networks'][string];
export type TrainingConfig = z.output<ReturnType<typeof trainingSection>>;
export type LabelsConfig = z.output<typeof labels>;
