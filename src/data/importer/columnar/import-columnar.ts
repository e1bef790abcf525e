/** Imports columnar files: one sequence a row, its values in a column of lists. */
import { basename } from 'node:path';
import { z } from 'zod';
import { LockstepError } from '../../../core/errors.ts';
import { listNames } from '../../../core/name-list.ts';
import { didYouMean } from '../../../core/nearest-name.ts';
import { UNEVEN } from '../interleave.ts';
import { type ColumnUse, usesOf } from '../preview.ts';
import type { ImportItem, RawRecord } from '../record.ts';
import { optionName } from '../refuse-useless.ts';
import { itemOfRow, rowError, timestepByTimestep } from '../row-record.ts';
import { type Cell, type ColumnarFile, isList, type ListCell, numbersOf, textOf } from './cell.ts';

/** Options of the importers of columnar files. */
export const columnarOptions = {
  /** The column of the values: lists of numbers, or lists of lists for several channels. */
  values: z.string().default('values'),
  id: z.string().optional(),
  label: z.string().optional(),
  group: z.string().optional(),
  split: z.string().optional(),
  /** A column of lists of class names. */
  labels: z.string().optional(),
  /** A column of numbers, or of lists of numbers. */
  target: z.string().optional(),
  /** A column of lists with a class for each timestep. */
  timestepLabels: z.string().optional(),
  /** What the inner lists hold: a channel each (first), or a timestep each (last). */
  channels: z.enum(['first', 'last']).optional(),
};

type Options = z.output<z.ZodObject<typeof columnarOptions>>;
type Role = Exclude<keyof Options, 'channels'>;

const ROLES = [
  'values',
  'id',
  'label',
  'group',
  'split',
  'labels',
  'target',
  'timestepLabels',
] as const;

/**
 * Yields the rows.
 * @param firstRow the number of the first row, for ids and messages
 * @throws LockstepError DATA_INVALID for an absent column and for a cell of another kind than its role needs
 */
export async function* columnarRecords(
  file: ColumnarFile,
  options: Options,
  firstRow = 0,
): AsyncGenerator<ImportItem> {
  const roles = ROLES.filter((role) => options[role] !== undefined);
  for (const role of roles) refuseAbsent(file, options[role]!, role);
  const reader = new RowReader(file, options);
  let row = firstRow;
  for await (const cells of file.rows([...new Set(roles.map((role) => options[role]!))])) {
    yield reader.item(row++, cells);
  }
}

/** The columns, and what the options make of them. */
export function columnUses({ columns }: ColumnarFile, options: Options): ColumnUse[] {
  const names = columns.map(({ name }) => name);
  return usesOf(names, ROLES, options);
}

function refuseAbsent({ path, columns }: ColumnarFile, name: string, role: Role): void {
  const known = columns.map((column) => column.name);
  const count = known.filter((other) => other === name).length;
  if (count === 1) return;
  const what =
    count === 0
      ? `it has no column "${name}" for the ${role}`
      : `it has ${count} columns "${name}"`;
  throw new LockstepError(
    'DATA_INVALID',
    `Cannot import "${path}": ${what} (columns: ${listNames(known)}).`,
    `Name one of its columns with ${optionName(role)}.${didYouMean(name, known)}`,
  );
}

/** Turns rows into records. */
class RowReader {
  readonly #path: string;
  readonly #channelAxis: Options['channels'];
  /** Which cell of a row has a role. */
  readonly #places: ReadonlyMap<Role, number>;
  readonly #classNames: ReadonlyMap<Role, readonly string[]>;

  constructor({ path, columns }: ColumnarFile, options: Options) {
    this.#path = path;
    this.#channelAxis = options.channels;
    const roles = ROLES.filter((role) => options[role] !== undefined);
    const names = [...new Set(roles.map((role) => options[role]!))];
    this.#places = new Map(roles.map((role) => [role, names.indexOf(options[role]!)]));
    const facts = new Map(columns.map((column) => [column.name, column.classNames]));
    const named = roles.map((role) => [role, facts.get(options[role]!)] as const);
    this.#classNames = new Map(named.flatMap(([role, list]) => (list ? [[role, list]] : [])));
  }

