import type { Range } from './canonical-sum.ts';

/**
 * The micro-batches of rank `rank` of `workers`: a contiguous range, the ranges of all ranks as equal as
 * possible; empty for some when there are more workers than micro-batches.
 */
export function shareOf(rank: number, workers: number, microBatches: number): Range {
  return {
    begin: Math.floor((microBatches * rank) / workers),
    end: Math.floor((microBatches * (rank + 1)) / workers),
  };
}
