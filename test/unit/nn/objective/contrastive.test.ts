import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PaddedRows } from '../../../../src/data/collate.ts';
import type { PhaseFacts } from '../../../../src/data/facts.ts';
import { UNSCALED } from '../../../../src/data/scaling/scaling.ts';
import { registry } from '../../../../src/nn/registry.ts';
import { defineRun } from '../../../../src/run/definition.ts';
import { preparedBy } from '../../../helper/nn.ts';
import { tinyRun, tinyStore } from '../../worker/tiny-run.ts';

const FACTS: PhaseFacts = {
  classes: 0,
  channels: 1,
  scaling: UNSCALED,
  symbols: 10,
  target: { kind: 'none' },
  labelledSequences: 0,
  classCounts: [],
  symbolCounts: Array<number>(10).fill(1),
  transitionCounts: [],
  meanValue: 4.5,
  valueRange: { minimum: 0, maximum: 9 },
};

const CONFIG = { kind: 'contrastive', temperature: 0.1, dimensions: 8 } as const;

/** A row of one step, one of five and one of six. */
const ROWS: PaddedRows = {
  rows: 3,
  paddedLength: 6,
  channels: 1,
  lengths: Int32Array.of(1, 5, 6),
  values: Int32Array.of(9, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 6),
  labels: Int32Array.of(-1, -1, -1),
  sequences: Int32Array.of(7, 8, 9),
  starts: Int32Array.of(0, 10, 20),
  epoch: 2,
};

describe('the contrastive objective', () => {
  const objective = registry.makeObjective(CONFIG, FACTS, 1);

  it('shows the two halves of each window as rows of their own', () => {
    const views = objective.view!(ROWS);
    assert.equal(views.rows, 6);
    assert.equal(views.paddedLength, 3);
    assert.deepEqual([...views.lengths], [1, 2, 3, 1, 2, 3]);
    assert.deepEqual(
      [...views.values],
      [9, 0, 0, 1, 2, 0, 1, 2, 3, 9, 0, 0, 4, 5, 0, 4, 5, 6],
      'first halves, then second ones; the middle of an odd row is in neither',
    );
    assert.deepEqual([...views.sequences], [7, 8, 9, 7, 8, 9]);
    assert.deepEqual([...views.starts], [0, 10, 20, 0, 13, 23], 'where each half begins');
  });

  it('keeps real values real', () => {
    const views = objective.view!({ ...ROWS, values: Float32Array.from(ROWS.values) });
    assert.ok(views.values instanceof Float32Array);
  });

  it('asks each half for the other one, among all but itself', () => {
    const { feeds, sums } = preparedBy(objective, ROWS);
    assert.deepEqual([...feeds.partners!.data], [3, 4, 5, 0, 1, 2]);
    const choices = feeds.choices!.data;
    assert.equal(choices.filter((value) => value === 0).length, 30);
    for (let row = 0; row < 6; row++) assert.ok(choices[row * 7]! < -1e8, 'not itself');
    assert.equal(sums.weight, 6);
  });

  it('counts nothing of a sequence that has no others to choose from', () => {
    const alone = { ...ROWS, rows: 1, lengths: Int32Array.of(6), values: ROWS.values.slice(12) };
    const { feeds, sums } = preparedBy(objective, alone);
    assert.deepEqual(sums, { weight: 0, chanceCorrect: 0 });
    assert.deepEqual([...feeds.counted!.data], [0, 0]);
    assert.deepEqual([...preparedBy(objective, ROWS).feeds.counted!.data], [1, 1, 1, 1, 1, 1]);
  });

  it('is measured against chance: one in all others', () => {
    const { sums } = preparedBy(objective, ROWS);
    assert.deepEqual(objective.headline, { metric: 'loss', better: 'lower' });
    const metrics = objective.metrics({ ...sums, weight: 6, loss: 6, correct: 3 });
    assert.deepEqual([metrics.loss!.value, metrics.accuracy!.value], [1, 0.5]);
    assert.ok(Math.abs(metrics.accuracy!.baselines!.chance! - 1 / 5) < 1e-12);
  });

  it('gives the pretext head as many outputs as the compared vectors have numbers', () => {
    assert.deepEqual(objective.head(4)[0]!.shape, [8, 4]);
  });
});

