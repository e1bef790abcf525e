/** A cell: one run of the grid, its measurements and their results. */
import type { LabelCount } from '../baseline/label-draws.ts';
import type { RunConfig } from '../config/run-config.ts';
import type { Measured } from '../nn/objective/objective.ts';

/** The place of a cell in the grid. */
export interface CellKey {
  readonly dataset: string;
  /** The network's name; `grouping` for the two runs on sorted and shuffled batches. */
  readonly network: string;
  /** `scratch`, a pretext's name, or `sorted` and `shuffled`. */
  readonly recipe: string;
  /** Share of the training sequences for pretraining. */
  readonly share: number;
  /** Number of the trial, from 1; absent for a run that the report is about. */
  readonly trial?: number;
}

/** Name of a cell's run: `files.causal.masked`, `files.causal.masked.10-percent`, `files.causal.masked.trial-1`. */
export function cellName({ dataset, network, recipe, share, trial }: CellKey): string {
  const part = share === 1 ? '' : `.${Math.round(100 * share)}-percent`;
  const tried = trial === undefined ? '' : `.trial-${trial}`;
  return `${dataset}.${network}.${recipe}${part}${tried}`;
}

/** One fine-tuning of a cell. */
export interface MeasuredPhase {
  readonly phase: string;
  /** How many labels it saw, in `unit`. */
  readonly labels: LabelCount;
  readonly unit: 'labels a class' | 'labelled sequences';
  readonly draw: number;
}

/** Orders label counts: all are the most. */
export const byCount = (a: LabelCount, b: LabelCount): number => rankOf(a) - rankOf(b);
const rankOf = (count: LabelCount) => (count === 'all' ? Number.MAX_VALUE : count);

/** A run to do, and what to measure. */
export interface Cell {
  readonly key: CellKey;
  readonly config: RunConfig;
  readonly measured: readonly MeasuredPhase[];
}

/** The figure of merit on the test split; `CellResult.merit` names it. */
export interface TestResult {
  readonly value: number;
  /** Of a network that names one class, as in a classification's report. */
  readonly calibrationError?: number;
  /** Shortest first. */
  readonly byLengthQuartile: readonly {
    readonly shortest: number;
    readonly longest: number;
    readonly value: number;
  }[];
}

/** The result of one fine-tuning. */
export interface MeasuredResult extends MeasuredPhase {
  /** Of each test sequence of `CellResult.testSequences`: 1 if its class was named, else 0. Absent for other targets. */
  readonly hits?: string;
  /** The figure of merit on validation data of the phase's final weights. */
  readonly validation: number;
  readonly test: TestResult;
}

/** The results of a finished cell. */
export interface CellResult {
  readonly key: CellKey;
  /** What models are compared by, such as `accuracy` or `R²`; more is better. */
  readonly merit: string;
  /** Time for training and measuring, with one worker. */
  readonly seconds: number;
  /** Metrics of each repeat's pretraining on validation data; empty without pretraining. */
  readonly pretexts: readonly Measured[];
  /** Numbers of the test sequences in the store, ascending. */
  readonly testSequences: readonly number[];
  readonly measured: readonly MeasuredResult[];
}

/** What came of a trial: a short training, seen on validation data only. */
export interface TrialResult {
  readonly key: CellKey;
  /** Time for it, with one worker. */
  readonly seconds: number;
  /** Mean figure of merit of the fine-tunings on validation data. */
  readonly score: number;
  /** Metrics of the pretraining on validation data; empty without pretraining. */
  readonly pretexts: readonly Measured[];
}
