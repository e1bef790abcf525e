/** Turns JSON records into sequences: one a record, or, in long form, one for each id. */
import { basename } from 'node:path';
import type { ImportItem } from '../../data/record.ts';
import { sourceError } from '../../source/file/source-error.ts';
import { LongForm, type LongRow } from '../../source/long-form/long-form.ts';
import { LongFormReader } from '../../source/long-form/long-form-reader.ts';
import type { ColumnUse } from '../../source/preview.ts';
import { ALL_OTHERS, chooseColumns } from '../../source/table/column-choice.ts';
import { UNEVEN } from '../../source/table/interleave.ts';
import { type RowValues, spoiledItem } from '../../source/table/row-record.ts';
import {
  itemOfLine,
  lineError,
  refuseForgottenId,
  type TableColumns,
  type TableOptions,
} from '../../source/table/table-columns.ts';
import type { TableReader } from '../../source/table/table-reader.ts';
import {
  channelFields,
  type JsonRow,
  namesField,
  numberField,
  rowText,
  SpoiledField,
  textField,
  valuesField,
} from './json-cells.ts';

/** The fields of the values: those of one channel each, or of one timestep each. */
interface ValueFields {
  readonly names: readonly string[];
  readonly isRange: boolean;
}

/**
 * pandas writes a table as one object unless told otherwise: by its columns, by its rows, or with the names apart.
 * @throws LockstepError DATA_INVALID
 */
