/** Which values a pretext predicts, and in which units its loss is. */
import type { PaddedRows } from '../../data/collate.ts';
import type { PhaseFacts } from '../../data/facts.ts';
import { scaled, type Units } from '../../data/scaling/scaling.ts';

/** What is to be predicted. */
export interface Goals {
  /** Flat timesteps whose features predict, `[n]`. */
  readonly positions: Int32Array;
  /** `[n · channels]`: for each the places in `values` of what it predicts; −1 for one that does not count. */
  readonly places: Int32Array;
}

/**
 * The goals at these timesteps, without those that are missing everywhere.
 * @param timesteps flat
 * @param placeOf the place in `values` of a timestep's goal in a channel; −1 for none
 */
export function goalsAt(
  timesteps: Int32Array,
  { channels, values }: Pick<PaddedRows, 'channels' | 'values'>,
  placeOf: (timestep: number, channel: number) => number,
): Goals {
  const positions = new Int32Array(timesteps.length);
  const places = new Int32Array(timesteps.length * channels);
  let count = 0;
  for (let index = 0; index < timesteps.length; index++) {
    const timestep = timesteps[index]!;
    let isCounted = false;
    for (let channel = 0; channel < channels; channel++) {
      const place = placeOf(timestep, channel);
      const counts = place >= 0 && !Number.isNaN(values[place]!);
      places[count * channels + channel] = counts ? place : -1;
      isCounted ||= counts;
    }
    positions[count] = timestep;
    if (isCounted) count++;
  }
  return { positions: positions.slice(0, count), places: places.subarray(0, count * channels) };
}

/** The places that count. */
export function countedPlaces({ positions, places }: Goals): Int32Array {
  const isOneChannel = places.length === positions.length;
  return isOneChannel ? places : places.filter((place) => place >= 0);
}

/** Numbers in the units of the loss, in which they are of order 1. */
export interface LossUnits {
  /** @param place of the value in `values` */
  of(value: number, place: number): number;
  /** What says who knows only the mean. */
  mean(place: number): number;
}

/** Scaled units where the model sees scaled values; otherwise (value − mean) / (a quarter of the value range). */
export function lossUnits(facts: PhaseFacts, rows: PaddedRows): LossUnits {
  const { kind, channels } = facts.scaling;
  const channelOf = (place: number) => place % rows.channels;
  if (kind === 'none' || rows.scaled === undefined) {
    if (rows.channels === 1) return oneChannelUnits(plainUnits(facts, 0));
    const units = Array.from({ length: rows.channels }, (_, channel) => plainUnits(facts, channel));
    const of = (value: number, place: number) => {
      const { centre, scale } = units[channelOf(place)]!;
      return (value - centre) / scale;
    };
    return { of, mean: (place) => of(units[channelOf(place)]!.centre, place) };
  }
  const { units } = rows.scaled;
  const width = rows.paddedLength * rows.channels;
  const unitsAt = (place: number) =>
    units[Math.floor(place / width) * rows.channels + channelOf(place)]!;
  return {
    of: (value, place) => scaled(value, unitsAt(place)),
    mean: (place) =>
      kind === 'sequence' ? 0 : scaled(channels[channelOf(place)]!.mean, unitsAt(place)),
  };
}

function oneChannelUnits({ centre, scale }: Units): LossUnits {
  return { of: (value) => (value - centre) / scale, mean: () => 0 };
}

function plainUnits(
  { meanValue, valueRange, scaling, channels }: PhaseFacts,
  channel: number,
): Units {
  const { mean, minimum, maximum } =
    channels === 1 ? { mean: meanValue, ...valueRange } : scaling.channels[channel]!;
  return { centre: mean, scale: (maximum - minimum) / 4 || 1 };
}
