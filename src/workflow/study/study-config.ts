/** A study: a grid of runs that shows what self-supervised learning is worth on a dataset. */
import { z } from 'zod';
import { dataSection } from '../../config/data-section.ts';
import { engineSection } from '../../config/engine-section.ts';
import { modelSection } from '../../config/model-section.ts';
import { batchSection, phaseSection, pretextSection } from '../../config/phase-section.ts';

const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]*$/, 'letters, digits, "_" and "-" only');

/** How a phase of a cell trains; objective, start and labels are the grid's business. */
const training = phaseSection
  .omit({ name: true, start: true, objective: true, data: true })
  .extend({
    /** A window of at most this many timesteps of each sequence, elsewhere in each epoch. */
    crop: z.int().min(1).optional(),
  });

const labels = z.strictObject({
  perClass: z.int().min(1),
  /** So many independent draws of them: the pairs of a paired difference. */
  draws: z.int().min(3).max(100),
  /** Steps of fine-tuning with them, for every recipe alike; those of `finetuning` when absent. */
  steps: z.int().min(1).optional(),
});

const network = z.strictObject({
  /** Recipes of one network differ in the pretext only; `scratch` has none and is always there. */
  model: modelSection,
  pretexts: z.record(name, pretextSection),
  pretraining: training,
  /** The same for every recipe, `scratch` included. */
  finetuning: training,
  labels: z.array(labels).min(1),
});

const dataset = z.strictObject({
  name,
  data: dataSection,
  batch: batchSection,
  /** By name. The first one's best pretext is tried with less data, too. */
  networks: z.record(name, network).refine((all) => Object.keys(all).length > 0, 'is empty'),
  /** Shares of the training sequences that the best pretext is tried with, besides all of them. */
  pretrainingShares: z.array(z.number().gt(0).lt(1)).default([]),
  /** A network with BatchNorm from scratch, on batches sorted by length and on shuffled ones. */
  grouping: z.strictObject({ model: modelSection, training, labels }).optional(),
});

export const studyConfig = z.strictObject({
  name,
  seed: z.int().min(0).max(0xffffffff).default(0),
  engine: engineSection.prefault({}),
  /** How the test sequences are read, once, after every choice was made on validation data. */
  test: z.strictObject({ crop: z.int().min(1).optional() }).prefault({}),
  /** The first is asked everything. */
  datasets: z.array(dataset).min(1),
});

export type StudyConfig = z.output<typeof studyConfig>;
export type StudyDataset = StudyConfig['datasets'][number];
export type NetworkConfig = StudyDataset['networks'][string];
export type TrainingConfig = z.output<typeof training>;
export type LabelsConfig = z.output<typeof labels>;
