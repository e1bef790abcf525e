import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DecimalReader } from '../../../src/formats/csv/decimal-reader.ts';

const reader = new DecimalReader();

function read(text: string): [number, number] {
  const bytes = Buffer.from(text);
  return [reader.read(bytes, 0, bytes.length), reader.end];
}

const same = (text: string) => assert.deepEqual(read(text), [Number(text), text.length]);

describe('DecimalReader', () => {
  it('gives the double that Number gives, for any number of digits', () => {
    const digits = fc.stringMatching(/^[0-9]{1,24}$/);
    const numbers = fc.tuple(
      fc.constantFrom('', '-'),
      digits,
      fc.oneof(
        fc.constant(''),
        digits.map((fraction) => `.${fraction}`),
      ),
      fc.oneof(
        fc.constant(''),
        fc.integer({ min: -330, max: 330 }).map((exponent) => `e${exponent}`),
      ),
    );
    fc.assert(
      fc.property(numbers, (parts) => same(parts.join(''))),
      { numRuns: 20_000 },
    );
  });

  it('gives it for what programs write: the shortest text of a double, and 17 digits', () => {
    const doubles = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(doubles, (value) => {
        same(String(Math.abs(value)));
        same(value.toExponential(16));
        same(value.toPrecision(17));
      }),
      { numRuns: 20_000 },
    );
  });

  it('rounds the middle between two doubles to the even one', () => {
    for (const text of [
      '9007199254740993',
      '9007199254740993.0',
      '0.500000000000000166',
      '1.00000000000000011102',
    ]) {
      same(text);
    }
  });

  it('ends where the number ends', () => {
    assert.deepEqual(read('1.5 2'), [1.5, 3]);
    assert.deepEqual(read('1e'), [1, 1]);
    assert.deepEqual(read('1.2.3'), [1.2, 3]);
    for (const text of ['', '.', '-', 'x', '+.', 'NaN'])
      assert.deepEqual(read(text), [Number.NaN, 0]);
    assert.deepEqual(read('-0'), [-0, 2]);
    assert.deepEqual(read('+5.'), [5, 3]);
  });
});
