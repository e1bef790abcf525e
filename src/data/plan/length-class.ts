/**
 * Length classes: ranges of a subset whose sequences may share a micro-batch. They follow the data's
 * lengths, which bounds the padding and fills nearly every micro-batch.
 */
import type { BatchConfig } from '../../config/phase-section.ts';
import { firstAtLeast, type Lengths } from './lengths.ts';

/** A class always takes sequences down to its longest divided by this, unless the configuration has another ratio. */
const LENGTH_RATIO = 1.125;
/** To fill its last micro-batch, a class takes shorter sequences, down to this share of its longest. */
const FILL_SHARE = 1 / 2;

/** A range of a subset whose sequences may share a micro-batch. */
export interface LengthClass {
  /** Half-open range of positions in the subset, which is sorted by length. */
  readonly begin: number;
  readonly end: number;
  /** Length of its longest sequence: no row of the class is padded beyond it. */
  readonly longest: number;
  /** Number of its micro-batches: as few as the budget allows. */
  readonly microBatches: number;
}

/** The bounds of a micro-batch. */
export type RowLimits = Pick<BatchConfig, 'tokensPerMicroBatch' | 'maxRows' | 'lengthRatio'>;

/** One class of all sequences: rows of any length share a micro-batch, and padding is unbounded. */
export function undividedClass(ascending: Lengths, limits: RowLimits): LengthClass[] {
  if (ascending.length === 0) return [];
  const longest = ascending.at(ascending.length - 1)!;
  const microBatches = Math.ceil(ascending.length / rowsOfLength(longest, limits));
  return [{ begin: 0, end: ascending.length, longest, microBatches }];
}

/**
 * Cuts ascending lengths into classes, longest first. Lengths are below 2³¹, and each class's longest sequence is
 * shorter than that of the class before divided by the ratio: so there are at most 183 classes, or 4310 for the
 * smallest ratio that a configuration may have.
 */
export function lengthClasses(ascending: Lengths, batch: RowLimits): LengthClass[] {
  const { lengthRatio = LENGTH_RATIO } = batch;
  const classes: LengthClass[] = [];
  for (let end = ascending.length; end > 0; end = classes.at(-1)!.begin) {
    const longest = ascending.at(end - 1)!;
    const rows = rowsOfLength(longest, batch);
    const core = firstAtLeast(ascending, longest * (1 / lengthRatio), end);
    const missing = (rows - ((end - core) % rows)) % rows;
    const begin = Math.max(core - missing, firstAtLeast(ascending, longest * FILL_SHARE, core));
    classes.push({ begin, end, longest, microBatches: Math.ceil((end - begin) / rows) });
  }
  return classes;
}

/**
 * Rows of a micro-batch padded to `length`: within the budget. At least one, as a prediction takes sequences of any
 * length; a run refuses those that exceed its budget.
 */
function rowsOfLength(length: number, { tokensPerMicroBatch, maxRows }: RowLimits): number {
  return Math.min(maxRows, Math.max(1, Math.floor(tokensPerMicroBatch / length)));
}
