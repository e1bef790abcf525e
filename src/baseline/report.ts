/** What `baselines` tells. */
import type { Interval } from '../statistics/interval.ts';
import type { LabelCount } from './label-draws.ts';
import type { TargetKind } from './target.ts';

/** A baseline, fitted on one draw of labelled sequences. */
export interface BaselineDraw {
  /** Number of the draw, as in a run's `data.draw`. */
  readonly draw: number;
  /** What was chosen, in words. */
  readonly setting: string;
  /** The figure by which it was chosen: of the validation split, or cross-validated where it has no label. */
  readonly validation: number | null;
  readonly test: number;
  /** What it answers of each sequence of `testSequences`; absent where each timestep has a class. */
  readonly answers?: readonly (readonly number[])[];
}

/** A baseline with one label count. */
export interface BaselineCell extends Interval {
  /** Mean over the draws; `low` and `high` are its 95 % interval. */
  readonly mean: number;
  /** Mean over the draws of the figure by which settings were chosen; null where there is only one sequence. */
  readonly validation: number | null;
  /** Whether its interval reaches down to what an answer without a look at the values has. */
  readonly isAtChance: boolean;
  readonly draws: readonly BaselineDraw[];
}

export interface BaselineResult {
  readonly name: string;
  readonly about: string;
  /** One for each of the report's label counts. */
  readonly cells: readonly BaselineCell[];
}

/** A number of labels, and which sequences had them. */
export interface LabelCountFacts {
  readonly labels: LabelCount;
  readonly unit: 'labels a class' | 'labelled sequences';
  /** Ids of each draw's sequences. One draw where all draws would be the same sequences. */
  readonly draws: readonly (readonly string[])[];
  /** The baseline with the best figure on validation; null where there is none. */
  readonly best: string | null;
  /** What an answer without a look at the values has on the test split. */
  readonly chance: number;
}

export interface BaselinesReport {
  readonly dataset: string;
  readonly contentHash: string;
  readonly task: TargetKind;
  /** What is measured, such as `accuracy` or `R²`; 1 is perfect. */
  readonly merit: string;
  readonly seed: number;
  /** Ids of the test sequences, which are read as a whole. */
  readonly testSequences: readonly string[];
  /** Number of each test sequence's group, from 0: groups are what the interval draws anew. */
  readonly testGroups: readonly number[];
  readonly validationSequences: number;
  readonly labelCounts: readonly LabelCountFacts[];
  readonly baselines: readonly BaselineResult[];
  /** What a reader must know to take the figures for what they are. */
  readonly notes: readonly string[];
  readonly seconds: number;
}
