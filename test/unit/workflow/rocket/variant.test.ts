import assert from 'node:assert/strict';
import { it } from 'node:test';
import { rocketConfig } from '../../../../src/config/rocket-config.ts';
import { chooseModel } from '../../../../src/workflow/rocket/variant.ts';

const modelOf = (model: object) =>
  rocketConfig.parse({ name: 'one', data: { store: 'data' }, model }).model;

it('is "multi" where it takes seconds, and "mini" for many sequences or values', () => {
  const variantOf = (sequences: number, values: number) =>
    chooseModel(modelOf({}), { sequences, values }).variant;
  assert.deepEqual(
    [variantOf(1000, 1e6), variantOf(1001, 1e5), variantOf(100, 1e6 + 1)],
    ['multi', 'mini', 'mini'],
  );
});

it('is what the configuration says, with the published number of features', () => {
  const large = { sequences: 9000, values: 1e9 };
  const multi = chooseModel(modelOf({ variant: 'multi' }), large);
  assert.deepEqual([multi.variant, multi.features], ['multi', 49_728]);
  const mini = chooseModel(modelOf({ variant: 'mini' }), { sequences: 2, values: 9 });
  assert.deepEqual([mini.variant, mini.features, mini.dilations], ['mini', 9_996, 32]);
  assert.equal(chooseModel(modelOf({ features: 840 }), large).features, 840);
});
