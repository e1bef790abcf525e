import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { randomStream } from '../../../src/core/random.ts';
import { eigenpairs, leadingEigenpairs } from '../../../src/solver/eigen.ts';
import {
  gramOfRows,
  type Matrix,
  matrix,
  multiplyByTransposed,
} from '../../../src/solver/matrix.ts';

function random(rows: number, columns: number, scale = (_column: number) => 1): Matrix {
  const stream = randomStream(3, 'synthetic');
  return matrix(
    rows,
    columns,
    Float64Array.from(
      { length: rows * columns },
      (_, at) => scale(at % columns) * (stream.uniform(at) - 0.5),
    ),
  );
}

/** The largest entry of V · A − λ · V. */
function residual(a: Matrix, { values, vectors }: ReturnType<typeof eigenpairs>): number {
  const product = multiplyByTransposed(vectors, a);
  return Math.max(
    ...product.values.map((value, at) =>
      Math.abs(value - values[Math.floor(at / a.rows)]! * vectors.values[at]!),
    ),
  );
}

const near = (found: Float64Array, expected: ArrayLike<number>, tolerance: number) =>
  assert.ok(found.every((value, i) => Math.abs(value - expected[i]!) <= tolerance));

describe('eigenpairs', () => {
  it('are those of a symmetric matrix, the largest first', () => {
    const found = eigenpairs(matrix(2, 2, Float64Array.of(2, 1, 1, 2)));
    near(found.values, [3, 1], 1e-14);
    near(found.vectors.values.map(Math.abs), new Array(4).fill(Math.SQRT1_2), 1e-14);
  });

  it('solve A v = λ v with vectors of length 1 at right angles', () => {
    const a = gramOfRows(random(12, 20));
    const found = eigenpairs(a);
    assert.ok(residual(a, found) < 1e-12);
    const identity = Float64Array.from({ length: 144 }, (_, at) => (at % 13 === 0 ? 1 : 0));
    near(gramOfRows(found.vectors).values, identity, 1e-12);
  });

  it('are the first ones of a large matrix where these are wanted, the same every time', () => {
    const a = gramOfRows(random(60, 80, (column) => 0.8 ** column));
    const [all, first] = [eigenpairs(a), leadingEigenpairs(a, 6)];
    near(first.values, all.values, 1e-9 * all.values[0]!);
    assert.ok(residual(a, first) < 1e-5);
    assert.deepEqual(leadingEigenpairs(a, 6), first);
  });

  it('are finite where the matrix has a smaller rank', () => {
    const a = gramOfRows(random(20, 3));
    const { values } = leadingEigenpairs(a, 5);
    assert.ok(values[2]! > 0 && Math.abs(values[3]!) < 1e-9);
  });
});
