/** Two sequences of a micro-batch in one row: mixup (Zhang et al. 2018) and, along the time, CutMix (Yun et al. 2019). */
import type { PaddedRows } from '../../../../data/collate.ts';
import { type RowDraws, rowDraws, symmetricBeta } from './draws.ts';
import type { MixingOptions } from './options.ts';
import { seenValues, withSeenValues } from './seen-values.ts';

type Mixed = NonNullable<PaddedRows['mixed']>;

/** Positions of a row's draws. */
const PARTNER = 0;
const PLACE = 1;
const SHARE = 2;

/** The rows, each with a share of at most ½ of another one, as `mixed` says; a row that is alone stays so. */
export function mixRows(options: MixingOptions, seed: number, rows: PaddedRows): PaddedRows {
  if (rows.rows < 2) return rows;
  const draws = Array.from({ length: rows.rows }, (_, row) => rowDraws(seed, 'mixing', rows, row));
  const partners = Int32Array.from(draws, (of, row) => partnerOf(of, row, rows.rows));
  const drawn = Float64Array.from(draws, (of) => {
    const share = symmetricBeta(of, options.alpha, SHARE);
    return Math.min(share, 1 - share);
  });
  return options.kind === 'mixup'
    ? mixup(rows, { partners, shares: drawn })
    : cutmix(rows, { partners, shares: drawn }, draws);
}

function partnerOf(draws: RowDraws, row: number, rows: number): number {
  return (row + 1 + Math.floor(draws(PARTNER) * (rows - 1))) % rows;
}

/** Beyond the end of the other row, a row is by itself. */
function mixup(rows: PaddedRows, mixed: Mixed): PaddedRows {
  const width = rows.paddedLength * rows.channels;
  const mix = (of: Float32Array, each: number, count: (row: number) => number) => {
    const result = of.slice();
    for (const [row, partner] of mixed.partners.entries()) {
      const share = mixed.shares[row]!;
      for (let index = 0; index < count(row); index++) {
        const at = row * each + index;
        result[at] = (1 - share) * of[at]! + share * of[partner * each + index]!;
      }
    }
    return result;
  };
  const common = (row: number) => commonLength(rows, row, mixed) * rows.channels;
  const values = mix(Float32Array.from(seenValues(rows)), width, common);
  const { missing, profile } = rows.scaled ?? {};
  const profileWidth = 2 * rows.channels;
  const { scaled, ...others } = withSeenValues(rows, values);
  return {
    ...others,
    ...(scaled && {
      scaled: {
        ...scaled,
        ...(missing && { missing: mix(missing, width, common) }),
        ...(profile && { profile: mix(profile, profileWidth, () => profileWidth) }),
      },
    }),
    mixed,
  };
}

/** The share of a class is that of the timesteps. */
function cutmix(rows: PaddedRows, drawn: Mixed, draws: readonly RowDraws[]): PaddedRows {
  const { channels, paddedLength, lengths } = rows;
  const windows = draws.map((of, row) => {
    const common = commonLength(rows, row, drawn);
    const length = Math.min(common, Math.round(drawn.shares[row]! * lengths[row]!));
    return { length, begin: Math.floor(of(PLACE) * (common - length + 1)) };
  });
  const paste = <V extends Int32Array | Float32Array>(of: V): V => {
    const result = of.slice() as V;
    for (const [row, { begin, length }] of windows.entries()) {
      const from = (drawn.partners[row]! * paddedLength + begin) * channels;
      const shown = of.subarray(from, from + length * channels);
      result.set(shown, (row * paddedLength + begin) * channels);
    }
    return result;
  };
  const pasted = withSeenValues(rows, paste(seenValues(rows)));
  const shares = Float64Array.from(windows, ({ length }, row) => length / lengths[row]!);
  const missing = rows.scaled?.missing;
  return {
    ...pasted,
    ...(missing && { scaled: { ...pasted.scaled!, missing: paste(missing) } }),
    mixed: { ...drawn, shares },
  };
}

function commonLength({ lengths }: PaddedRows, row: number, { partners }: Mixed): number {
  return Math.min(lengths[row]!, lengths[partners[row]!]!);
}
