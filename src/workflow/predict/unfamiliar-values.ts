/** Values of which a model cannot know anything, as its training never saw their like. */
import type { StoreManifest } from '../../data/format/store.ts';

/** What is known of the training data's values. */
export type TrainedOn = Pick<
  StoreManifest,
  'valueType' | 'valueRange' | 'symbolCounts' | 'channelStatistics'
>;

/** The values of a sequence that training never saw, each once. */
type FindUnfamiliar = (values: Int32Array | Float32Array) => number[];

/**
 * Integers: symbols that no training sequence holds, ascending. Real values: the smallest and the largest value
 * of a channel of a sequence where they lie outside the channel's range in the training data by more than its width.
 */
export function unfamiliarValues({
  valueType,
  valueRange,
  symbolCounts,
  channelStatistics,
}: TrainedOn): FindUnfamiliar {
  if (valueType === 'float32') {
    // A dataset of an older version has one channel and no statistics.
    const ranges = channelStatistics.length > 0 ? channelStatistics : [valueRange];
    return (values) =>
      ranges.flatMap((range, channel) => farOutside(values, range, { channel, of: ranges.length }));
  }
  return (values) => {
    const unseen = new Set<number>();
    for (const value of values) if (!symbolCounts[value]) unseen.add(value);
    return [...unseen].sort((a, b) => a - b);
  };
}

function farOutside(
  values: Int32Array | Float32Array,
  { minimum, maximum }: StoreManifest['valueRange'],
  { channel, of }: { readonly channel: number; readonly of: number },
): number[] {
  const width = maximum - minimum;
  let [smallest, largest] = [minimum, maximum];
  for (let place = channel; place < values.length; place += of) {
    const value = values[place]!;
    if (value < smallest) smallest = value;
    if (value > largest) largest = value;
  }
  const low = smallest < minimum - width ? [smallest] : [];
  return largest > maximum + width ? [...low, largest] : low;
}
