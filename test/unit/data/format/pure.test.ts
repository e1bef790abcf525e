import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { batchRows } from '../../../../src/data/format/batch-rows.ts';
import { compareUtf8 } from '../../../../src/data/format/byte-order.ts';

describe('compareUtf8', () => {
  it('orders any two strings as their UTF-8 bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
        const expected = Buffer.compare(Buffer.from(a), Buffer.from(b));
        assert.equal(Math.sign(compareUtf8(a, b)), expected);
      }),
    );
    assert(compareUtf8('\uFFFF', '\u{10000}') < 0, 'where UTF-16 has it the other way round');
  });
});

describe('batchRows', () => {
  it('covers all rows once, in order, within 2 MiB unless a single row is larger', () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 1_500_000 }), { maxLength: 60 });
    fc.assert(
      fc.property(lengths, fc.constantFrom(1, 2, 4), (rows, bytesPerValue) => {
        const ranges = batchRows(rows, bytesPerValue);
        assert.equal(ranges[0]?.start ?? 0, 0);
        assert.equal(ranges.at(-1)?.end ?? 0, rows.length);
        ranges.forEach(({ start, end }, i) => {
          assert(start < end);
          if (i > 0) assert.equal(start, ranges[i - 1]!.end);
          const bytes = rows.slice(start, end).reduce((sum, n) => sum + n * bytesPerValue, 0);
          assert(end - start === 1 || bytes <= 2 * 2 ** 20);
        });
      }),
    );
  });

  it('bounds the number of rows', () => {
    const ranges = batchRows(new Int32Array(100_000).fill(1), 1);
    assert.deepEqual(ranges, [
      { start: 0, end: 65_536 },
      { start: 65_536, end: 100_000 },
    ]);
  });
});
