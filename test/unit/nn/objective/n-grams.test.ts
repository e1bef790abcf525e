import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PaddedRows } from '../../../../src/data/collate.ts';
import { gramTable, sharesOf } from '../../../../src/nn/objective/grams.ts';
import { microBatchOf } from '../../../../src/nn/objective/objective.ts';
import { registry } from '../../../../src/nn/registry.ts';
import { testEngine } from '../../../helper/engine.ts';
import { factsOf, preparedBy, trained } from '../../../helper/nn.ts';

const CONFIG = { kind: 'n-grams', orders: [1, 2], buckets: 64, fraction: 0.5, span: 1 };
const FACTS = { ...factsOf({ symbols: 2 }), symbolCounts: [3, 1], transitionCounts: [2, 1, 1, 0] };

/** A row of four symbols and one of two, padded with what is no n-gram of theirs. */
const ROWS: PaddedRows = {
  rows: 2,
  paddedLength: 4,
  channels: 1,
  lengths: Int32Array.of(4, 2),
  values: Int32Array.of(0, 0, 0, 1, 1, 1, 0, 0),
  labels: Int32Array.of(-1, -1),
  sequences: Int32Array.of(4, 5),
  starts: Int32Array.of(0, 0),
  epoch: 0,
};
const objectiveOf = (options: object = {}) =>
  registry.makeObjective({ ...CONFIG, share: 'plain', ...options }, FACTS, 1);

describe('the n-grams objective', () => {
  it("predicts each row's shares of its n-grams, hidden or not, without the padding", () => {
    const { feeds } = preparedBy(objectiveOf(), ROWS);
    assert.deepEqual([...feeds.labels1!.data], [0, 1]);
    // One at the label less the share: of 0 and 1, and of the symbol before a window, which is no n-gram's last.
    assert.deepEqual([...feeds.lacking1!.data], [0.25, -0.25, 0, 0, 0, 0]);
    const ofFirst = [...feeds.lacking2!.data.subarray(0, 9)];
    assert.deepEqual(ofFirst, [0.5, -0.25, 0, 0, 0, 0, -0.25, 0, 0], '00, 01, 10, 11, and ·0');
    assert.equal(feeds.mask!.data.length, 8);
  });

  it('is measured against the shares in the training split', () => {
    const objective = objectiveOf({ orders: [1] });
    const { sums } = preparedBy(objective, ROWS);
    const { value, baselines } = objective.metrics({ ...sums, loss: sums.entropy! }).loss!;
    assert.equal(value, 0, 'the loss is 0 where the prediction is the truth');
    const [zero, one] = [4 / 7, 2 / 7];
    const first = 0.75 * Math.log(0.75 / zero) + 0.25 * Math.log(0.25 / one);
    assert.ok(Math.abs(baselines!.usualShares! - (first + Math.log(1 / one)) / 2) < 1e-12);
    const { loss } = objectiveOf({ orders: [3] }).metrics({ loss: 1, entropy: 0, weight: 1 });
    assert.equal(loss!.baselines, undefined, 'none for n-grams that nobody has counted');
  });

  it('lets a hash share the places out where there are more n-grams', () => {
    assert.equal(gramTable(2, 2, 64).places, 9);
    const { places, placesOf } = gramTable(3, 41, 64);
    assert.equal(places, 64);
    assert.ok(placesOf(Int32Array.of(40, 3, 40)).every((place) => place >= 0 && place < 64));
  });

  it('makes rare n-grams count for more by their roots', () => {
    assert.deepEqual([...sharesOf(Float64Array.of(9, 1, 0), 'root')], [0.75, 0.25, 0]);
    assert.deepEqual([...sharesOf(Float64Array.of(9, 1, 0), 'plain')], [0.9, 0.1, 0]);
  });

  it('computes −Σ p·log q of what its head predicts', () => {
    const objective = { ...CONFIG, orders: [1], share: 'plain' };
    const model = {
      family: 'latent-grams',
      channels: 1,
      orders: [1],
      buckets: 256,
      fitSequences: 8,
    };
    const { program, start } = trained({ model, objective }, FACTS, 1);
    const session = testEngine.session(program);
    const state = start(1);
    // No features, so that the head predicts its bias, whatever the row.
    state.parameters.fill(0);
    const bias = program.state.parameters.find(({ name }) => name === 'pretext.1.bias')!;
    state.parameters.set([1, 0, -1], bias.offset);
    session.load(state);
    const batch = microBatchOf(registry.makeObjective(objective, FACTS, 1), ROWS);
    const total = Math.log(Math.E + 1 + 1 / Math.E);
    const leaf = session.gradients(batch);
    assert.ok(Math.abs(leaf[program.leaf.sumOffset]! - (total - 0.75 + total)) < 1e-5);
    const shares = [Math.E, 1, 1 / Math.E].map((value) => value / Math.exp(total));
    const gradient = [...leaf.subarray(bias.offset, bias.offset + 3)];
    const expected = [2 * shares[0]! - 0.75, 2 * shares[1]! - 1.25, 2 * shares[2]!];
    for (const [at, value] of expected.entries()) assert.ok(Math.abs(gradient[at]! - value) < 1e-5);
    session.dispose();
  });

  it('is refused for real values', () => {
    assert.throws(() => registry.makeObjective(CONFIG, { ...FACTS, symbols: 0 }, 1), {
      code: 'CONFIG_INVALID',
      message: /counts integer symbols, one a timestep, but the dataset holds real values\.$/,
    });
  });
});
