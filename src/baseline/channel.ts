/** The values of one channel of a sequence. */

/** @param values `[length · channels]` @returns `[length]`, NaN where a value is missing */
export function channelOf(
  values: ArrayLike<number>,
  channel: number,
  channels: number,
): Float64Array {
  const length = values.length / channels;
  return Float64Array.from({ length }, (_, t) => values[t * channels + channel]!);
}
