/** Real values at one common length, so that they can be compared timestep by timestep. */
import type { ChannelStatistics } from '../data/scaling/channel-statistics.ts';
import { sequenceMoments } from '../data/scaling/moments.ts';
import { channelOf } from './channel.ts';

/** `[channels, length]` of one sequence. */
export type Series = Float64Array;

/** How values are scaled before they are compared. */
export type SeriesScaling = 'sequence' | readonly Pick<ChannelStatistics, 'mean' | 'deviation'>[];

/**
 * Each channel on its own: linear interpolation over what is not missing, then of mean 0 and deviation 1, over the
 * sequence or by the dataset's statistics. A channel without a value is 0 throughout.
 * @param values `[sequence's length · channels]`, NaN where missing
 */
export function seriesOf(
  values: ArrayLike<number>,
  channels: number,
  length: number,
  scaling: SeriesScaling,
): Series {
  const series = new Float64Array(channels * length);
  for (let channel = 0; channel < channels; channel++) {
    const resampled = resample(channelOf(values, channel, channels), length);
    const { mean, deviation } =
      scaling === 'sequence'
        ? sequenceMoments(resampled, { begin: 0, stride: 1 })
        : scaling[channel]!;
    for (let t = 0; t < length; t++) {
      const value = resampled[t]!;
      series[channel * length + t] = Number.isNaN(value) ? 0 : (value - mean) / (deviation || 1);
    }
  }
  return series;
}

/** Values at `length` equally spaced times from the first to the last timestep, as NumPy's `interp`. */
export function resample(values: Float64Array, length: number): Float64Array {
  const known = Array.from(values.keys()).filter((t) => !Number.isNaN(values[t]!));
  let next = 0;
  return Float64Array.from({ length }, (_, i) => {
    const time = length === 1 ? 0 : (i * (values.length - 1)) / (length - 1);
    while (next < known.length && known[next]! < time) next++;
    const [before, after] = [known[next - 1] ?? known[next], known[next] ?? known[next - 1]];
    if (before === undefined || after === undefined) return Number.NaN;
    if (before === after) return values[before]!;
    const share = (time - before) / (after - before);
    return values[before]! + share * (values[after]! - values[before]!);
  });
}
