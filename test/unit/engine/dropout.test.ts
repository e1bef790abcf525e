import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { FeedDescription, MicroBatch, Program } from '../../../src/engine/engine.ts';
import { makeLeafLayout, makeStateLayout } from '../../../src/engine/layout.ts';
import { dropoutKeys } from '../../../src/nn/objective/dropping.ts';
import { registry } from '../../../src/nn/registry.ts';
import { testEngine } from '../../helper/engine.ts';
import { PLAIN_SGD } from '../../helper/nn.ts';

const CHANNELS = 16;

interface Rows {
  readonly lengths: readonly number[];
  readonly paddedLength?: number;
  readonly sequences?: readonly number[];
  readonly epoch?: number;
  readonly seed?: number;
}

/** The gradient of Σ dropout(ones · w) · position for each w of `[rows · length, C]`, and that sum: what each value is multiplied by. */
function factorsOf(
  rate: number,
  rows: Rows,
  { layer = 'a', evaluates = false, lacksBits = false } = {},
) {
  const { lengths, sequences = [...lengths.keys()], epoch = 1, seed = 1 } = rows;
  const paddedLength = rows.paddedLength ?? Math.max(...lengths);
  const count = lengths.length * paddedLength;
  const state = makeStateLayout([{ name: 'probe', shape: [count, CHANNELS] }], []);
  const feeds: FeedDescription[] = [
    { name: 'values', dtype: 'int32', shape: ['rows', 'length'] },
    { name: 'dropout', dtype: 'int32', shape: ['rows', 'length'] },
    { name: 'positions', dtype: 'int32', shape: [count] },
  ];
  const program: Program = {
    state,
    leaf: makeLeafLayout(state, ['loss', 'weight'], []),
    feeds,
    sums: ({ ops, feed, parameter }) => {
      const ones = ops.asChannel(ops.toFloat(feed('values')));
      const wide = ops.concatChannels(Array.from({ length: CHANNELS }, () => ones));
      const dropped = ops.dropout(wide, { layer, rate });
      return {
        loss: ops.sum(ops.mul(ops.gatherPositions(dropped, feed('positions')), parameter('probe'))),
      };
    },
    update: registry.makeUpdateRule(PLAIN_SGD),
    trains: () => true,
  };
  const padded = {
    epoch,
    paddedLength,
    lengths: Int32Array.from(lengths),
    sequences: Int32Array.from(sequences),
    starts: new Int32Array(lengths.length),
  };
  const isValid = Int32Array.from({ length: count }, (_, at) =>
    at % paddedLength < lengths[Math.floor(at / paddedLength)]! ? 1 : 0,
  );
  const batch: MicroBatch = {
    rows: lengths.length,
    paddedLength,
    lengths: padded.lengths,
    sequences: padded.sequences,
    feeds: {
      values: { shape: [lengths.length, paddedLength], data: isValid },
      ...(!evaluates &&
        !lacksBits && {
          dropout: { shape: [lengths.length, paddedLength], data: dropoutKeys(padded, seed) },
        }),
      positions: { shape: [count], data: Int32Array.from({ length: count }, (_, at) => at) },
    },
    hostSums: { weight: 1 },
  };
  const session = testEngine.session(program);
  session.load({
    parameters: new Float32Array(state.parameterCount).fill(1),
    statistics: new Float32Array(),
    moments: [new Float32Array(state.parameterCount)],
  });
  try {
    if (evaluates) return session.evaluate(batch);
    return session.gradients(batch).subarray(0, state.parameterCount).slice();
  } finally {
    session.dispose();
  }
}

const shareOf = (values: ArrayLike<number>, is: (value: number, index: number) => boolean) =>
  Array.from(values).filter(is).length / values.length;

describe('dropout', () => {
  it('drops a share of the values and scales the others, so that their mean stays', () => {
    fc.assert(
      fc.property(fc.constantFrom(0.1, 0.3, 0.5, 0.9), fc.nat(1e6), (rate, seed) => {
        const factors = factorsOf(rate, { lengths: [500, 500], seed });
        const kept = Math.fround(1 / (1 - rate));
        assert.ok(factors.every((factor) => factor === 0 || Math.abs(factor - kept) < 1e-6));
        const deviation = Math.sqrt((rate * (1 - rate)) / factors.length);
        const dropped = shareOf(factors, (factor) => factor === 0);
        assert.ok(Math.abs(dropped - rate) < 5 * deviation, `${dropped} of ${rate}`);
      }),
      { numRuns: 4, seed: 3 },
    );
  });

  it('drops each channel by itself, and each layer', () => {
    const [one, other] = ['a', 'b'].map((layer) => factorsOf(0.5, { lengths: [4000] }, { layer }));
    const isDropped = (factors: Float32Array, step: number, channel: number) =>
      factors[step * CHANNELS + channel] === 0;
    const agree = (a: (step: number) => boolean, b: (step: number) => boolean) => {
      const both = shareOf(new Uint8Array(4000), (_, step) => a(step) === b(step));
      // Half of the pairs agree by chance; the deviation is 0.008.
      assert.ok(Math.abs(both - 0.5) < 0.045, `${both} of the pairs agree`);
    };
    for (let channel = 0; channel < CHANNELS; channel++) {
      for (let second = 0; second < channel; second++) {
        agree(
          (step) => isDropped(one!, step, channel),
          (step) => isDropped(one!, step, second),
        );
      }
      agree(
        (step) => isDropped(one!, step, channel),
        (step) => isDropped(other!, step, channel),
      );
    }
  });

  it('follows from seed, epoch, sequence and timestep, not from padding and the rows beside it', () => {
    const row = (factors: Float32Array, at: number, paddedLength: number, length: number) =>
      factors.slice(at * paddedLength * CHANNELS, (at * paddedLength + length) * CHANNELS);
    const alone = factorsOf(0.5, { lengths: [60], sequences: [9] });
    const beside = factorsOf(0.5, { lengths: [71, 60], sequences: [4, 9], paddedLength: 90 });
    assert.deepEqual(row(beside, 1, 90, 60), alone);
    for (const other of [{ seed: 2 }, { epoch: 2 }, { sequences: [8] }]) {
      assert.notDeepEqual(factorsOf(0.5, { lengths: [60], sequences: [9], ...other }), alone);
    }
  });

  it('drops other values of a sequence that is in a micro-batch twice', () => {
    const factors = factorsOf(0.5, { lengths: [60, 60], sequences: [9, 9] });
    const half = factors.length / 2;
    assert.notDeepEqual(factors.slice(half), factors.slice(0, half));
    assert.deepEqual(factors.slice(0, half), factorsOf(0.5, { lengths: [60], sequences: [9] }));
  });

  it('changes nothing in an evaluation, and at rate 0', () => {
    const [loss] = factorsOf(0.5, { lengths: [60, 50] }, { evaluates: true });
    assert.equal(loss, 110 * CHANNELS);
    const factors = factorsOf(0, { lengths: [60, 50] });
    assert.equal(factors.filter((factor) => factor === 1).length, 110 * CHANNELS);
  });

  it('refuses a rate that keeps nothing, naming the layer', () => {
    assert.throws(() => factorsOf(1, { lengths: [4] }, { layer: 'model.0' }), {
      code: 'CONFIG_INVALID',
      message: 'The dropout of layer "model.0" has a rate of 1.',
    });
  });

  it('refuses to train without random bits, naming what the model must say', () => {
    assert.throws(() => factorsOf(0.5, { lengths: [4] }, { lacksBits: true }), {
      code: 'EXTENSION_INVALID',
      advice: 'Let the model say "drops: true".',
    });
  });
});
