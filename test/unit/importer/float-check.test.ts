/** Doubles as float32 in WebAssembly, against plain loops. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { FloatCheck } from '../../../src/importer/build/float-check.ts';

const FLOAT = (2 - 2 ** -23) * 2 ** 127;
const edge = fc.constantFrom(
  ...[0, -0, 1, -3, 0.5, 0.1, 2 ** 24 + 1, 2 ** 53 - 1, 2 ** 53 + 2, 1e300, FLOAT, -FLOAT, 1e-46],
);
const common = fc.oneof(edge, fc.float({ noNaN: true }), fc.integer(), fc.double({ noNaN: true }));
const any = fc.oneof({ weight: 30, arbitrary: common }, fc.constantFrom(NaN, Infinity, -Infinity));
/** Short ones, and ones longer than what is looked at together. */
const sequence = fc.oneof(
  fc.array(common, { minLength: 1, maxLength: 9 }),
  fc.array(any, { minLength: 1, maxLength: 40 }),
  fc.tuple(fc.integer({ min: 8191, max: 16_385 }), common, common).map(([size, first, last]) => {
    const values = new Array<number>(size).fill(first);
    values[size - 1] = last;
    return values;
  }),
);
const largest = fc.constantFrom(Infinity, Infinity, 1e6, 3);

function plainFacts(values: readonly number[], most: number) {
  const isGood = (value: number) => Math.abs(Math.fround(value)) <= FLOAT && value <= most;
  if (!values.every(isGood)) return undefined;
  const rounded = values.filter((value) => Math.fround(value) !== value);
  return {
    isRounded: rounded.length > 0,
    roundsInteger: rounded.some(Number.isSafeInteger),
    minimum: values.reduce((a, b) => Math.min(a, b)),
    maximum: values.reduce((a, b) => Math.max(a, b)),
  };
}

describe('doubles become float32', () => {
  it('with the values and the facts of plain loops, sequence after sequence', () => {
    const check = new FloatCheck();
    fc.assert(
      fc.property(sequence, largest, fc.nat(3), (values, most, more) => {
        // What truncation removes does not count.
        const raw = Float64Array.of(...values, ...new Array<number>(more).fill(Number.NaN));
        const into = new Float32Array(values.length);
        const facts = check.convert(raw, into, most);
        const expected = plainFacts(values, most);
        const noSign = (given: typeof facts) =>
          given && { ...given, minimum: given.minimum + 0, maximum: given.maximum + 0 };
        assert.deepEqual(noSign(facts), noSign(expected));
        if (facts !== undefined) assert.deepEqual(into, Float32Array.from(values));
      }),
    );
  });
});