  item(row: number, cells: readonly Cell[]): ImportItem {
    const cell = (role: Role) => {
      const place = this.#places.get(role);
      return place === undefined ? undefined : cells[place]!;
    };
    const text = (role: Role) => this.#text(row, role, cell(role));
    const fields = {
      id: text('id'),
      label: text('label'),
      group: text('group'),
      split: text('split'),
      labels: this.#texts(row, 'labels', cell('labels')),
      targets: this.#numbers(row, cell('target')),
      timestepLabels: this.#texts(row, 'timestepLabels', cell('timestepLabels')),
    };
    const values = this.#values(row, cell('values')!);
    if (values !== UNEVEN) return itemOfRow(this.#path, row, fields, values);
    return { id: fields.id || `${basename(this.#path)}:${row}`, skipped: 'uneven-channels' };
  }

  #text(row: number, role: Role, cell: Cell | undefined): string | undefined {
    if (cell === undefined) return undefined;
    if (isList(cell)) throw rowError(this.#path, row, `its ${role} is a list`);
    return this.#className(row, role, textOf(cell));
  }

  #texts(row: number, role: Role, cell: Cell | undefined): string[] | undefined {
    if (cell === undefined) return undefined;
    if (!isList(cell)) throw rowError(this.#path, row, `its ${role} are no list`);
    return Array.from(cell.items, (item) => this.#className(row, role, textOf(item)));
  }

  /** Integers of a column with class names stand for these; -1 is no class. */
  #className(row: number, role: Role, text: string): string {
    const names = this.#classNames.get(role);
    if (names === undefined || text === '' || !/^-?\d+$/.test(text)) return text;
    if (text === '-1') return '';
    const name = names[Number(text)];
    if (name !== undefined) return name;
    throw rowError(this.#path, row, `${role} ${text} is none of the ${names.length} classes`);
  }

  #numbers(row: number, cell: Cell | undefined): number[] | undefined {
    if (cell === undefined) return undefined;
    return Array.from(this.#checkedNumbers(row, 'target', isList(cell) ? cell : { items: [cell] }));
  }

  #values(row: number, cell: Cell): Pick<RawRecord, 'values' | 'channels'> | typeof UNEVEN {
    if (cell === null) return { values: [] };
    if (!isList(cell)) throw rowError(this.#path, row, 'its values are no list');
    const numbers = this.#checkedNumbers(row, 'values', cell);
    if (cell.lengths === undefined || cell.lengths.length === 0) return { values: numbers };
    return this.#channelled(row, numbers, cell.lengths);
  }

  #channelled(row: number, numbers: ArrayLike<number>, lengths: readonly number[]) {
    const [inner = 0] = lengths;
    if (lengths.some((length) => length !== inner)) return UNEVEN;
    if (this.#channelAxis === undefined && lengths.length > 1 && inner !== 1) {
      throw new LockstepError(
        'USAGE',
        `Cannot import "${this.#path}": row ${row} has ${lengths.length} lists of ${inner} values, which may be channels or timesteps.`,
        'Say --channels first if each inner list is a channel, or --channels last if each is a timestep.',
      );
    }
    const axis = this.#channelAxis ?? (lengths.length === 1 ? 'first' : 'last');
    return axis === 'last'
      ? { values: numbers, channels: inner }
      : { values: timestepByTimestep(numbers, lengths.length), channels: lengths.length };
  }

  #checkedNumbers(row: number, role: Role, { items }: ListCell): ArrayLike<number> {
    try {
      return numbersOf(items);
    } catch (error) {
      throw rowError(this.#path, row, `${role}: ${(error as Error).message}`);
    }
  }
}
