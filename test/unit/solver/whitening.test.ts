import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type SparseRow, whitening } from '../../../src/solver/whitening.ts';

/** Three directions with deviations of about 7, 2 and 0.07, on columns 5, 1 and 3. */
const rows: SparseRow[] = Array.from({ length: 200 }, (_, i) => ({
  columns: Int32Array.of(1, 3, 5),
  values: Float64Array.of(3 * Math.sin(1.3 * i) + 2, 0.1 * Math.sin(2.9 * i), 10 * Math.cos(i)),
}));

it('gives the widest directions mean 0, variance 1 and no correlation', () => {
  const { weight, bias } = whitening(rows, 8, 2);
  const outputs = rows.map(({ columns, values }) =>
    [0, 1].map((component) =>
      columns.reduce(
        (sum, column, i) => sum + values[i]! * weight.values[column * 2 + component]!,
        bias[component]!,
      ),
    ),
  );
  const mean = (of: (output: number[]) => number) =>
    outputs.reduce((sum, output) => sum + of(output), 0) / outputs.length;
  const near = (found: number, expected: number) =>
    assert.ok(Math.abs(found - expected) < 0.02, `${found} is not ${expected}`);
  near(
    mean(([a]) => a!),
    0,
  );
  near(
    mean(([, b]) => b!),
    0,
  );
  near(
    mean(([a]) => a! * a!),
    1,
  );
  near(
    mean(([, b]) => b! * b!),
    1,
  );
  near(
    mean(([a, b]) => a! * b!),
    0,
  );
  const ofNarrow = [6, 7].map((at) => Math.abs(weight.values[at]!));
  assert.ok(Math.max(...ofNarrow) < 0.05, 'it leaves the narrow direction out');
});

it('keeps directions without data finite', () => {
  const { weight, bias } = whitening(rows.slice(0, 2), 8, 4);
  assert.ok([...weight.values, ...bias].every(Number.isFinite));
});
