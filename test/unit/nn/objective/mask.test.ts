import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PaddedRows } from '../../../../src/data/collate.ts';
import { disguise } from '../../../../src/nn/objective/disguise.ts';
import { drawMask, hideRows } from '../../../../src/nn/objective/mask.ts';
import { registry } from '../../../../src/nn/registry.ts';
import { factsOf, preparedBy } from '../../../helper/nn.ts';

const SPEC = { seed: 3, fraction: 0.15, span: 5 };

function maskOf(place: { sequence: number; start: number; count: number; epoch?: number }) {
  const mask = new Int32Array(place.count);
  drawMask(SPEC, { epoch: 0, ...place }, mask);
  return mask;
}

describe('drawMask()', () => {
  it('hides the expected share of the steps', () => {
    const count = 200_000;
    const hidden = maskOf({ sequence: 1, start: 0, count }).reduce((a, b) => a + b, 0);
    // Spans of five: about 31 000 independent draws decide, so ±1 % of the share is four deviations.
    assert.ok(Math.abs(hidden / count - 0.15) < 0.005, `${hidden / count}`);
  });

  it('hides whole spans, of at least the given length inside the sequence', () => {
    const mask = maskOf({ sequence: 2, start: 0, count: 5000 });
    const runs = mask
      .join('')
      .slice(5, -5)
      .split('0')
      .filter((run) => run !== '');
    assert.ok(runs.length > 50);
    assert.ok(runs.slice(1, -1).every((run) => run.length >= 5));
  });

  it("depends on a step's place in the sequence, not on the window", () => {
    const whole = maskOf({ sequence: 7, start: 0, count: 900 });
    for (const [start, count] of [
      [0, 900],
      [1, 100],
      [333, 200],
      [899, 1],
    ] as const) {
      assert.deepEqual(maskOf({ sequence: 7, start, count }), whole.slice(start, start + count));
    }
  });

  it('may hide the first and the last step', () => {
    const firstHidden = Array.from({ length: 200 }, (_, sequence) =>
      maskOf({ sequence, start: 0, count: 20 }),
    );
    assert.ok(firstHidden.some((mask) => mask[0] === 1));
    assert.ok(firstHidden.some((mask) => mask[19] === 1));
  });

  it('differs between epochs, sequences and seeds', () => {
    const one = maskOf({ sequence: 1, start: 0, count: 500 });
    assert.notDeepEqual(maskOf({ sequence: 1, start: 0, count: 500, epoch: 1 }), one);
    assert.notDeepEqual(maskOf({ sequence: 2, start: 0, count: 500 }), one);
    const other = new Int32Array(500);
    drawMask({ ...SPEC, seed: 4 }, { epoch: 0, sequence: 1, start: 0, count: 500 }, other);
    assert.notDeepEqual(other, one);
  });
});

/** Rows of 500 timesteps, each value its place in its row; the second row begins 100 timesteps later. */
function rowsOf(change: Partial<PaddedRows> = {}): PaddedRows {
  const count = 500;
  return {
    rows: 2,
    paddedLength: count,
    channels: 1,
    lengths: Int32Array.of(count, count),
    values: Int32Array.from({ length: 2 * count }, (_, at) => at % count),
    labels: Int32Array.of(-1, -1),
    sequences: Int32Array.of(7, 7),
    starts: Int32Array.of(0, 100),
    epoch: 0,
    ...change,
  };
}
const countOf = (hidden: ArrayLike<number>) => Array.from(hidden).filter((one) => one === 1).length;

describe('several shares of hidden timesteps', () => {
  const options = { fraction: [0.1, 0.6], span: 1 };

  it('give each sequence one of them, another in each epoch, whatever the window', () => {
    const sharesOf = (epoch: number) => {
      const { hidden } = hideRows(options, 3, rowsOf({ epoch }));
      const [first, second] = [hidden!.subarray(100, 500), hidden!.subarray(500, 900)];
      assert.deepEqual(first, second, 'two windows of one sequence');
      return countOf(first) / 400;
    };
    const shares = Array.from({ length: 12 }, (_, epoch) => sharesOf(epoch));
    assert.ok(shares.every((share) => Math.abs(share - 0.1) < 0.08 || Math.abs(share - 0.6) < 0.1));
    assert.ok(Math.min(...shares) < 0.2 && Math.max(...shares) > 0.5);
  });
});

describe('disguise()', () => {
  const rows = hideRows({ fraction: 0.4, span: 4 }, 3, rowsOf());
  const { mask, values } = disguise(rows, { kept: 0.2, replaced: 0.3 }, 3);
  const hidden = [...rows.hidden!.keys()].filter((place) => rows.hidden![place] === 1);

  it('shows the said shares of what is hidden, and nothing else changes', () => {
    const shown = hidden.filter((place) => mask[place] === 0);
    const other = shown.filter((place) => values[place] !== rows.values[place]);
    assert.ok(Math.abs(shown.length / hidden.length - 0.5) < 0.08, `${shown.length}`);
    assert.ok(Math.abs(other.length / hidden.length - 0.3) < 0.08, `${other.length}`);
    assert.equal(countOf(mask) + shown.length, hidden.length);
    for (const [place, value] of values.entries()) {
      if (rows.hidden![place] === 0) assert.equal(value, rows.values[place]);
    }
  });

  it('depends on the place in the sequence, not on the window', () => {
    assert.deepEqual(mask.subarray(100, 500), mask.subarray(500, 900));
  });

  it('leaves what is predicted, and how much of it, as it was', () => {
    const facts = factsOf({ symbols: 500 });
    const config = { kind: 'masked', fraction: 0.4, span: 4, target: 'classification' };
    const plain = preparedBy(registry.makeObjective(config, facts, 3), rowsOf());
    const shown = { ...config, kept: 0.2, replaced: 0.3 };
    const prepared = preparedBy(registry.makeObjective(shown, facts, 3), rowsOf());
    assert.deepEqual(prepared.sums, plain.sums);
    assert.deepEqual(prepared.feeds.targets, plain.feeds.targets);
    assert.deepEqual(prepared.feeds.mask!.data, mask);
    assert.deepEqual(prepared.feeds.values!.data, values);
    assert.equal(plain.feeds.values, undefined);
  });

  it('is refused where nothing would be hidden', () => {
    const config = { kind: 'masked', fraction: 0.4, span: 4, kept: 0.5, replaced: 0.5 };
    const make = () => registry.makeObjective({ ...config, target: 'regression' }, factsOf(), 3);
    assert.throws(make, { code: 'CONFIG_INVALID', message: /leave nothing of the masked/ });
  });
});