describe('contrastive crops', () => {
  const make = (options: object, facts: PhaseFacts = FACTS) =>
    registry.makeObjective({ ...CONFIG, ...options }, facts, 1);
  const long = {
    ...ROWS,
    paddedLength: 100,
    lengths: Int32Array.of(100, 100, 50),
    values: Float32Array.from({ length: 300 }, (_, at) => at % 100),
  };

  it('lie anywhere in the window, as long as the shares say, and change with the epoch', () => {
    const { view } = make({ crops: [0.2, 0.5] });
    const views = view!(long);
    assert.equal(views.rows, 6);
    for (const [index, length] of views.lengths.entries()) {
      const row = index % 3;
      assert.ok(length >= 0.2 * long.lengths[row]! - 1 && length <= 0.5 * long.lengths[row]!);
      const skipped = views.starts[index]! - long.starts[row]!;
      assert.ok(skipped >= 0 && skipped + length <= long.lengths[row]!);
      assert.equal(views.values[index * views.paddedLength], skipped, 'the values of that place');
    }
    assert.notEqual(views.starts[0], views.starts[3]);
    assert.notDeepEqual(view!({ ...long, epoch: 3 }).starts, views.starts);
    assert.deepEqual(view!(long), views);
  });

  it('have noise of the said deviation on real values, another one in each view', () => {
    const channel = { deviation: 10 } as PhaseFacts['scaling']['channels'][number];
    const facts = { ...FACTS, symbols: 0, scaling: { ...UNSCALED, channels: [channel] } };
    const options = { crops: [1, 1] };
    const { values } = make({ ...options, jitter: 0.5 }, facts).view!(long);
    const noise = values.map((value, at) => value - make(options, facts).view!(long).values[at]!);
    const some = [...noise.subarray(0, 200), ...noise.subarray(300, 500)];
    const deviation = Math.sqrt(some.reduce((sum, one) => sum + one * one, 0) / some.length);
    assert.ok(Math.abs(deviation - 5) < 0.8, `${deviation}`);
    assert.notEqual(noise[0], noise[300]);
    assert.equal(noise[299], 0, 'none in the padding');
    assert.throws(() => make({ jitter: 0.1 }), {
      message: /but the dataset holds integer symbols/,
    });
  });

  it('go through a projection where one is asked for', () => {
    const shapes = make({ projection: 5 }).head(4);
    assert.deepEqual(
      shapes.map(({ shape }) => shape.join(' × ')),
      ['5 × 4', '5', '8 × 5', '8'],
    );
  });

  it('are refused when the shortest is longer than the longest', () => {
    assert.throws(() => make({ crops: [0.5, 0.2] }), {
      code: 'CONFIG_INVALID',
      advice: 'Set it to [0.2, 0.5].',
    });
  });
});

describe('a contrastive phase', () => {
  const define = (...overrides: string[]) =>
    defineRun(tinyRun('phases.pretrain.objective={kind: contrastive}', ...overrides), tinyStore());

  it('is refused where a micro-batch holds one sequence: there is nothing to choose from', () => {
    const message = (why: string) =>
      `Phase "pretrain": Objective "contrastive" needs at least 2 sequences in a micro-batch, but ${why}.`;
    const advice = 'Raise batch.tokensPerMicroBatch or batch.maxRows, or set data.crop.';
    assert.throws(() => define('batch.maxRows=1'), {
      code: 'CONFIG_INVALID',
      message: message('batch.maxRows is 1'),
      advice,
    });
    assert.throws(() => define('phases.pretrain.data.crop=9', 'batch.tokensPerMicroBatch=17'), {
      code: 'CONFIG_INVALID',
      message: message('batch.tokensPerMicroBatch 17 holds 1 of the shortest, of 9 timesteps'),
      advice,
    });
    const pretraining = '{ microBatches: 3, tokensPerMicroBatch: 66 }';
    define('phases.pretrain.data.crop=33', `phases.pretrain.batch=${pretraining}`);
  });
});
