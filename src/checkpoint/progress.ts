/** All that training is between two global steps, as one immutable value: a checkpoint and a snapshot hold it. */
import type { TrainState } from '../engine/engine.ts';
import type { Weights } from './state-tensors.ts';

/** What a phase is judged by; the value is null when it is not finite, as JSON has no NaN. */
export interface Metric {
  readonly name: string;
  readonly value: number | null;
}

/** The best weights so far of a phase that keeps the best. */
export interface BestWeights {
  readonly metric: Metric;
  /** Steps of the phase that were done. */
  readonly stepInPhase: number;
  readonly weights: Weights;
}

/** How long a phase has waited for a better evaluation. */
export interface Waiting {
  /** Of the best evaluation so far. */
  readonly metric: Metric;
  /** Steps of the phase that were done at it. */
  readonly stepInPhase: number;
  /** Evaluations since. */
  readonly evaluations: number;
  /** Whether the phase waits no longer: nothing is done in what is left of its steps. */
  readonly isOver: boolean;
}

/** How a phase stopped before its duration was over. */
export interface Stopped {
  /** Steps of the phase that were done. */
  readonly stepInPhase: number;
  /** That it was to last. */
  readonly steps: number;
  /** Of its best evaluation. */
  readonly best: Metric;
  /** Steps of the phase that were done at that. */
  readonly bestStepInPhase: number;
}

export interface Progress {
  /** Global steps done. */
  readonly globalStep: number;
  /** Whether the evaluation that is due after the last step is done. */
  readonly evaluated: boolean;
  /** Whether a step was done since the state came from the disk: what follows that step may not be on disk yet. */
  readonly unfinished: boolean;
  /** Steps in a row, the last one included, whose update was skipped. */
  readonly skippedSteps: number;
  readonly state: TrainState;
  /** Undefined before a phase's first evaluation, and in a phase that keeps the last weights. */
  readonly best: BestWeights | undefined;
  /** Undefined before a phase's first evaluation, and in a phase that never ends early. */
  readonly waiting: Waiting | undefined;
  /** Undefined before a phase's first step, and in a phase that averages no weights. */
  readonly average: Weights | undefined;
  /** What finished phases ended with, by name: those that a phase to come starts from. */
  readonly results: ReadonlyMap<string, Weights>;
  /** What fresh phases to come start from, instead of random weights. */
  readonly initialWeights: Weights | undefined;
}
