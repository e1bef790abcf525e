/** How much a study trains, before it begins. Pure. */
import { costOfToken } from './cost.ts';
import { firstCells, firstNetwork, shareCells } from './grid.ts';
import type { StudyConfig } from './study-config.ts';

/**
 * Of one worker with one thread on an AMD EPYC (Zen 4): the packaged grid took 44 minutes there, evaluation and
 * start-up included.
 */
const TOKENS_PER_MINUTE = 6_800_000;

/** The size of a grid. */
export interface StudyExtent {
  /** Each one a pretraining, or none, and its fine-tunings. */
  readonly runs: number;
  readonly trainings: number;
  /** At most: a step may be smaller than its budget. Cheap ones count less. */
  readonly tokens: number;
}

/** All runs of a study, those that wait for the best pretext included. */
export function extentOf(config: StudyConfig): StudyExtent {
  const cells = [
    ...firstCells(config),
    ...config.datasets.flatMap((dataset) => {
      const [network, { pretexts }] = firstNetwork(dataset)!;
      const [recipe] = Object.keys(pretexts);
      return recipe === undefined ? [] : shareCells(config, dataset, { network, recipe }, 1);
    }),
  ].map(({ config }) => config);
  const phases = cells.flatMap(({ model, batch, phases }) =>
    phases.map((phase) => ({
      duration: phase.duration,
      batch: phase.batch ?? batch,
      cost: costOfToken(model),
    })),
  );
  const tokens = phases.reduce((sum, { duration, batch, cost }) => {
    const steps = 'steps' in duration ? duration.steps : 0;
    return sum + cost * steps * batch.microBatches * batch.tokensPerMicroBatch;
  }, 0);
  return { runs: cells.length, trainings: phases.length, tokens };
}

/** "18 runs with 147 trainings of at most 317 million tokens, about 47 minutes of one CPU core" */
export function describeExtent(config: StudyConfig): string {
  const { runs, trainings, tokens } = extentOf(config);
  const millions = Math.max(1, Math.round(tokens / 1e6));
  const minutes = Math.ceil(tokens / TOKENS_PER_MINUTE);
  return `${runs} runs with ${trainings} trainings of at most ${millions} million tokens, about ${minutes} minutes of one CPU core`;
}