function refuseOrient({ path, line, fields }: JsonRow): void {
  const found = Object.values(fields);
  const isObject = (value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  const isApart =
    Array.isArray(fields.data) && (Array.isArray(fields.columns) || isObject(fields.schema));
  if (!isApart && !(found.length > 0 && found.every(isObject))) return;
  throw lineError(path, line, 'this object is a whole table, as pandas writes it by default', {
    advice: 'Write an object for each row: table.to_json(FILE, orient="records").',
  });
}

/** @param first the first record of the file, whose fields a range of fields means */
export function jsonReader(options: TableOptions, first: JsonRow): TableReader<JsonRow> {
  refuseOrient(first);
  refuseForgottenId(options.path, options.columns, Object.keys(first.fields));
  const fields = valueFields(options, first);
  return options.columns.time === undefined
    ? new SequenceReader(options, fields)
    : new LongReader(options, fields.names);
}

/** Each field of the first record with its role. */
export function fieldUses(options: TableOptions, first: JsonRow): ColumnUse[] {
  refuseOrient(first);
  const { values: _, channels: __, ignored: ___, ...columns } = options.columns;
  const roles = new Map(valueFields(options, first).names.map((name) => [name, 'values']));
  for (const [role, names] of Object.entries(columns)) {
    const isOne = names !== undefined && Object.hasOwn(first.fields, names);
    for (const name of isOne ? [names] : (names?.split(',') ?? [])) roles.set(name.trim(), role);
  }
  return Object.keys(first.fields).map((name) => ({ name, role: roles.get(name) }));
}

function valueFields({ path, columns }: TableOptions, { fields }: JsonRow): ValueFields {
  const { values } = columns;
  const isName = values !== ALL_OTHERS && !/,|\.\./.test(values);
  if (isName || Object.hasOwn(fields, values)) return { names: [values], isRange: false };
  const names = Object.keys(fields);
  const found = chooseColumns(values, names, takenBy(columns, names));
  if (!Array.isArray(found)) {
    const { problem = `its first record has no field "${found.absent}" for the values`, advice } =
      found;
    throw sourceError(path, problem, advice === undefined ? {} : { advice });
  }
  const [part, more] = found;
  const nameOf = (column: number) => names[column]!;
  if (part?.isRange && more === undefined)
    return { names: part.columns.map(nameOf), isRange: true };
  if (found.some(({ isRange }) => isRange)) {
    throw sourceError(path, `"${values}" names several ranges of fields`, {
      advice: 'Give each channel a field of its own, or one field with a list for each timestep.',
    });
  }
  return { names: found.flatMap((one) => one.columns.map(nameOf)), isRange: false };
}

function takenBy(columns: TableColumns, names: readonly string[]): Set<number> {
  const { values: _, channels: __, ignored = [], ...others } = columns;
  const options = [...Object.values(others), ...ignored];
  const taken = options.flatMap((name) => [name, ...(name?.split(',') ?? [])]);
  return new Set([...names.keys()].filter((column) => taken.includes(names[column]!)));
}

class SequenceReader implements TableReader<JsonRow> {
  readonly isFull = false;
  readonly #columns: TableColumns;
  readonly #fields: ValueFields;

  constructor({ columns }: TableOptions, fields: ValueFields) {
    this.#columns = columns;
    this.#fields = fields;
  }

  read(row: JsonRow): ImportItem {
    const { path, line, number } = row;
    const fallbackId = `${basename(path)}:${number}`;
    const id = textField(row, this.#columns.id) ?? fallbackId;
    try {
      const values = this.#values(row);
      if (values === UNEVEN) return { id, skipped: 'uneven-channels' };
      const timestepLabels = namesField(row, this.#columns.timestepLabels);
      return itemOfLine(
        path,
        line,
        { ...rowText(row, this.#columns), timestepLabels },
        fallbackId,
        values,
      );
    } catch (thrown) {
      if (!(thrown instanceof SpoiledField)) throw thrown;
      const spoiled = { message: `line ${line}, ${thrown.message}`, advice: thrown.advice };
      return spoiledItem(id, spoiled, textField(row, this.#columns.label));
    }
  }

  #values(row: JsonRow): RowValues | typeof UNEVEN {
    const { names, isRange } = this.#fields;
    if (isRange)
      return this.#inChannels({
        values: names.map((name) => numberField(row, name)),
        isPadded: true,
      });
    return names.length > 1
      ? channelFields(row, names)
      : this.#inChannels(valuesField(row, names[0]!));
  }

  /** Divides a list that holds all channels. */
  #inChannels(found: RowValues | typeof UNEVEN): RowValues | typeof UNEVEN {
    const { channels } = this.#columns;
    if (found === UNEVEN || channels === undefined) return found;
    if (found.channels !== undefined && found.channels !== channels) return UNEVEN;
    return found.values.length % channels === 0 ? { ...found, channels } : UNEVEN;
  }

  async flush(): Promise<void> {}

  rest(): ImportItem[] {
    return [];
  }

  async close(): Promise<void> {}
}

class LongReader extends LongFormReader<JsonRow> {
  readonly #columns: TableColumns;
  readonly #names: readonly string[];

  constructor({ path, columns }: TableOptions, names: readonly string[]) {
    const hasTimestepLabels = columns.timestepLabels !== undefined;
    const soleId = columns.id === undefined ? basename(path) : undefined;
    super(new LongForm({ path, channels: names.length, hasTimestepLabels, soleId }));
    this.#columns = columns;
    this.#names = names;
  }

  read(row: JsonRow): undefined {
    try {
      this.isFull = this.form.add(this.#longRow(row));
    } catch (thrown) {
      if (!(thrown instanceof SpoiledField)) throw thrown;
      const id = textField(row, this.#columns.id) ?? '';
      this.form.spoil(id, new SpoiledField(`line ${row.line}, ${thrown.message}`, thrown.advice));
    }
  }

  #longRow(row: JsonRow): LongRow {
    const { id = '', label, group, split, labels, targets } = rowText(row, this.#columns);
    return {
      line: row.line,
      id,
      label,
      group,
      labels,
      targets,
      time: textField(row, this.#columns.time) ?? '',
      split,
      values: Float64Array.from(this.#names, (name) => numberField(row, name)),
      timestepLabel: textField(row, this.#columns.timestepLabels),
    };
  }
}
