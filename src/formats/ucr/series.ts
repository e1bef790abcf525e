/** Series of the UCR and UEA archives: numbers between commas, `?` or NaN for a missing one. */

import { isRoundedInteger, RoundedInteger } from '../../core/exact-integer.ts';

const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;

/** @throws Error for text that is no number */
export function parseSeries(text: string): number[] {
  return text.trim() === '' ? [] : text.split(',').map((part) => parseNumber(part.trim()));
}

/** @throws Error for text that is no number; RoundedInteger */
export function parseNumber(text: string): number {
  if (NUMBER.test(text)) {
    if (isRoundedInteger(text)) throw new RoundedInteger(text);
    return Number(text);
  }
  if (text === '?' || /^nan$/i.test(text)) return Number.NaN;
  throw new Error(`"${text.slice(0, 40)}" is not a number`);
}
