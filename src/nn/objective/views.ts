/** Two views of each row, which a contrastive objective compares: where they lie, and noise on their values. */
import { randomStream } from '../../core/random.ts';
import type { PaddedRows } from '../../data/collate.ts';
import type { Window } from './windows.ts';

/** First the rows' first halves, then their second ones. A step in the middle of an odd row is in neither; a row of one step is seen twice. */
export function halves({ lengths }: Pick<PaddedRows, 'lengths'>): Window[] {
  const half = (row: number) => Math.max(1, Math.floor(lengths[row]! / 2));
  const rows = [...lengths.keys()];
  return [
    ...rows.map((row) => ({ row, skipped: 0, count: half(row) })),
    ...rows.map((row) => ({ row, skipped: lengths[row]! - half(row), count: half(row) })),
  ];
}

/** Shares of a row, between which the lengths of its crops lie. */
export type CropShares = readonly [shortest: number, longest: number];

/** A crop of each row at any place, then another one of each; they follow from seed, epoch and sequence. */
export function crops(
  { lengths, sequences, epoch }: Pick<PaddedRows, 'lengths' | 'sequences' | 'epoch'>,
  [shortest, longest]: CropShares,
  seed: number,
): Window[] {
  return [0, 1].flatMap((view) =>
    Array.from(lengths, (length, row) => {
      const stream = randomStream(seed, 'views', epoch, sequences[row]!);
      const share = shortest + (longest - shortest) * stream.uniform(2 * view);
      const count = Math.max(1, Math.floor(length * share));
      return { row, skipped: stream.integer(2 * view + 1, length - count + 1), count };
    }),
  );
}

/** Draws of `crops`. */
const FIRST_NOISE = 4;
/** Uniform draws whose sum is a normal one for our purpose, without a logarithm whose bits a library chooses. */
const DRAWS = 4;

/** Adds noise of these deviations, one a channel, to real values; another one in each view. Nothing to what is missing. */
export function jittered(
  views: PaddedRows,
  deviations: readonly number[],
  seed: number,
): PaddedRows {
  const { rows, lengths, paddedLength, channels, starts, sequences, epoch } = views;
  const values = views.values.slice();
  for (let row = 0; row < rows; row++) {
    const stream = randomStream(seed, 'views', epoch, sequences[row]!);
    const view = row < rows / 2 ? 0 : 1;
    for (let cell = 0; cell < lengths[row]! * channels; cell++) {
      const place = 2 * (starts[row]! * channels + cell) + view;
      let sum = 0;
      for (let k = 0; k < DRAWS; k++) sum += stream.uniform(FIRST_NOISE + DRAWS * place + k);
      // The mean of a draw is 1/2 and its variance 1/12.
      const noise = (sum - DRAWS / 2) * Math.sqrt(12 / DRAWS);
      values[row * paddedLength * channels + cell]! += noise * deviations[cell % channels]!;
    }
  }
  return { ...views, values };
}
