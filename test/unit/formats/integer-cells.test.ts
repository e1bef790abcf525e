import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { csvRows } from '../../../src/formats/csv/csv-rows.ts';
import {
  areIntegers,
  areNumbers,
  CellDivider,
  narrowed,
} from '../../../src/formats/csv/integer-cells.ts';

const COMMA = 0x2c;
const digits = fc.stringMatching(/^[0-9]{0,10}$/);
const decimal = fc.stringMatching(/^-?[0-9]{0,14}\.?[0-9]{0,14}$/);
const cell = fc.oneof(
  { weight: 6, arbitrary: digits },
  { weight: 6, arbitrary: decimal },
  fc.constantFrom('-1', '1.5', 'é', '/', ':', ' 1', '1 ', '\0', '\x7f', 'a'.repeat(40)),
);
const cells = fc.array(cell, { minLength: 1, maxLength: 60 });

/** What is read at once of the numbers with a sign or a point. */
const numberOf = (text: string): number =>
  /^-?(?=.?\d)\d{0,15}\.?\d{0,15}$/.test(text) && text.replace(/[-.]/g, '').length <= 15
    ? Number(text)
    : Number.NaN;

const isInteger = (text: string): boolean => /^\d{1,8}$/.test(text);

const divider = new CellDivider();
/** Of the cells, behind which those of longer rows may follow. */
const cellsOf = (...row: Parameters<CellDivider['divide']>) => {
  const { size, starts, ends, integers, bits, numbers } = divider.divide(...row);
  const [first, last] = [starts, ends].map((places) => [...places.subarray(0, size)]);
  const found = {
    integers: [...integers.subarray(0, size)],
    numbers: [...numbers.subarray(0, size)],
  };
  return { ...found, bits, starts: first!, ends: last! };
};

describe('cells between separators', () => {
  it('have their places, and their integers of one to eight digits', () => {
    fc.assert(
      fc.property(cells, fc.nat(20), fc.nat(20), (texts, ahead, behind) => {
        const line = Buffer.from(texts.join(','));
        const bytes = Buffer.concat([Buffer.alloc(ahead, '7'), line, Buffer.alloc(behind, ',')]);
        const found = cellsOf(bytes, ahead, ahead + line.length, COMMA);
        const integers = texts.map((text) => (isInteger(text) ? Number(text) : 'none'));
        assert.deepEqual(
          found.integers.map((one) => (one >= 0 ? one : 'none')),
          integers,
        );
        assert.deepEqual(
          Array.from(found.starts, (start, i) => bytes.toString('utf8', start, found.ends[i])),
          texts,
        );
        const ofAll = found.integers.reduce((bits, one) => bits | one, 0);
        assert.equal(found.bits, ofAll);
        assert.equal(areIntegers(ofAll), texts.every(isInteger));
        const numbers = texts.map(numberOf);
        assert.deepEqual(found.numbers, numbers);
        assert.equal(areNumbers(ofAll), !numbers.some(Number.isNaN));
      }),
    );
  });

  it('may have one space behind each separator; a cell with none or two is no number', () => {
    const gap = fc.constantFrom(' ', ' ', ' ', ' ', '', '  ');
    const list = fc.array(fc.tuple(gap, fc.oneof(digits, decimal)), {
      minLength: 1,
      maxLength: 40,
    });
    fc.assert(
      fc.property(digits, list, (first, rest) => {
        const line = Buffer.from(first + rest.map(([space, text]) => `,${space}${text}`).join(''));
        const { numbers, bits } = cellsOf(line, 0, line.length, COMMA, 1);
        const expected = rest.map(([space, text]) => (space === ' ' ? numberOf(text) : Number.NaN));
        assert.deepEqual(numbers, [numberOf(first), ...expected]);
        assert.equal(areNumbers(bits), !numbers.some(Number.isNaN));
      }),
    );
  });

  it('become bytes where all fit one', () => {
    assert.ok(narrowed(Int32Array.of(0, 255), 255) instanceof Uint8Array);
    assert.deepEqual(narrowed(Int32Array.of(1, 256), 257), Int32Array.of(1, 256));
  });

  it('are those of csv-parse in long rows, with and without quotes, wherever a chunk ends', async () => {
    const quoted = fc.constantFrom('"a,b"', '"1"', '"x\ny"', '"say ""so"""');
    const row = fc
      .array(fc.oneof({ weight: 200, arbitrary: digits }, quoted), { minLength: 60, maxLength: 90 })
      .map((texts) => texts.join(','));
    const table = fc.array(row, { minLength: 1, maxLength: 6 });
    const end = fc.constantFrom('\n', '\r\n');
    await fc.assert(
      fc.asyncProperty(table, end, fc.nat(900), async (rows, feed, size) => {
        const text = rows.join(feed);
        const chunks = async function* () {
          for (let at = 0; at < text.length; at += size + 1) {
            yield Buffer.from(text.slice(at, at + size + 1));
          }
        };
        const found: string[][] = [];
        for await (const some of csvRows('file', chunks(), COMMA)) {
          for (const one of some) {
            found.push(Array.from({ length: one.size }, (_, i) => one.text(i)));
          }
        }
        assert.deepEqual(found, parse(text, { relax_column_count: true }));
      }),
    );
  });
});
