/** One run of the grid, what is measured of it, and what that gave. */
import type { RunConfig } from '../../config/run-config.ts';

/** Which run it is. */
export interface CellKey {
  readonly dataset: string;
  /** The network's name; `grouping` for the two runs on sorted and shuffled batches. */
  readonly network: string;
  /** `scratch`, a pretext's name, or `sorted` and `shuffled`. */
  readonly recipe: string;
  /** Share of the training sequences that pretraining saw. */
  readonly share: number;
}

/** `files.causal.masked`, `files.causal.masked.10-percent`: what its run is called. */
export function cellName({ dataset, network, recipe, share }: CellKey): string {
  const suffix = share === 1 ? '' : `.${Math.round(100 * share)}-percent`;
  return `${dataset}.${network}.${recipe}${suffix}`;
}

/** One fine-tuning of a cell. */
export interface MeasuredPhase {
  readonly phase: string;
  readonly labelsPerClass: number;
  readonly draw: number;
}

export interface Cell {
  readonly key: CellKey;
  readonly config: RunConfig;
  readonly measured: readonly MeasuredPhase[];
}

/** The part of a classification report that a study uses. */
export interface TestResult {
  readonly accuracy: number;
  readonly balancedAccuracy: number;
  readonly byLengthQuartile: readonly {
    readonly shortest: number;
    readonly longest: number;
    readonly accuracy: number;
  }[];
}

export interface MeasuredResult extends MeasuredPhase {
  /** Accuracy on validation data of the weights that the phase ended with. */
  readonly validation: number;
  readonly test: TestResult;
}

export interface CellResult {
  readonly key: CellKey;
  /** Of training and measuring, with one worker. */
  readonly seconds: number;
  /** What pretraining reached on validation data, by name; absent without it. */
  readonly pretext?: Readonly<Record<string, number>>;
  readonly measured: readonly MeasuredResult[];
}
