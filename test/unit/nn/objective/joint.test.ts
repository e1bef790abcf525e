import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PaddedRows } from '../../../../src/data/collate.ts';
import { registry } from '../../../../src/nn/registry.ts';
import { defineRun } from '../../../../src/run/definition.ts';
import { factsOf, preparedBy } from '../../../helper/nn.ts';
import { tinyRun, tinyStore } from '../../worker/tiny-run.ts';

const MASKED = { kind: 'masked', weight: 0.5, fraction: 0.5, span: 1, target: 'classification' };
const CONTRASTIVE = { kind: 'contrastive', weight: 2, temperature: 0.1, dimensions: 8 };
const NEXT_STEP = { kind: 'next-step', weight: 1, target: 'classification' };
const FACTS = factsOf({ symbols: 4 });

const ROWS: PaddedRows = {
  rows: 2,
  paddedLength: 12,
  channels: 1,
  lengths: Int32Array.of(12, 10),
  values: Int32Array.from({ length: 24 }, (_, at) => at % 4),
  labels: Int32Array.of(-1, -1),
  sequences: Int32Array.of(4, 5),
  starts: Int32Array.of(0, 3),
  epoch: 0,
};

const jointOf = (...parts: readonly object[]) =>
  registry.makeObjective({ kind: 'joint', parts }, FACTS, 1);

describe('the joint objective', () => {
  const objective = jointOf(MASKED, CONTRASTIVE);

  it('shows one view to all parts: windows first, then what is hidden of them, in any order of the parts', () => {
    const { feeds } = preparedBy(objective, ROWS);
    assert.deepEqual(feeds.mask!.shape, [4, 6]);
    assert.equal(feeds['contrastive.partners']!.data.length, 4);
    const swapped = preparedBy(jointOf(CONTRASTIVE, MASKED), ROWS);
    assert.deepEqual(swapped.feeds.mask, feeds.mask);
  });

  it('averages each part within a micro-batch, which counts by its rows', () => {
    const { feeds, sums } = preparedBy(objective, ROWS);
    assert.equal(sums.weight, 4);
    const hidden = Array.from(feeds.mask!.data).filter((one) => one === 1).length;
    assert.equal(sums['masked.weight'], hidden);
    assert.equal(feeds['masked.scale']!.data[0], Math.fround(4 / hidden));
    assert.equal(feeds['contrastive.scale']!.data[0], 1);
    const alone = { ...ROWS, rows: 1, lengths: Int32Array.of(12) };
    assert.equal(preparedBy(objective, alone).feeds['contrastive.scale']!.data[0], 0);
  });

  it("tells each part's metrics, and the weighted sum of their losses", () => {
    const of = { 'masked.weight': 10, 'masked.loss': 20, 'masked.correct': 5 };
    const and = { 'contrastive.weight': 4, 'contrastive.loss': 6, 'contrastive.correct': 1 };
    const metrics = objective.metrics({ loss: 1, weight: 1, ...of, ...and });
    assert.equal(metrics.loss!.value, 0.5 * 2 + 2 * 1.5);
    assert.equal(metrics.maskedAccuracy!.value, 0.5);
    assert.equal(metrics.contrastiveLoss!.value, 1.5);
  });

  it('gives each part a head of its own', () => {
    const shapes = objective.head(3).map(({ name, shape }) => [name, shape.join(' × ')]);
    assert.deepEqual(shapes, [
      ['masked.pretext.weight', '4 × 3'],
      ['masked.pretext.bias', '4'],
      ['contrastive.pretext.weight', '8 × 3'],
      ['contrastive.pretext.bias', '8'],
    ]);
  });

  it('needs what any of its parts needs', () => {
    const needs = registry.needs({ kind: 'joint', parts: [NEXT_STEP, CONTRASTIVE] });
    assert.deepEqual(needs, { causalModel: true, minRows: 2, minLength: 2 });
    const parts = '[{ kind: contrastive }, { kind: next-step }]';
    const config = tinyRun(`phases.0.objective={ kind: joint, parts: ${parts} }`);
    assert.throws(() => defineRun(config, tinyStore()), /Objective "joint" needs a causal model/);
  });

  it('refuses parts that cannot be learned at once', () => {
    const message = (what: string) => ({ code: 'CONFIG_INVALID', message: what });
    assert.throws(() => jointOf(MASKED, MASKED), message('objective.parts has "masked" twice.'));
    assert.throws(
      () => jointOf(MASKED, NEXT_STEP),
      message(
        'objective.parts has "masked" and "next-step": only one of them can predict timesteps.',
      ),
    );
    assert.throws(
      () => jointOf(CONTRASTIVE, { kind: 'window-order', weight: 1, windows: 2, dimensions: 4 }),
      { code: 'CONFIG_INVALID', message: /only one of them can cut sequences into windows\.$/ },
    );
  });
});
