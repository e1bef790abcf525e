/** Scales the rows of a micro-batch, in float64 and before they become tensors: every engine sees the same bits. */
import type { PaddedRows } from '../collate.ts';
import type { ChannelStatistics } from './channel-statistics.ts';
import { type Places, sequenceMoments } from './moments.ts';
import { profileOf } from './profile.ts';
import { type Scaling, scaled, type Units, unitsOfDataset } from './scaling.ts';

/**
 * The rows with what a model sees of them. `sequence` takes the statistics of what the row shows: of its window, and
 * of neither hidden nor missing values. So a crop says nothing of what lies outside, and a mask hides its values from
 * the statistics, too.
 */
export function scaleRows(rows: PaddedRows, scaling: Scaling): PaddedRows {
  if (scaling.kind === 'none' && !scaling.hasMissing) return rows;
  const { channels, paddedLength } = rows;
  const values = new Float32Array(rows.values.length);
  const missing = scaling.hasMissing ? new Float32Array(values.length) : undefined;
  const profile =
    scaling.kind === 'sequence' ? new Float32Array(rows.rows * 2 * channels) : undefined;
  const units: Units[] = [];
  const visible = scaling.kind === 'sequence' ? visibleValues(rows) : rows.values;
  for (let row = 0; row < rows.rows; row++) {
    for (let channel = 0; channel < channels; channel++) {
      const begin = row * paddedLength * channels + channel;
      const end = begin + rows.lengths[row]! * channels;
      const own = unitsOf(visible, { begin, end, stride: channels }, scaling, channel);
      for (let index = begin; index < end; index += channels) {
        const value = rows.values[index]!;
        if (!Number.isNaN(value)) values[index] = scaled(value, own);
        else if (missing !== undefined) missing[index] = 1;
      }
      profile?.set(profileOf(own, scaling.channels[channel]!), 2 * units.length);
      units.push(own);
    }
  }
  return {
    ...rows,
    scaled: { values, units, ...(missing && { missing }), ...(profile && { profile }) },
  };
}

/** The values with NaN for those that an objective hides. */
function visibleValues({ values, hidden }: PaddedRows): PaddedRows['values'] {
  if (hidden === undefined) return values;
  const visible = Float32Array.from(values);
  for (let place = 0; place < hidden.length; place++) {
    if (hidden[place] !== 0) visible[place] = Number.NaN;
  }
  return visible;
}

function unitsOf(
  values: PaddedRows['values'],
  places: Places,
  { kind, channels: statistics }: Scaling,
  channel: number,
): Units {
  if (kind !== 'sequence') {
    return kind === 'none'
      ? { centre: 0, scale: 1 }
      : unitsOfDataset(kind, statistics[channel] as ChannelStatistics);
  }
  const { mean, deviation } = sequenceMoments(values, places);
  return { centre: mean, scale: deviation };
}
