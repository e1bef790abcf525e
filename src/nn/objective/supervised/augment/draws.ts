/** Random numbers of one row, which follow from (seed, epoch, sequence) and its place in the micro-batch. */
import { type Purpose, type RandomStream, randomStream } from '../../../../core/random.ts';
import type { PaddedRows } from '../../../../data/collate.ts';

/** More than any row draws: copies of a sequence in one micro-batch draw elsewhere in the stream. */
const ROW_STRIDE = 2 ** 40;

/** Uniform numbers in [0, 1) by position. */
export type RowDraws = RandomStream['uniform'];

export function rowDraws(
  seed: number,
  purpose: Purpose,
  { epoch, sequences }: Pick<PaddedRows, 'epoch' | 'sequences'>,
  row: number,
): RowDraws {
  const { uniform } = randomStream(seed, purpose, epoch, sequences[row]!);
  return (position) => uniform(row * ROW_STRIDE + position);
}

/** A number of the normal distribution from the uniform ones at 2 · position and behind it (Box and Muller 1958). */
export function gaussian(draws: RowDraws, position: number): number {
  const radius = Math.sqrt(-2 * Math.log(1 - draws(2 * position)));
  return radius * Math.cos(2 * Math.PI * draws(2 * position + 1));
}

/** A number of Beta(alpha, alpha), alpha ≤ 1, by Jöhnk's method (1964); it draws from `position` on. */
export function symmetricBeta(draws: RowDraws, alpha: number, position: number): number {
  for (let at = position; ; at += 2) {
    const [a, b] = [draws(at) ** (1 / alpha), draws(at + 1) ** (1 / alpha)];
    if (a + b > 0 && a + b <= 1) return a / (a + b);
  }
}
