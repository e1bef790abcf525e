/** Reads an array of NumPy that is one sequence. */
import { LockstepError } from '../../core/errors.ts';
import { NpyArray } from '../../formats/numpy/npy-array.ts';
import { ZipArrays } from '../../formats/numpy/zip-arrays.ts';
import { contentName, readBytes } from '../../source/file/compressed.ts';
import { sourceError } from '../../source/file/source-error.ts';
import { timestepByTimestep } from '../../source/table/row-record.ts';
import type { Sample } from './sample-table.ts';

/** How to read such arrays. */
export interface SampleArrayOptions {
  /** The array in a .npz file. */
  readonly values: string;
  /** Which of two axes holds the channels. */
  readonly channels?: number | string | undefined;
}

/** @throws LockstepError DATA_INVALID; USAGE where either axis may be the channels */
export async function readSampleArray(path: string, options: SampleArrayOptions): Promise<Sample> {
  if (!/\.npz$/i.test(contentName(path))) {
    return await readWhole(await NpyArray.open(path, readBytes(path)), options);
  }
  const zip = await ZipArrays.open(path);
  try {
    return await readWhole(await zip.array(options.values, 'values'), options);
  } finally {
    await zip.close();
  }
}

async function readWhole(array: NpyArray, { channels: axis }: SampleArrayOptions): Promise<Sample> {
  try {
    const { shape, dtype } = array.header;
    if (dtype.isText) throw sourceError(array.name, `its type "${dtype.descr}" is text`);
    const bytes = await array.take(array.rows);
    await array.end();
    const numbers = array.numbersOf(bytes);
    if (shape.length < 2) return { values: numbers };
    const [first, last = 1, more] = shape as [number, number?, number?];
    if (more !== undefined) {
      throw sourceError(array.name, `its shape ${array.shapeText} is not that of one sequence`);
    }
    const channels = channelsOf(array, first, last, axis);
    const isFirst = axis === 'first' || (axis !== 'last' && first === channels);
    return { values: isFirst ? timestepByTimestep(numbers, first) : numbers, channels };
  } finally {
    await array.close();
  }
}

function channelsOf(
  array: NpyArray,
  first: number,
  last: number,
  axis: number | string | undefined,
): number {
  if (axis === 'first') return first;
  if (axis === 'last') return last;
  if (first === 1 || last === 1) return 1;
  throw new LockstepError(
    'USAGE',
    `Cannot import "${array.name}" as one sequence: its shape ${array.shapeText} may mean ${first} channels or ${last}.`,
    'Say --channels first for (channels, timesteps), or --channels last for (timesteps, channels).',
  );
}
