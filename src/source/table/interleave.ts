/** The channels differ in length. */
export const UNEVEN = 'uneven';

/** `[length · channels]` from a list for each channel. */
export function interleaved(lists: readonly ArrayLike<number>[]): Float64Array | typeof UNEVEN {
  const [first] = lists;
  const length = first?.length ?? 0;
  if (lists.some((list) => list.length !== length)) return UNEVEN;
  const values = new Float64Array(length * lists.length);
  lists.forEach((list, channel) => {
    for (let step = 0; step < length; step++) values[step * lists.length + channel] = list[step]!;
  });
  return values;
}
