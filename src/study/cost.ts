/** The cost of a cell. Pure, so that a study can size its grid before it runs. */

import type { PhaseConfig } from '../config/phase-section.ts';
import type { RunConfig } from '../config/run-config.ts';
import { registry } from '../nn/registry.ts';
import type { Cell } from './cell.ts';

/** Cost of a forward pass, as a share of forward and backward. */
const FORWARD_SHARE = 1 / 3;
/** Time to start and end the processes of a cell. */
const SECONDS_PER_CELL = 12;

/** Sizes of a dataset that decide the cost. */
export interface DataSize {
  readonly classes: number;
  readonly trainingSequences: number;
  /** Sequences of the test split, and their mean tokens with the crop of the test. */
  readonly testSequences: number;
  readonly testTokens: number;
  /** Mean tokens of a training sequence with a crop; without a crop when undefined. */
  readonly meanTokens: (crop: number | undefined) => number;
}

/** Cost of a token, beside that of the dilated networks of configs/study.yaml. */
const COST_BY_FAMILY: Readonly<Record<string, number>> = { 'latent-grams': 0.1, resnet: 2 };

export const costOfToken = ({ family }: RunConfig['model']): number => COST_BY_FAMILY[family] ?? 1;

/** Seconds that one worker needs to pretrain a cell; 0 without pretraining. */
export function pretrainingSeconds(cell: Cell, data: DataSize, tokensPerSecond: number): number {
  const { config } = cell;
  const tokens = config.phases
    .filter((phase) => !registry.needs(phase.objective).labels)
    .reduce(
      (sum, phase) => sum + stepsOf(phase) * pretrainingTokensPerStep(config, phase, data),
      0,
    );
  return (costOfToken(config.model) * tokens) / tokensPerSecond;
}

/** Tokens of a step without labels. It has no sequence twice. */
function pretrainingTokensPerStep(config: RunConfig, phase: PhaseConfig, data: DataSize): number {
  const { maxSequences = data.trainingSequences, crop } = phase.data;
  const all = Math.min(maxSequences, data.trainingSequences) * data.meanTokens(crop);
  return Math.min(tokensPerStep(config, phase), all);
}

/** Seconds for everything else: fine-tuning, evaluation, measuring, starting. */
export function otherSeconds(cell: Cell, data: DataSize, tokensPerSecond: number): number {
  const { key, config, measured } = cell;
  const tokens = config.phases.reduce((sum, phase) => {
    const supervised = registry.needs(phase.objective).labels;
    const trained = supervised ? stepsOf(phase) * supervisedTokensPerStep(config, phase, data) : 0;
    return sum + trained + FORWARD_SHARE * evaluationTokens(phase, data);
  }, 0);
  const tested = key.trial === undefined ? FORWARD_SHARE * measured.length * data.testTokens : 0;
  return SECONDS_PER_CELL + (costOfToken(config.model) * (tokens + tested)) / tokensPerSecond;
}

function tokensPerStep(config: RunConfig, phase: PhaseConfig): number {
  const { microBatches, tokensPerMicroBatch } = phase.batch ?? config.batch;
  return microBatches * tokensPerMicroBatch;
}

/** Tokens of a supervised step. With few labels a step may be smaller than its budget. */
function supervisedTokensPerStep(config: RunConfig, phase: PhaseConfig, data: DataSize): number {
  const { labelsPerClass, labelledSequences = Number.POSITIVE_INFINITY, crop } = phase.data;
  const sequences =
    labelsPerClass === undefined ? labelledSequences : labelsPerClass * data.classes;
  const subset = sequences * data.meanTokens(crop);
  return Math.min(tokensPerStep(config, phase), subset);
}

function evaluationTokens(phase: PhaseConfig, data: DataSize): number {
  if (phase.evaluation === undefined) return 0;
  const { everySteps, data: subset } = phase.evaluation;
  const sequences = Math.min(subset.maxSequences ?? data.testSequences, data.testSequences);
  return Math.ceil(stepsOf(phase) / everySteps) * sequences * data.meanTokens(subset.crop);
}

/** The steps of a phase. A grid has no durations in epochs. */
function stepsOf({ duration }: PhaseConfig): number {
  return 'steps' in duration ? duration.steps : 0;
}
