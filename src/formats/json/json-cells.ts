/** The fields of a JSON record by their roles. */

import { isRoundedInteger, RoundedInteger } from '../../core/exact-integer.ts';
import { listNames } from '../../core/name-list.ts';
import { didYouMean } from '../../core/nearest-name.ts';
import { nonFiniteNumber } from '../../core/non-finite.ts';
import { filled } from '../../core/typed-arrays.ts';
import { interleaved, UNEVEN } from '../../source/table/interleave.ts';
import { adviceOnText } from '../../source/table/not-a-number.ts';
import type { RowFields, RowValues } from '../../source/table/row-record.ts';
import { lineError, type TableColumns } from '../../source/table/table-columns.ts';
import { sourceOfField } from './json-line.ts';

/** One record: its fields, and its text. */
export interface JsonRow {
  readonly path: string;
  /** The line in which it begins. */
  readonly line: number;
  /** Names a record without an id: see `JsonElement`. */
  readonly number: number;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly source: string;
}

/** A field that spoils its record, and no other. */
export class SpoiledField extends Error {
  readonly advice: string | undefined;

  constructor(message: string, advice?: string) {
    super(message);
    this.advice = advice;
  }
}

/** A surrogate alone: UTF-8 has none, so all of them would become one name. */
const HALF_CHARACTER = /\p{Surrogate}/u;

/** A string, number or boolean as text; undefined for an absent field, null, or no name. */
export function textField(row: JsonRow, name: string | undefined): string | undefined {
  const value = fieldOf(row, name);
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'object') throw noText(row, name!);
  if (typeof value === 'string' && HALF_CHARACTER.test(value)) {
    throw lineError(row.path, row.line, `field "${name}" has half of a character, as "\\ud800" is`);
  }
  // The digits as they are written: as a number, an id beyond 2^53 would be rounded.
  return typeof value === 'number' ? sourceOfField(row.source, name!)! : String(value);
}

/** pandas writes an object a column, with the rows in it, unless told otherwise. */
function noText({ path, line, fields }: JsonRow, name: string) {
  const isList = Array.isArray(fields[name]);
  const advice = isList
    ? 'Correct the line, or name another field.'
    : 'Write one object for each sequence, with text and numbers in its fields; in pandas, table.to_json(orient="records").';
  const what = `field "${name}" is ${isList ? 'a list' : 'an object'}, not text`;
  return lineError(path, line, what, { advice });
}

const fieldOf = ({ fields }: JsonRow, name: string | undefined): unknown =>
  name !== undefined && Object.hasOwn(fields, name) ? fields[name] : undefined;

/** All fields except the values. */
export function rowText(row: JsonRow, columns: TableColumns): RowFields {
  return {
    id: textField(row, columns.id),
    label: textField(row, columns.label),
    group: textField(row, columns.group),
    split: textField(row, columns.split),
    labels: namesField(row, columns.labels),
    targets: targetsField(row, columns.target),
  };
}

/** A list of names; undefined for null or an absent field. */
export function namesField(row: JsonRow, name: string | undefined): string[] | undefined {
  const value = fieldOf(row, name);
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value)) return value.map((item: unknown) => nameOf(row, item, name!));
  throw lineError(row.path, row.line, `field "${name}" is not an array of names`);
}

/** @throws LockstepError DATA_INVALID for an integer that another one may become */
function nameOf(row: JsonRow, item: unknown, field: string): string {
  if (item === null) return '';
  if (typeof item === 'number' && !isSmall(item)) refuseRounded(row, item, field);
  return String(item);
}

/** Not beyond the integers that a double holds. */
const isSmall = (number: number): boolean => Math.abs(number) <= Number.MAX_SAFE_INTEGER;

/** A number or a list of numbers, or several fields. */
function targetsField(row: JsonRow, names: string | undefined): number[] | undefined {
  if (names === undefined) return undefined;
  const fields = Object.hasOwn(row.fields, names) ? [names] : names.split(',');
  const numbers = fields.flatMap((name) => {
    const value = fieldOf(row, name.trim());
    return Array.isArray(value)
      ? value.map((item, i) => numberOf(row, item, name, i))
      : [numberOf(row, value, name)];
  });
  return numbers.every(Number.isNaN) ? undefined : numbers;
}

/**
 * One value: a number, null, or a word for a missing or infinite number.
 * @throws SpoiledField; LockstepError DATA_INVALID for an integer that no double holds
 */
