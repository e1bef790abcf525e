/** Distances between series of one length. */
import type { Distances } from './nearest.ts';
import type { Series } from './series.ts';

/** The Euclidean distance, squared. */
export function euclidean(all: readonly Series[]): Distances {
  return (from, to) => Float64Array.from(to, (place) => squaredDistance(all[from]!, all[place]!));
}

function squaredDistance(a: Series, b: Series): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return sum;
}

/**
 * Dynamic time warping, squared: the smallest sum of squared distances along a path that pairs timesteps at most
 * `band` apart. All channels are warped together.
 */
export function warped(all: readonly Series[], length: number, band: number): Distances {
  return (from, to) =>
    Float64Array.from(to, (place) => warpedDistance(all[from]!, all[place]!, length, band));
}

function warpedDistance(a: Series, b: Series, length: number, band: number): number {
  let before = new Float64Array(length + 1).fill(Number.POSITIVE_INFINITY);
  let now = before.slice();
  before[0] = 0;
  for (let i = 1; i <= length; i++) {
    now.fill(Number.POSITIVE_INFINITY);
    const end = Math.min(length, i + band);
    for (let j = Math.max(1, i - band); j <= end; j++) {
      let cost = 0;
      for (let at = 0; at < a.length; at += length) cost += (a[at + i - 1]! - b[at + j - 1]!) ** 2;
      now[j] = cost + Math.min(before[j - 1]!, before[j]!, now[j - 1]!);
    }
    [before, now] = [now, before];
  }
  return before[length]!;
}
