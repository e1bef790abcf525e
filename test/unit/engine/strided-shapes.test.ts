import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  areDistinct,
  coarseLength,
  shapesFor,
} from '../../../src/engine/tensorflow/graph/strided-shapes.ts';

const SHAPES = [
  { rows: 3, length: 257, positions: 29, padding: 5 },
  { rows: 5, length: 163, positions: 41, padding: 11 },
  { rows: 2, length: 311, positions: 17, padding: 13 },
  { rows: 1, length: 281, positions: 19, padding: 7 },
];

/** Total strides of a network, each one a multiple of the one before. */
const anyStrides = fc
  .array(fc.integer({ min: 2, max: 4 }), { minLength: 1, maxLength: 5 })
  .map((factors) => factors.map((_, at) => factors.slice(0, at + 1).reduce((a, b) => a * b)));

describe('shapesFor()', () => {
  it('tells all sizes apart, with and without padding, also of long sequences', () => {
    fc.assert(
      fc.property(
        anyStrides,
        fc.boolean(),
        fc.constantFrom(0, 400),
        (strides, isPadded, longer) => {
          const given = SHAPES.map((shape) => ({
            ...shape,
            length: shape.length + longer,
            padding: isPadded ? shape.padding : 0,
          }));
          const shapes = shapesFor(given, strides);
          assert.ok(areDistinct(shapes));
          for (const shape of shapes as Readonly<Record<string, number>>[]) {
            for (const stride of strides) {
              assert.equal(shape[coarseLength(stride)], Math.ceil(shape.length! / stride));
            }
          }
        },
      ),
      { numRuns: 60, seed: 5 },
    );
  });
});

describe('areDistinct()', () => {
  it('is false where half of an odd length grows as the length does', () => {
    const halved = SHAPES.map((shape) => ({ ...shape, [coarseLength(2)]: (shape.length + 1) / 2 }));
    assert.equal(areDistinct(halved), false);
  });
});
