import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { randomStream } from '../../../../src/core/random.ts';
import type { PaddedRows } from '../../../../src/data/collate.ts';
import { EVALUATION_EPOCH, microBatchOf } from '../../../../src/nn/objective/objective.ts';
import { symmetricBeta } from '../../../../src/nn/objective/supervised/augment/draws.ts';
import { softClasses } from '../../../../src/nn/objective/supervised/soft-classes.ts';
import { registry } from '../../../../src/nn/registry.ts';
import { factsOf, TARGETS } from '../../../helper/nn.ts';

const SYMBOLS = factsOf({ target: TARGETS.class });
const NUMBERS = factsOf({ target: TARGETS.class, symbols: 0 });

/** Rows of 9, 12 and 12 timesteps whose values are 1…6. */
function rowsOf(isReal: boolean, changes: Partial<PaddedRows> = {}): PaddedRows {
  const lengths = Int32Array.of(9, 12, 12);
  const values = Array.from({ length: 36 }, (_, at) =>
    at % 12 < lengths[Math.floor(at / 12)]! ? 1 + (Math.floor(97 * Math.sin(at) ** 2) % 6) : 0,
  );
  return {
    ...{ rows: 3, paddedLength: 12, channels: 1, lengths, epoch: 2 },
    values: isReal ? Float32Array.from(values) : Int32Array.from(values),
    labels: Int32Array.of(0, 1, 1),
    sequences: Int32Array.of(4, 5, 6),
    starts: new Int32Array(3),
    ...changes,
  };
}

function seen(options: object, rows: PaddedRows) {
  const facts = rows.values instanceof Int32Array ? SYMBOLS : NUMBERS;
  const objective = registry.makeObjective(
    { kind: 'supervised', classWeights: 'none', ...options },
    facts,
    7,
  );
  const { feeds, lengths, paddedLength, hostSums } = microBatchOf(objective, rows);
  const row = (index: number) => [
    ...feeds.values!.data.subarray(index * paddedLength, index * paddedLength + lengths[index]!),
  ];
  return { feeds, lengths, paddedLength, hostSums, row };
}

const whole = (isReal: boolean, row: number) => {
  const { values, lengths } = rowsOf(isReal);
  return [...values.subarray(12 * row, 12 * row + lengths[row]!)];
};

