/** Inner products and decompositions, four rows by two at a time: right at every size, whatever the tiles leave over. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { randomStream } from '../../../src/core/random.ts';
import {
  cholesky,
  inverseDiagonal,
  solveLower,
  solveLowerRows,
  solveLowerTransposed,
} from '../../../src/solver/cholesky.ts';
import {
  gramOfRows,
  type Matrix,
  matrix,
  multiplyByTransposed,
} from '../../../src/solver/matrix.ts';
import { Multiplier } from '../../../src/solver/multiplier.ts';

const draw = randomStream(2, 'synthetic');

function drawn(rows: number, columns: number): Matrix {
  const values = Float64Array.from({ length: rows * columns }, (_, at) => draw.uniform(at) - 0.5);
  return matrix(rows, columns, values);
}

const row = ({ columns, values }: Matrix, at: number) =>
  values.subarray(at * columns, (at + 1) * columns);

function near(found: number, expected: number): void {
  assert.ok(Math.abs(found - expected) < 1e-12, `${found}, not ${expected}`);
}

const SIZES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 13];

describe('inner products of rows', () => {
  it('are those of each pair', () => {
    for (const rows of SIZES) {
      for (const columns of [1, 2, 5, 256, 259]) {
        const x = drawn(rows, columns);
        const gram = gramOfRows(x);
        for (let i = 0; i < rows; i++) {
          for (let j = 0; j < rows; j++) {
            const sum = row(x, i).reduce((total, value, k) => total + value * row(x, j)[k]!, 0);
            near(gram.values[i * rows + j]!, sum);
          }
        }
      }
    }
  });
});

describe('a multiplier', () => {
  it('has the products of its rows with those of one matrix after another', () => {
    for (const rows of SIZES) {
      for (const [columns, outputs] of [
        [1, 1],
        [2, 3],
        [5, 4],
        [7, 6],
      ] as const) {
        const x = drawn(rows, columns);
        const multiplier = new Multiplier(x, outputs);
        for (let time = 0; time < 2; time++) {
          const other = drawn(outputs, columns);
          const products = new Float64Array(outputs * rows);
          multiplier.multiply(other.values, products);
          const expected = multiplyByTransposed(other, x);
          for (const [at, value] of products.entries()) near(value, expected.values[at]!);
        }
      }
    }
  });
});

describe('cholesky()', () => {
  it('gives a lower triangle whose product with its transpose is the matrix', () => {
    for (const size of SIZES) {
      const a = gramOfRows(drawn(size, size + 3));
      const lower = cholesky(a);
      const product = gramOfRows(lower);
      for (const [at, value] of product.values.entries()) near(value, a.values[at]!);
      for (let i = 0; i < size; i++)
        assert.ok(
          row(lower, i)
            .slice(i + 1)
            .every((one) => one === 0),
        );
    }
  });

  it('gives the diagonal of the inverse', () => {
    for (const size of SIZES) {
      const a = gramOfRows(drawn(size, size + 3));
      for (let i = 0; i < size; i++) a.values[i * size + i]! += 1;
      const lower = cholesky(a);
      for (const [i, value] of inverseDiagonal(lower).entries()) {
        const unit = new Float64Array(size);
        unit[i] = 1;
        solveLower(lower, unit);
        solveLowerTransposed(lower, unit);
        near(value, unit[i]!);
      }
    }
  });

  it('solves for each row of a matrix', () => {
    for (const size of SIZES) {
      const a = gramOfRows(drawn(size, size + 3));
      for (let i = 0; i < size; i++) a.values[i * size + i]! += 1;
      const lower = cholesky(a);
      for (const rows of [1, 3, 4, 6]) {
        const x = drawn(rows, size);
        const solved = solveLowerRows(lower, x);
        for (let i = 0; i < rows; i++) {
          const expected = row(x, i).slice();
          solveLower(lower, expected);
          for (const [j, value] of row(solved, i).entries()) near(value, expected[j]!);
        }
      }
    }
  });

  it('refuses a matrix that is not positive definite', () => {
    const singular = gramOfRows(matrix(2, 1, Float64Array.of(1, 1)));
    assert.throws(() => cholesky(singular), RangeError);
  });
});
