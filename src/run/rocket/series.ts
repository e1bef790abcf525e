/** What a rocket sees of a sequence. */
import { collate, type PaddedRows } from '../../data/collate.ts';
import type { Store } from '../../data/format/store.ts';
import { scaleRows } from '../../data/scaling/scale-rows.ts';
import type { Scaling } from '../../data/scaling/scaling.ts';
import type { Series } from '../../rocket/convolver.ts';

/** A sequence, scaled. */
export interface RocketInput {
  /** The channels of the dataset, then for data with missing values one a channel that marks them. */
  readonly series: Series;
  /** Features of their own: level and log deviation of each channel where each sequence is scaled by itself. */
  readonly profile: ArrayLike<number>;
}

/** Channels of the series, and length of the profile. */
export function inputShape(
  channels: number,
  { kind, hasMissing }: Scaling,
): { readonly channels: number; readonly profile: number } {
  return {
    channels: hasMissing ? 2 * channels : channels,
    profile: kind === 'sequence' ? 2 * channels : 0,
  };
}

/** The rows of a micro-batch, each by itself: padding is left out. */
export function rocketInputs(padded: PaddedRows, scaling: Scaling): RocketInput[] {
  const { rows, lengths, paddedLength, channels, values, scaled } = scaleRows(padded, scaling);
  const parts = [scaled?.values ?? values, ...(scaled?.missing ? [scaled.missing] : [])];
  return Array.from({ length: rows }, (_, row) => {
    const length = lengths[row]!;
    const begin = row * paddedLength * channels;
    const own = parts.map((part) => part.subarray(begin, begin + length * channels));
    const profile = scaled?.profile?.subarray(2 * channels * row, 2 * channels * (row + 1)) ?? [];
    return { series: seriesOf(own, channels, length), profile };
  });
}

/** @param parts each `[length, channels]` */
function seriesOf(
  parts: readonly (Int32Array | Float32Array)[],
  channels: number,
  length: number,
): Series {
  const values = new Float32Array(parts.length * channels * length);
  for (const [at, part] of parts.entries()) {
    for (let channel = 0; channel < channels; channel++) {
      const begin = (at * channels + channel) * length;
      for (let t = 0; t < length; t++) values[begin + t] = part[t * channels + channel]!;
    }
  }
  return { channels: parts.length * channels, length, values };
}

/** Reads the first `count` timesteps of one sequence. */
export async function readRocketInput(
  store: Pick<Store, 'read' | 'manifest' | 'index'>,
  scaling: Scaling,
  { sequence, count }: { readonly sequence: number; readonly count: number },
): Promise<RocketInput> {
  const rows = [{ sequence, start: 0, count }];
  const padded = await collate(store, { rows, paddedLength: count, epoch: 0 });
  return rocketInputs(padded, scaling)[0]!;
}