describe('a varied training sequence', () => {
  const variations: Record<string, [boolean, object]> = {
    jitter: [true, { augment: { jitter: 0.1 } }],
    scale: [true, { augment: { scale: 0.2 } }],
    'value dropout': [false, { augment: { valueDropout: 0.5 } }],
    crop: [false, { augment: { crop: 0.5 } }],
    mixup: [true, { mixing: { kind: 'mixup', alpha: 1 } }],
    cutmix: [false, { mixing: { kind: 'cutmix', alpha: 1 } }],
  };
  for (const [name, [isReal, options]] of Object.entries(variations)) {
    it(`by ${name} follows from seed, epoch and sequence, and is whole in an evaluation`, () => {
      const once = seen(options, rowsOf(isReal));
      assert.deepEqual(seen(options, rowsOf(isReal)).feeds, once.feeds);
      assert.notDeepEqual(
        once.feeds.values,
        seen(options, rowsOf(isReal, { epoch: 3 })).feeds.values,
      );
      const evaluated = seen(options, rowsOf(isReal, { epoch: EVALUATION_EPOCH }));
      assert.deepEqual(evaluated.row(1), whole(isReal, 1));
    });
  }

  it('keeps the padding clear', () => {
    const { feeds } = seen({ augment: { jitter: 1, scale: 0.5 } }, rowsOf(true));
    assert.deepEqual([...feeds.values!.data.subarray(9, 12)], [0, 0, 0]);
  });

  it('by jitter has noise of the deviation that was asked for', () => {
    const long = rowsOf(true, {
      ...{ rows: 1, paddedLength: 4000, lengths: Int32Array.of(4000) },
      values: new Float32Array(4000),
    });
    const noise = seen({ augment: { jitter: 0.5 } }, long).row(0);
    const mean = noise.reduce((a, b) => a + b, 0) / 4000;
    const deviation = Math.sqrt(noise.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 4000);
    assert.ok(Math.abs(mean) < 0.03 && Math.abs(deviation - 0.5) < 0.02, `${mean} ${deviation}`);
  });

  it('by crop is a window of its values, no shorter than the share', () => {
    const { row, lengths } = seen({ augment: { crop: 0.5 } }, rowsOf(false));
    for (const [index, length] of lengths.entries()) {
      const values = whole(false, index);
      assert.ok(length >= values.length / 2);
      assert.ok(values.join().includes(row(index).join()), 'values in a row');
    }
  });

  it('by reverse complement is either as it is or the other strand', () => {
    const reverseComplement = [6, 5, 4, 3, 2, 1, 0];
    const results = [0, 1, 2, 3].flatMap((epoch) => {
      const { row } = seen({ augment: { reverseComplement } }, rowsOf(false, { epoch }));
      return [0, 1, 2].map((index) => {
        const other = whole(false, index)
          .map((symbol) => 6 - symbol)
          .reverse();
        const isWhole = row(index).join() === whole(false, index).join();
        assert.ok(isWhole || row(index).join() === other.join());
        return isWhole;
      });
    });
    assert.deepEqual(new Set(results), new Set([true, false]));
  });

  it('by mixup is a sum in shares, and so is its class', () => {
    const { row, feeds, hostSums } = seen({ mixing: { kind: 'mixup', alpha: 1 } }, rowsOf(true));
    const correction = feeds.correction!.data;
    const share = correction[0]!;
    assert.ok(share > 0 && share <= 0.5);
    assert.ok(
      Math.abs(share + correction[1]!) < 1e-6,
      'row 0 is of class 0, the others of class 1',
    );
    const others = [1, 2].map((other) =>
      whole(true, 0).map((value, at) => (1 - share) * value + share * whole(true, other)[at]!),
    );
    const isNear = (expected: number[]) =>
      expected.every((value, at) => Math.abs(value - row(0)[at]!) < 1e-5);
    assert.ok(others.some(isNear));
    assert.equal(hostSums.weight, 3);
  });

  it('is refused where the data have no use for it', () => {
    const make = (options: object, facts = SYMBOLS) =>
      registry.makeObjective({ kind: 'supervised', classWeights: 'none', ...options }, facts, 0);
    const refused = { code: 'CONFIG_INVALID' };
    assert.throws(() => make({ augment: { jitter: 1 } }), refused);
    assert.throws(() => make({ mixing: { kind: 'mixup', alpha: 1 } }), refused);
    assert.throws(() => make({ augment: { reverseComplement: [1, 0] } }), refused);
    assert.throws(() => make({ augment: { reverseComplement: [1, 0] } }, NUMBERS), refused);
  });
});

describe('symmetricBeta()', () => {
  it('has the mean ½ and the variance of the distribution', () => {
    const { uniform } = randomStream(1, 'mixing');
    const draws = Array.from({ length: 4000 }, (_, i) =>
      symmetricBeta((at) => uniform(1000 * i + at), 0.5, 0),
    );
    const mean = draws.reduce((a, b) => a + b, 0) / 4000;
    const variance = draws.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 4000;
    assert.ok(Math.abs(mean - 0.5) < 0.02 && Math.abs(variance - 1 / 8) < 0.005);
  });
});

describe('softClasses()', () => {
  const LOGITS = [
    [1, 2, 3],
    [0.5, -1, 0.25],
  ];
  const rows = { ...rowsOf(true), rows: 2, labels: Int32Array.of(0, 2) };
  const lossOf = (given: PaddedRows) => {
    const { weights, correction, total } = softClasses(given, [1, 2, 0.5], 0.1);
    const losses = LOGITS.map((logits, row) => {
      const logSum = Math.log(logits.reduce((sum, z) => sum + Math.exp(z), 0));
      const own = weights[row]! * (logSum - logits[given.labels[row]!]!);
      return logits.reduce((sum, z, k) => sum + correction[3 * row + k]! * z, own);
    });
    return { loss: losses[0]! + losses[1]!, total };
  };
  const near = (found: number, expected: number) =>
    assert.ok(Math.abs(found - expected) < 1e-5, `${found}, not ${expected}`);

  it("is PyTorch's label smoothing with class weights", () => {
    const { loss, total } = lossOf(rows);
    near(loss, 2.95773);
    near(total, 1.5);
  });

  it("is PyTorch's loss of classes in shares", () => {
    const mixed = { partners: Int32Array.of(1, 0), shares: Float64Array.of(0.3, 0.3) };
    const labels = Int32Array.of(0, 1);
    near(lossOf({ ...rows, labels, mixed }).loss, 5.594925);
  });

  it('is the class itself in an evaluation', () => {
    const { correction } = softClasses({ ...rows, epoch: EVALUATION_EPOCH }, [1, 2, 0.5], 0.1);
    assert.ok(correction.every((value) => value === 0));
  });
});
