/** Sorts positions by numbers in linear time, in little memory. Equal ones keep their order. */
import { filled } from '../../core/typed-arrays.ts';

const DIGITS = 2 ** 16;
/** Of a key: an integer below 2⁴⁸. */
const KEY_DIGITS = 3;

/** The positions of `lengths` by length. */
export function orderByLength(lengths: Int32Array): Uint32Array {
  const start = filled(new Uint32Array(lengths.length), (position) => position);
  const byLowDigit = sortByDigit(start, (position) => lengths[position]! % DIGITS);
  return sortByDigit(byLowDigit, (position) => Math.floor(lengths[position]! / DIGITS));
}

/**
 * Sorts positions by their keys, those of equal keys by `compare`.
 * @param keys integers from 0 to 2⁴⁸ − 1, by position
 */
export function sortByKeys(
  positions: Uint32Array,
  keys: Float64Array,
  compare: (a: number, b: number) => number,
): Uint32Array {
  let sorted = positions;
  for (let unit = 1; unit < DIGITS ** KEY_DIGITS; unit *= DIGITS) {
    sorted = sortByDigit(sorted, (position) => Math.floor(keys[position]! / unit) % DIGITS);
  }
  for (let begin = 0, end = 1; begin < sorted.length; begin = end++) {
    while (end < sorted.length && keys[sorted[end]!] === keys[sorted[begin]!]) end++;
    if (end - begin > 1) sorted.subarray(begin, end).sort(compare);
  }
  return sorted;
}

/** Sorts by a number below 65 536; equal ones keep their order. */
function sortByDigit(positions: Uint32Array, digitOf: (position: number) => number): Uint32Array {
  const next = new Uint32Array(DIGITS + 1);
  for (const position of positions) next[digitOf(position) + 1]!++;
  for (let digit = 0; digit < DIGITS; digit++) next[digit + 1]! += next[digit]!;
  const sorted = new Uint32Array(positions.length);
  for (const position of positions) sorted[next[digitOf(position)]!++] = position;
  return sorted;
}
