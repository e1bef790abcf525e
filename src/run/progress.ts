/** Where training stands between two global steps: all that a checkpoint holds. */

import type { Weights } from '../checkpoint/state-tensors.ts';
import type { BestWeights } from '../checkpoint/store.ts';
import type { PhaseConfig } from '../config/phase-section.ts';
import type { TrainState } from '../engine/engine.ts';
import { initialState, zeroMoments } from '../nn/initial-state.ts';
import type { RunDefinition } from './definition.ts';

export interface Progress {
  /** Global steps done. */
  readonly globalStep: number;
  /** Steps in a row, the last one included, whose update was skipped. */
  readonly skippedSteps: number;
  readonly state: TrainState;
  /** Best weights so far in a phase that keeps the best. */
  readonly best: BestWeights | undefined;
  /** What each finished phase ended with, by name. */
  readonly results: Map<string, Weights>;
}

/** The state that a phase starts with: its weights as configured, no moments. */
export function stateAtPhaseStart(
  run: RunDefinition,
  phaseIndex: number,
  known: { results: ReadonlyMap<string, Weights>; initialWeights: Weights | undefined },
): TrainState {
  const { program, config } = run.phases[phaseIndex]!;
  const { momentCount } = program.update;
  const source = startingPhase(run, phaseIndex);
  const weights =
    source === undefined
      ? (known.initialWeights ??
        initialState(run.model, run.layout, { seed: run.config.seed, momentCount }))
      : known.results.get(source);
  if (weights === undefined) {
    throw new Error(`phase "${config.name}" starts from "${source}", which has not ended`);
  }
  return {
    parameters: weights.parameters,
    statistics: weights.statistics,
    moments: zeroMoments(run.layout, momentCount),
  };
}

/** Name of the phase whose end a phase starts from; undefined when it starts afresh. */
export function startingPhase(
  { config }: Pick<RunDefinition, 'config'>,
  phaseIndex: number,
): string | undefined {
  const { start } = config.phases[phaseIndex]!;
  if (start === 'fresh') return undefined;
  return start === 'previous' ? config.phases[phaseIndex - 1]!.name : start.phase;
}

/**
 * Whether a phase that keeps the best would rather keep these weights; the first of equals stays. Numbers
 * that are not finite are all equal and worse than any other, as a checkpoint keeps null for them.
 */
export function isBetter(
  phase: PhaseConfig,
  headline: { metric: string; better: 'higher' | 'lower' },
  metrics: Readonly<Record<string, number>>,
  best: BestWeights | undefined,
): boolean {
  if (phase.evaluation?.keep !== 'best') return false;
  if (best === undefined) return true;
  const value = metrics[headline.metric]!;
  const old = best.metric.value ?? Number.NaN;
  if (!Number.isFinite(value) || !Number.isFinite(old)) {
    return Number.isFinite(value) && !Number.isFinite(old);
  }
  return headline.better === 'higher' ? value > old : value < old;
}
