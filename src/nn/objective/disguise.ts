/** Hidden timesteps that a model sees after all, so that it cannot rely on a mask where it is to know something. */
import { randomStream } from '../../core/random.ts';
import type { PaddedRows } from '../../data/collate.ts';

/** Shares of the hidden timesteps. */
export interface Disguise {
  /** Seen as they are. */
  readonly kept: number;
  /** Seen with the value of another timestep of their row. */
  readonly replaced: number;
}

/** What a model sees of rows of which something is hidden. */
export interface Disguised {
  /** Shaped like the values: 1 where it sees the mask. */
  readonly mask: Int32Array;
  readonly values: Int32Array | Float32Array;
}

/** All channels of a timestep have the same fate; it follows from its place in the sequence and the epoch. */
export function disguise(rows: PaddedRows, shares: Disguise, seed: number): Disguised {
  const mask = rows.hidden!.slice();
  const seen = rows.scaled?.values ?? rows.values;
  const values = seen.slice();
  const { channels, paddedLength, lengths, starts, epoch, sequences } = rows;
  for (let row = 0; row < rows.rows; row++) {
    const stream = randomStream(seed, 'disguise', epoch, sequences[row]!);
    for (let step = 0; step < lengths[row]!; step++) {
      const first = (row * paddedLength + step) * channels;
      if (!mask.subarray(first, first + channels).includes(1)) continue;
      const draw = 2 * (starts[row]! + step);
      const fate = stream.uniform(draw);
      if (fate >= shares.kept + shares.replaced) continue;
      const other = row * paddedLength + stream.integer(draw + 1, lengths[row]!);
      for (let channel = 0; channel < channels; channel++) {
        if (mask[first + channel] === 0) continue;
        mask[first + channel] = 0;
        if (fate >= shares.kept) values[first + channel] = seen[other * channels + channel]!;
      }
    }
  }
  return { mask, values };
}
