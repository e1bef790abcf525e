import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  batchBySize,
  dynamicBuckets,
  groupByLength,
  randomBatches,
} from '../../../src/bench/data/batch-rules.ts';
import { paddingTable } from '../../../src/bench/data/data-tables.ts';
import { FULL_RANGE, logUniformLengths } from '../../../src/bench/data/lengths.ts';
import { BUDGET, benchPadding } from '../../../src/bench/data/padding-bench.ts';

const lengths = logUniformLengths(3000, FULL_RANGE);
const RULES = { randomBatches, groupByLength, batchBySize, dynamicBuckets };

describe('the batching rules of others', () => {
  for (const [name, rule] of Object.entries(RULES)) {
    it(`${name} puts each sequence into one batch`, () => {
      const found = rule(lengths, BUDGET).flat();
      assert.deepEqual(Int32Array.from(found).sort(), lengths.toSorted());
    });
  }

  it('keep the budget of rows × longest row where they have one', () => {
    for (const rule of [randomBatches, batchBySize, dynamicBuckets]) {
      for (const rows of rule(lengths, BUDGET)) {
        assert.ok(rows.length * Math.max(...rows) <= BUDGET);
      }
    }
  });

  it('have full batches of a multiple of 8 rows in fairseq', () => {
    const sizes = batchBySize(new Int32Array(100).fill(2000), BUDGET).map(({ length }) => length);
    assert.deepEqual(sizes, [32, 32, 32, 4]);
  });
});

describe('the benchmark of padding', () => {
  it('compares them with plans, whose tight classes pad least of all that mix', () => {
    const rows = benchPadding(lengths);
    const tight = rows.at(-1)!;
    for (const row of rows.slice(0, -1)) {
      if (row.mixes) assert.ok(tight.padding < row.padding, row.rule);
    }
    const text = paddingTable(lengths.length, FULL_RANGE, rows);
    assert.equal(text.trimEnd().split('\n').length, rows.length + 2);
    assert.match(
      text,
      /^\| Lockstep, batch\.lengthRatio: 1\.02 \| \d\.\d\d % \| \d+ \| [01]\.\d\d \| yes \|$/m,
    );
  });
});
