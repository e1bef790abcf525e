/**
 * Length classes: ranges of a subset whose sequences may share a micro-batch. They follow the data, so that
 * padding is bounded and nearly every micro-batch is full.
 */
import type { BatchConfig } from '../../config/phase-section.ts';

/** Sequences down to this share of the class's longest are always in the class. */
const CORE_SHARE = 1 / 1.125;
/** To fill its last micro-batch a class takes shorter ones, down to this share of its longest. */
const FILL_SHARE = 1 / 2;

export interface LengthClass {
  /** Positions in the subset (which is sorted by length), half-open. */
  readonly begin: number;
  readonly end: number;
  /** Length of its longest sequence: no row of the class is padded beyond it. */
  readonly longest: number;
  /** Micro-batches that it is dealt out to: as few as the budget allows. */
  readonly microBatches: number;
}

/** What bounds a micro-batch. */
export type RowLimits = Pick<BatchConfig, 'tokensPerMicroBatch' | 'maxRows'>;

/** One class of everything: rows of any length share a micro-batch, and padding is what it is. */
export function undividedClass(ascending: Int32Array, limits: RowLimits): LengthClass[] {
  const longest = ascending.at(-1);
  if (longest === undefined) return [];
  const microBatches = Math.ceil(ascending.length / rowsOfLength(longest, limits));
  return [{ begin: 0, end: ascending.length, longest, microBatches }];
}

/**
 * Cuts ascending lengths into classes, longest first. Each class's longest is less than the one before
 * divided by 1.125, and lengths are below 2³¹, so there are never more than 183 of them.
 */
export function lengthClasses(ascending: Int32Array, batch: RowLimits): LengthClass[] {
  const classes: LengthClass[] = [];
  for (let end = ascending.length; end > 0; end = classes.at(-1)!.begin) {
    const longest = ascending[end - 1]!;
    const rows = rowsOfLength(longest, batch);
    const core = firstAtLeast(ascending, end, longest * CORE_SHARE);
    const missing = (rows - ((end - core) % rows)) % rows;
    const begin = Math.max(core - missing, firstAtLeast(ascending, core, longest * FILL_SHARE));
    classes.push({ begin, end, longest, microBatches: Math.ceil((end - begin) / rows) });
  }
  return classes;
}

/** Rows of a micro-batch padded to `length`: within the budget, but at least one. */
function rowsOfLength(length: number, { tokensPerMicroBatch, maxRows }: RowLimits): number {
  return Math.min(maxRows, Math.max(1, Math.floor(tokensPerMicroBatch / length)));
}

/** First position in [0, end) whose length is at least `bound`; `end` when none is. */
function firstAtLeast(ascending: Int32Array, end: number, bound: number): number {
  let low = 0;
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle]! >= bound) high = middle;
    else low = middle + 1;
  }
  return low;
}
