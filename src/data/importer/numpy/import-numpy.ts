/** Imports arrays of NumPy: a .npy file of sequences, or a .npz file with arrays by name. */
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { LockstepError } from '../../../core/errors.ts';
import { contentName, readBytes } from '../compressed.ts';
import { defineImporter } from '../define-importer.ts';
import type { RawRecord } from '../record.ts';
import { type RowFields, recordOfRow } from '../row-record.ts';
import { sourceError } from '../source-error.ts';
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
  target: z.string().optional(),
  /** Which axis of three holds the channels. */
  channels: z.enum(['first', 'last']).optional(),
});

type Options = z.output<typeof options>;

export const numpyImporter = defineImporter({
  kind: 'numpy',
  options,
  accepts: (path) => /\.(npy|npz)$/i.test(contentName(path)),
  records: importNumpy,
});

const TEXT_ROLES = ['label', 'id', 'group', 'split'] as const;

/**
 * Yields one record a sequence. Rows are numbered from 0, as in Python.
 * @throws LockstepError DATA_NOT_FOUND; DATA_INVALID for an absent array, another type or shape than that of
 * sequences, a damaged file; USAGE where the axis of the channels is in doubt
 */
async function* importNumpy(path: string, given: Options): AsyncGenerator<RawRecord> {
  const arrays = new Arrays(path);
  try {
    const values = await arrays.values(given.values);
    const rows = await rowsOf(arrays, values, given);
    const columns = await columnsOf(arrays, given, rows.count);
    for (let row = 0; row < rows.count; row++) {
      const bytes = await values.take(rows.rowsOf(row));
      const fields = await fieldsOf(columns);
      const record = { values: rows.valuesOf(bytes), channels: rows.channels };
      yield recordOfRow(path, row, fields, record);
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
  rows: number,
): Promise<Map<keyof Options, RowColumn>> {
  const columns = new Map<keyof Options, RowColumn>();
  for (const role of [...TEXT_ROLES, 'target'] as const) {
    const name = given[role];
    if (name === undefined) continue;
    const array = await arrays.column(name, role);
    columns.set(role, new RowColumn(array, rows, role));
  }
  return columns;
}

async function fieldsOf(columns: ReadonlyMap<keyof Options, RowColumn>): Promise<RowFields> {
  const fields: Record<string, string | number[] | undefined> = {};
  for (const role of TEXT_ROLES) fields[role] = (await columns.get(role)?.texts())?.[0];
  fields.targets = await columns.get('target')?.numbers();
  return fields;
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
    return this.#isZip ? await this.#inZip(name, 'values') : await this.#file(this.#path);
  }

  /** An array of one item a row, or for targets of several. */
  async column(name: string, role: string): Promise<NpyArray> {
    const array = await this.#array(name, role);
    if (role === 'target' ? !array.header.dtype.isText : array.rowItems === 1) return array;
    const what = role === 'target' ? 'is no array of numbers' : 'has more than one item a row';
    throw sourceError(array.name, `it ${what}, so it cannot be the ${role}`);
  }

  /** All numbers of a small array. */
  async numbers(name: string, role: string): Promise<ArrayLike<number>> {
    const array = await this.#array(name, role);
    if (array.header.dtype.isText || array.rowItems !== 1) {
      throw sourceError(array.name, `its shape ${array.shapeText} is not that of ${role}`);
    }
    const bytes = await array.take(array.rows);
    await array.end();
    return array.header.dtype.numbers(bytes);
  }

  async #array(name: string, role: string): Promise<NpyArray> {
    if (/\.npy(\.gz|\.zst)?$/i.test(name)) return await this.#file(join(dirname(this.#path), name));
    if (this.#isZip) return await this.#inZip(name, role);
    throw new LockstepError(
      'USAGE',
      `Cannot import "${this.#path}": a .npy file holds one array, so it has no "${name}" for the ${role}.`,
      `Name a .npy file that lies beside it: --${role} ${name}.npy.`,
    );
  }

  get #isZip(): boolean {
    return /\.npz$/i.test(contentName(this.#path));
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
