/** The numbers in one cell of a table. One kind of separator a cell, so that no number is cut in two. */
import { isRoundedInteger, RoundedInteger } from '../../core/exact-integer.ts';
import { nonFiniteNumber } from '../../core/non-finite.ts';
import { filled } from '../../core/typed-arrays.ts';
import { adviceOnText } from './not-a-number.ts';

/** What stands before the fraction: `1.5` or `1,5`. */
export type DecimalMark = '.' | ',';

/** What is wrong with a cell. */
export class CellError extends Error {
  /** What to do about it; absent: correct the line. */
  readonly advice: string | undefined;

  constructor(message: string, advice?: string) {
    super(message);
    this.advice = advice;
  }
}

/** Text that is no number. It spoils one sequence; two kinds of separators spoil them all. */
export class NotANumber extends CellError {
  constructor(text: string) {
    super(`"${text.slice(0, 100)}" is not a number`, adviceOnText(text));
  }
}

/**
 * Reads a list: numbers between commas, semicolons, tabs or spaces, with or without brackets. An empty place
 * between two separators is a missing value, NaN.
 * @throws NotANumber; CellError for two kinds of separators
 */
export function parseValuesCell(cell: string, decimal: DecimalMark = '.'): Float64Array {
  const list = withoutBrackets(cell);
  if (list.trim() === '') return new Float64Array(0);
  const places = placesOf(list, decimal);
  return filled(new Float64Array(places.length), (i) => parseNumber(places[i]!.trim(), decimal));
}

function withoutBrackets(cell: string): string {
  const list = cell.trim();
  // An empty place beside a tab at an end of the cell counts: it stays.
  const isTuple = /^\(.*\)$/s.test(list);
  // Python writes a tuple of one value with a comma.
  if (isTuple) return list.slice(1, -1).replace(/^([^,]+),$/, '$1');
  return /^\[.*\]$/s.test(list) ? list.slice(1, -1) : cell;
}

/** Commas and semicolons may have spaces around them. Where there is none of them, spaces separate. */
function placesOf(list: string, decimal: DecimalMark): string[] {
  const separators = decimal === ',' ? [';', '\t'] : [';', ',', '\t'];
  const found = separators.filter((separator) => list.includes(separator));
  const [separator] = found;
  if (separator === undefined) return list.trim().split(/\s+/);
  const places = list.split(separator);
  const isMixed = found.length > 1 || places.some((place) => /\S\s+\S/.test(place));
  if (isMixed || (separator === ',' && hasTwoKindsOfCommas(list))) throw mixed(list);
  return places;
}

/** `0,5, 0,7`: commas with and without a space behind them. Lines may break at either. */
const hasTwoKindsOfCommas = (list: string): boolean =>
  /[\d.],[+-]?[\d.]/.test(list) && /[\d.],[ \t]+[+-]?[\d.]/.test(list);

function mixed(list: string): CellError {
  const start = list.trim().slice(0, 40);
  return new CellError(
    `two kinds of separators in one cell ("${start}${start.length < list.length ? '…' : ''}")`,
    'Separate the values by one of comma, semicolon, tab or spaces. If the comma is a decimal mark, add --decimal , to the command.',
  );
}

/** Matches in one way only, so in linear time: `\d+\.?\d*` would match n digits in n ways. */
const NUMBER = {
  '.': /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i,
  ',': /^[+-]?(\d+(,\d+)?|,\d+)(e[+-]?\d+)?$/i,
} as const;

/**
 * Reads a cell with one number; an empty one is a missing value, NaN.
 * @throws NotANumber; CellError for a comma where a point is expected, and for an integer that no double holds
 */
export function parseNumber(text: string, decimal: DecimalMark = '.'): number {
  if (NUMBER[decimal].test(text)) {
    if (isRoundedInteger(text)) throw rounded(text);
    return Number(text.replace(',', '.'));
  }
  const named = nonFiniteNumber(text);
  if (named !== undefined) return named;
  const other = decimal === '.' ? ',' : '.';
  if (NUMBER[other].test(text) || THOUSANDS.test(text)) throw otherMark(text, decimal);
  throw new NotANumber(text);
}

function rounded(text: string): CellError {
  const { message, advice } = new RoundedInteger(text);
  return new CellError(message, advice);
}

/** `1.234.567`, `1,234.5`: groups of three digits. */
const THOUSANDS = /^[+-]?\d{1,3}(([.,])\d{3})(\2\d{3})*([.,]\d+)?$/;

function otherMark(text: string, decimal: DecimalMark): CellError {
  if (decimal === ',') {
    return new CellError(
      `"${text}" has a point, and --decimal says that commas are the decimal marks`,
      'Write all numbers in one way, and without separators of thousands.',
    );
  }
  return new CellError(
    `"${text}" has ${text.includes(',') ? 'a comma' : 'two points'}`,
    'If the comma is a decimal mark, add --decimal , to the command; if points or commas separate thousands, write the numbers without them.',
  );
}
