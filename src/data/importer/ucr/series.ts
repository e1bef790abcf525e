/** Series of the UCR and UEA archives: numbers between commas, `?` or NaN for a missing one. */

const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;

/** @throws Error for text that is no number */
export function parseSeries(text: string): number[] {
  return text.trim() === '' ? [] : text.split(',').map((part) => parseNumber(part.trim()));
}

/** @throws Error for text that is no number */
export function parseNumber(text: string): number {
  if (NUMBER.test(text)) return Number(text);
  if (text === '?' || /^nan$/i.test(text)) return Number.NaN;
  throw new Error(`"${text.slice(0, 40)}" is not a number`);
}

/** The channels of a sequence as one, timestep by timestep. */
export interface JoinedChannels {
  readonly values: Float64Array;
  readonly channels: number;
}

/**
 * Joins channels without the timesteps at the end at which all are missing: these pad short sequences.
 * @throws Error for channels of different lengths
 */
export function joinChannels(series: readonly (readonly number[])[]): JoinedChannels {
  const length = series[0]?.length ?? 0;
  const other = series.findIndex((channel) => channel.length !== length);
  if (other >= 0) {
    throw new Error(
      `channel ${other + 1} has ${series[other]!.length} timesteps, channel 1 has ${length}`,
    );
  }
  let end = length;
  while (end > 0 && series.every((channel) => Number.isNaN(channel[end - 1]))) end--;
  const values = new Float64Array(end * series.length);
  for (const [channel, numbers] of series.entries()) {
    for (let t = 0; t < end; t++) values[t * series.length + channel] = numbers[t]!;
  }
  return { values, channels: series.length };
}
