/** The sequences of an array: its rows, or the pieces between offsets. */
import { LockstepError } from '../../core/errors.ts';
import { sourceError } from '../../source/file/source-error.ts';
import { timestepByTimestep } from '../../source/table/row-record.ts';
import type { NpyArray } from './npy-array.ts';

type ChannelAxis = 'first' | 'last';

/** Where sequences lie in an array. */
export interface ValueRows {
  readonly count: number;
  readonly channels: number;
  /** Rows of the array that each sequence takes: 1, or its timesteps. */
  rowsOf(sequence: number): number;
  /** The values of a sequence, timestep by timestep. */
  valuesOf(bytes: Buffer): ArrayLike<number>;
}

/**
 * The rows of an array of two axes (sequence, timestep) or three, one of them the channels.
 * @throws LockstepError DATA_INVALID for another shape; USAGE where either axis may be the channels
 */
export function wholeRows(array: NpyArray, axis: ChannelAxis | undefined): ValueRows {
  const { shape } = array.header;
  refuseText(array);
  if (shape.length < 2 || shape.length > 3) {
    throw sourceError(array.name, `its shape ${array.shapeText} is not that of sequences`, {
      advice:
        'Save an array (sequences, timesteps) or (sequences, channels, timesteps); for sequences of several lengths, numpy.savez with all values one after the other and the offsets of their starts and end, named by --values and --offsets.',
    });
  }
  const channels = shape.length === 2 ? 1 : channelsOf(array, shape[1]!, shape[2]!, axis);
  const isFirst = axis === 'first' || (axis === undefined && channels === shape[1]);
  return {
    count: array.rows,
    channels,
    rowsOf: () => 1,
    valuesOf: (bytes) =>
      isFirst ? timestepByTimestep(array.numbersOf(bytes), channels) : array.numbersOf(bytes),
  };
}

/** The axis that is given, else the one of size 1. */
function channelsOf(
  array: NpyArray,
  first: number,
  last: number,
  axis: ChannelAxis | undefined,
): number {
  if (axis !== undefined) return axis === 'first' ? first : last;
  if (first === 1 || last === 1) return 1;
  throw new LockstepError(
    'USAGE',
    `Cannot import "${array.name}": its shape ${array.shapeText} may mean ${first} channels or ${last}.`,
    `Say --channels first for (sequences, channels, timesteps), or --channels last for (sequences, timesteps, channels).`,
  );
}

/**
 * The pieces of an array (timesteps) or (timesteps, channels) between offsets.
 * @param offsets where each sequence starts, and the end of the last one
 * @throws LockstepError DATA_INVALID for offsets that do not fit
 */
export function rowsBetween(array: NpyArray, offsets: ArrayLike<number>): ValueRows {
  const { shape } = array.header;
  refuseText(array);
  if (shape.length < 1 || shape.length > 2) {
    const what = `its shape ${array.shapeText} is neither (timesteps) nor (timesteps, channels)`;
    throw sourceError(array.name, what);
  }
  refuseOffsets(array, offsets);
  return {
    count: offsets.length - 1,
    channels: shape[1] ?? 1,
    rowsOf: (sequence) => offsets[sequence + 1]! - offsets[sequence]!,
    valuesOf: (bytes) => array.numbersOf(bytes),
  };
}

function refuseOffsets({ name, rows }: NpyArray, offsets: ArrayLike<number>): void {
  const last = offsets.length - 1;
  for (let i = 0; i < last; i++) {
    if (offsets[i + 1]! >= offsets[i]! && Number.isInteger(offsets[i + 1])) continue;
    throw sourceError(name, `offset ${i + 1} is ${offsets[i + 1]}, behind ${offsets[i]}`);
  }
  if (offsets[0] === 0 && offsets[last] === rows) return;
  throw sourceError(
    name,
    `the offsets go from ${offsets[0] ?? 'nothing'} to ${offsets[last] ?? 'nothing'}, but there are ${rows} timesteps`,
    { advice: 'Save the offsets as numpy.concatenate([[0], numpy.cumsum(lengths)]).' },
  );
}

function refuseText({ name, header, rowItems }: NpyArray): void {
  if (header.dtype.isText) throw sourceError(name, `its type "${header.dtype.descr}" is text`);
  if (rowItems === 0) throw sourceError(name, 'its rows are empty');
  if (header.shape.every((size) => Number.isSafeInteger(size))) return;
  throw sourceError(name, 'its shape is damaged');
}
