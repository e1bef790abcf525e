/**
 * A seeded shuffle of [0, size) with random access both ways and no table: a generalized Feistel network
 * (Black & Rogaway, "Ciphers with arbitrary finite domains", CT-RSA 2002) over the rectangle
 * `width` × `height`, the smallest near-square that holds `size` numbers. What falls outside walks on
 * along its cycle; less than about 1/√size does.
 */
import type { Purpose } from './random.ts';
import { blockIntegers } from './random.ts';

/** Four are indistinguishable from random to an adversary; eight leave a margin for tiny domains. */
const ROUNDS = 8;
const LARGEST_SIZE = 2 ** 32;

export interface Permutation {
  readonly size: number;
  /** The number at `position`, both in [0, size). */
  at(position: number): number;
  /** Where `value` is: `at(indexOf(value)) === value`. */
  indexOf(value: number): number;
}

/**
 * The permutation of [0, size) that (seed, purpose, major, minor) names; keys as in `randomStream`.
 * @throws RangeError when size is not an integer in [0, 2³²], or a position is outside [0, size).
 */
export function permutation(
  size: number,
  seed: number,
  purpose: Purpose,
  major = 0,
  minor = 0,
): Permutation {
  if (!Number.isInteger(size) || size < 0 || size > LARGEST_SIZE) {
    throw new RangeError(`A permutation has 0 to 2^32 members, not ${size}.`);
  }
  const width = Math.max(1, Math.ceil(Math.sqrt(size)));
  const height = Math.ceil(size / width);
  // A round value takes a whole block, so that no two share a word.
  const draw = blockIntegers(seed, purpose, major, minor);
  const shift = (round: number, half: number, bound: number): number =>
    draw(round * 2 ** 32 + half, bound);

  const forward = (value: number): number => {
    let column = value % width;
    let row = Math.floor(value / width);
    for (let round = 0; round < ROUNDS; round += 2) {
      column = (column + shift(round, row, width)) % width;
      row = (row + shift(round + 1, column, height)) % height;
    }
    return row * width + column;
  };
  const backward = (value: number): number => {
    let column = value % width;
    let row = Math.floor(value / width);
    for (let round = ROUNDS - 2; round >= 0; round -= 2) {
      row = (row - shift(round + 1, column, height) + height) % height;
      column = (column - shift(round, row, width) + width) % width;
    }
    return row * width + column;
  };
  const walk = (step: (value: number) => number, from: number): number => {
    if (!Number.isInteger(from) || from < 0 || from >= size) {
      throw new RangeError(`${from} is not in the permutation's [0, ${size}).`);
    }
    let value = step(from);
    while (value >= size) value = step(value);
    return value;
  };
  return {
    size,
    at: (position) => walk(forward, position),
    indexOf: (value) => walk(backward, value),
  };
}
