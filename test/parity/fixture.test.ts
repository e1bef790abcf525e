import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadFixture, MODEL_FIXTURES, OPTIMIZER_FIXTURES } from './fixture.ts';

const sizeOf = (shape: readonly number[]) => shape.reduce((size, n) => size * n, 1);

for (const name of [...MODEL_FIXTURES, ...OPTIMIZER_FIXTURES]) {
  test(`fixture ${name} holds finite tensors as large as their shapes`, () => {
    const { tensors } = loadFixture(name);
    assert.ok(tensors.size > 0);
    for (const [key, { shape, data }] of tensors) {
      assert.equal(data.length, sizeOf(shape), key);
      assert.ok(data.every(Number.isFinite), key);
    }
  });
}

for (const name of MODEL_FIXTURES) {
  test(`fixture ${name} has every input and result of its steps`, () => {
    const fixture = loadFixture(name);
    const parameters = [...fixture.under('initial').keys()].filter((k) => !k.includes('.running_'));
    fixture.settings.steps.forEach((step, s) => {
      assert.deepEqual([...fixture.under(`step.${s}/gradient`).keys()].sort(), parameters.sort());
      step.microBatches.forEach(({ rows, paddedLength, validPositions }, m) => {
        const at = `step.${s}/micro-batch.${m}`;
        const lengths = fixture.int(`${at}/lengths`).data;
        assert.deepEqual(fixture.tensors.get(`${at}/values`)?.shape, [rows, paddedLength]);
        assert.equal(
          lengths.reduce((a, b) => a + b),
          validPositions,
        );
      });
    });
  });
}

test('the first SGD step of a fixture is its learning rate times its gradient', () => {
  const fixture = loadFixture('sgd-momentum');
  const rate = fixture.settings.steps[0]!.learningRate;
  const before = fixture.float('initial/head.weight').data;
  const gradient = fixture.float('step.0/gradient/head.weight').data;
  const after = fixture.float('step.0/parameters/head.weight').data;
  after.forEach((value, i) => {
    assert.ok(Math.abs(value - (before[i]! - rate * gradient[i]!)) < 1e-6);
  });
});

test('a tensor that is absent or of another type is named', () => {
  const fixture = loadFixture('adamw');
  assert.throws(() => fixture.int('initial/head.bias'), /"adamw" has no Int32Array .*head\.bias/);
});
