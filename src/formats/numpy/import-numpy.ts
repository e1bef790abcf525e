/** Imports arrays of NumPy: a .npy file of sequences, or a .npz file with arrays by name. */
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { LockstepError } from '../../core/errors.ts';
import type { ImportItem } from '../../data/record.ts';
import { defineImporter } from '../../source/define-importer.ts';
import { contentName, readBytes } from '../../source/file/compressed.ts';
import { sourceError } from '../../source/file/source-error.ts';
import { usesOf } from '../../source/preview.ts';
import { optionName } from '../../source/rules/refuse-useless.ts';
import { itemOfRow, type RowFields } from '../../source/table/row-record.ts';
import { NpyArray } from './npy-array.ts';
import { RowColumn } from './row-column.ts';
import { rowsBetween, type ValueRows, wholeRows } from './value-rows.ts';
import { ZipArrays } from './zip-arrays.ts';

const options = z.object({
  /** The array of the values in a .npz file. */
  values: z.string().default('values'),
  /** The array that says where each sequence starts, and where the last one ends. */
  offsets: z.string().optional(),
  /** Arrays of the same file, or .npy files beside it, with one row a sequence. */
  label: z.string().optional(),
  id: z.string().optional(),
  group: z.string().optional(),
  split: z.string().optional(),
  /** Class names, or ones and zeros for classes by their number. */
  labels: z.string().optional(),
  target: z.string().optional(),
  /** A class for each timestep, in the shape of the values of one channel. */
  timestepLabels: z.string().optional(),
  /** Which axis of three holds the channels. */
  channels: z.enum(['first', 'last']).optional(),
});

type Options = z.output<typeof options>;

export const numpyImporter = defineImporter({
  kind: 'numpy',
  options,
  accepts: (path) => /\.(npy|npz)$/i.test(contentName(path)),
  records: importNumpy,
  columns: async (path, given) => {
    if (!isZip(path)) return [];
    const zip = await ZipArrays.open(path);
    await zip.close();
    return usesOf(zip.names, NAMED, given);
  },
});

const isZip = (path: string): boolean => /\.npz$/i.test(contentName(path));

const TEXT_ROLES = ['label', 'id', 'group', 'split'] as const;
const ROLES = [...TEXT_ROLES, 'labels', 'target', 'timestepLabels'] as const;
const NAMED = ['values', 'offsets', ...ROLES] as const;
type Columns = ReadonlyMap<(typeof ROLES)[number], RowColumn>;

/**
 * Yields one record a sequence. Rows are numbered from 0, as in Python.
 * @throws LockstepError DATA_NOT_FOUND; DATA_INVALID for an absent array, another type or shape than that of
 * sequences, a damaged file; USAGE where the axis of the channels is in doubt
 */
async function* importNumpy(path: string, given: Options): AsyncGenerator<ImportItem> {
  const arrays = new Arrays(path);
  try {
    const values = await arrays.values(given.values);
    const rows = await rowsOf(arrays, values, given);
    const columns = await columnsOf(arrays, given, rows, values.rows);
    for (let row = 0; row < rows.count; row++) {
      const taken = rows.rowsOf(row);
      const bytes = await values.take(taken);
      const fields = await fieldsOf(columns, taken);
      const record = { values: rows.valuesOf(bytes), channels: rows.channels };
      yield itemOfRow(path, row, fields, record);
    }
    await values.end();
    for (const column of columns.values()) await column.end();
  } finally {
    await arrays.close();
  }
}

async function rowsOf(arrays: Arrays, values: NpyArray, given: Options): Promise<ValueRows> {
  const { offsets, channels } = given;
  if (offsets === undefined) return wholeRows(values, channels);
  if (channels === 'first') {
    throw new LockstepError(
      'USAGE',
      `Cannot import "${values.name}" with --offsets and --channels first.`,
      'Save the values as (timesteps, channels).',
    );
  }
  return rowsBetween(values, await arrays.numbers(offsets, 'offsets'));
}

async function columnsOf(
  arrays: Arrays,
  given: Options,
  { count }: ValueRows,
  valueRows: number,
): Promise<Columns> {
  const columns = new Map<(typeof ROLES)[number], RowColumn>();
  for (const role of ROLES) {
    const name = given[role];
    if (name === undefined) continue;
    const array = await arrays.column(name, role);
    columns.set(role, new RowColumn(array, role === 'timestepLabels' ? valueRows : count, role));
  }
  return columns;
}

/** @param rows those that the sequence takes of its values */
async function fieldsOf(columns: Columns, rows: number): Promise<RowFields> {
  const text = async (role: (typeof TEXT_ROLES)[number]) => (await columns.get(role)?.texts())?.[0];
  return {
    id: await text('id'),
    label: await text('label'),
    group: await text('group'),
    split: await text('split'),
    labels: await columns.get('labels')?.classes(),
    targets: await columns.get('target')?.numbers(),
    timestepLabels: await columns.get('timestepLabels')?.texts(rows),
  };
}

/** The arrays of one import, opened by name and closed together. */
class Arrays {
  readonly #path: string;
  readonly #opened: { close(): Promise<void> }[] = [];
  #zip: ZipArrays | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  async values(name: string): Promise<NpyArray> {
    return isZip(this.#path) ? await this.#inZip(name, 'values') : await this.#file(this.#path);
  }

  /** An array of one item a row, or of several for what there may be several of. */
  async column(name: string, role: (typeof ROLES)[number]): Promise<NpyArray> {
    const array = await this.#array(name, role);
    const isLone = TEXT_ROLES.some((other) => other === role);
    if (isLone && array.rowItems !== 1) {
      throw sourceError(array.name, `it has more than one item a row, so it cannot be the ${role}`);
    }
    if (role === 'target' && array.header.dtype.isText) {
      throw sourceError(array.name, 'it is no array of numbers, so it cannot be the target');
    }
    return array;
  }

  /** All numbers of a small array. */
  async numbers(name: string, role: string): Promise<ArrayLike<number>> {
    const array = await this.#array(name, role);
    if (array.header.dtype.isText || array.rowItems !== 1) {
      throw sourceError(array.name, `its shape ${array.shapeText} is not that of ${role}`);
    }
    const bytes = await array.take(array.rows);
    await array.end();
    return array.numbersOf(bytes);
  }

  async #array(name: string, role: string): Promise<NpyArray> {
    if (/\.npy(\.gz|\.zst)?$/i.test(name)) return await this.#file(join(dirname(this.#path), name));
    if (isZip(this.#path)) return await this.#inZip(name, role);
    throw new LockstepError(
      'USAGE',
      `Cannot import "${this.#path}": a .npy file holds one array, so it has no "${name}" for the ${role}.`,
      `Name a .npy file that lies beside it: ${optionName(role)} ${name}.npy.`,
    );
  }

  async #file(path: string): Promise<NpyArray> {
    return this.#keep(await NpyArray.open(path, readBytes(path)));
  }

  async #inZip(name: string, role: string): Promise<NpyArray> {
    this.#zip ??= await ZipArrays.open(this.#path);
    return this.#keep(await this.#zip.array(name, role));
  }

  #keep(array: NpyArray): NpyArray {
    this.#opened.push(array);
    return array;
  }

  async close(): Promise<void> {
    for (const array of this.#opened) await array.close();
    await this.#zip?.close();
  }
}