function numberOf(row: JsonRow, value: unknown, field: string, position?: number): number {
  if (typeof value === 'number') {
    if (!isSmall(value)) refuseRounded(row, value, field);
    return value;
  }
  if (value === null || value === undefined) return Number.NaN;
  const named = typeof value === 'string' ? nonFiniteNumber(value) : undefined;
  if (named !== undefined) return named;
  const at = position === undefined ? '' : ` at ${position}`;
  const isText = typeof value === 'string' && !Number.isNaN(Number(value));
  throw new SpoiledField(
    `field "${field}": ${shown(value)}${at} is not a number`,
    isText ? 'Write the number without quotes.' : adviceOn(value),
  );
}

function shown(value: unknown): string {
  try {
    return JSON.stringify(value).slice(0, 100);
  } catch {
    return 'a list'; // Nested deeper than a function can call itself.
  }
}

/** Long integers that are no part of a text or of another number. */
const LONG_INTEGER = /(?<![\w".+-])-?\d{16,}(?![\w".])/g;

/** Integers of a record that `JSON.parse` has rounded: their digits stand in its text. */
const ROUNDED = new WeakMap<JsonRow, readonly string[]>();

function roundedIntegers(row: JsonRow): readonly string[] {
  const known = ROUNDED.get(row);
  if (known !== undefined) return known;
  const rounded = (row.source.match(LONG_INTEGER) ?? []).filter(isRoundedInteger);
  ROUNDED.set(row, rounded);
  return rounded;
}

function refuseRounded(row: JsonRow, value: number, field: string): void {
  const rounded = roundedIntegers(row).find((text) => Number(text) === value);
  if (rounded === undefined) return;
  const { path, line } = row;
  const { message, advice } = new RoundedInteger(rounded);
  throw lineError(path, line, `field "${field}": ${message}`, { advice });
}

/** Of lists and objects nothing more is to be said. */
const adviceOn = (value: unknown): string | undefined =>
  typeof value === 'object' ? undefined : adviceOnText(String(value));

/** The number in a field that holds one; NaN if it is absent. */
export const numberField = (row: JsonRow, name: string): number =>
  numberOf(row, fieldOf(row, name), name);

/**
 * The values in a field: a list of numbers, or of a list for each timestep. No list at all (null) is an empty one.
 * @throws SpoiledField; LockstepError DATA_INVALID for a field that is absent or no list
 */
export function valuesField(row: JsonRow, name: string): RowValues | typeof UNEVEN {
  const found = fieldOf(row, name);
  if (found === null) return { values: new Float64Array(0) };
  if (!Array.isArray(found)) throw noList(row, name);
  const list = found as unknown[];
  if (!Array.isArray(list[0])) {
    return { values: numbersOf(row, list, name) };
  }
  return timesteps(row, list, name);
}

/** `[[x, y], [x, y], …]`. */
function timesteps(
  row: JsonRow,
  list: readonly unknown[],
  name: string,
): RowValues | typeof UNEVEN {
  const channels = (list[0] as unknown[]).length;
  if (list.some((step) => !Array.isArray(step) || step.length !== channels)) return UNEVEN;
  return { values: numbersOf(row, list.flat(), name), channels };
}

const numbersOf = (row: JsonRow, list: readonly unknown[], name: string): Float64Array =>
  filled(new Float64Array(list.length), (i) => numberOf(row, list[i], name, i));

/** The values of several fields, one a channel. */
export function channelFields(row: JsonRow, names: readonly string[]): RowValues | typeof UNEVEN {
  const lists = names.map((name) => valuesField(row, name));
  if (lists.some((list) => list === UNEVEN || (list.channels ?? 1) > 1)) return UNEVEN;
  const values = interleaved(lists.map((list) => (list as RowValues).values));
  return values === UNEVEN ? UNEVEN : { values, channels: names.length };
}

function noList({ path, line, fields }: JsonRow, name: string) {
  if (Object.hasOwn(fields, name)) {
    const advice = {
      number: `If each record is one timestep (the long form), say --id ID --time TIME --values ${name}.`,
      string: 'Write the values as an array of numbers, [1, 2, 3], without quotes around it.',
      object: 'Write the values as an array of numbers, in the order of time.',
    }[typeof fields[name] as string];
    return lineError(path, line, `field "${name}" is not an array`, { advice });
  }
  const known = Object.keys(fields);
  const records = known.find((field) => holdsRecords(fields[field]));
  const advice =
    records === undefined
      ? `Correct the line, or name another field with --values.${didYouMean(name, known)}`
      : `Its field "${records}" holds objects. If these are the sequences, write them as an array: jq '.${records}' FILE.`;
  return lineError(path, line, `it has no field "${name}" (fields: ${listNames(known)})`, {
    advice,
  });
}

const holdsRecords = (value: unknown): boolean =>
  Array.isArray(value) && typeof value[0] === 'object' && !Array.isArray(value[0]);
