import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { profileText } from '../../../src/bench/profile-text.ts';
import {
  byLayer,
  byOperation,
  type StepProfile,
  sumOfParts,
} from '../../../src/bench/step-profile.ts';
import { flopsOfOperation } from '../../../src/engine/tensorflow/flops.ts';

const profile: StepProfile = {
  engine: {} as StepProfile['engine'],
  limits: { flopsPerSecond: 100e9, bytesPerSecond: 30e9 },
  step: { median: 9.5, minimum: 9, maximum: 12 },
  peakBytes: 300e6,
  operations: [
    { op: 'Conv2D', pass: 'forward', layer: 'a', flops: 2e8, milliseconds: 3 },
    { op: 'Relu', pass: 'forward', layer: 'b', milliseconds: 1 },
    { op: 'Conv2D', pass: 'forward', layer: 'b', flops: 1e8, milliseconds: 1 },
    { op: 'Conv2D', pass: 'gradient', layer: 'b', flops: 1e8, milliseconds: 5 },
    { op: 'Cast', pass: 'gradient', layer: 'a', milliseconds: 0.01 },
  ],
};

describe('a profile', () => {
  it('adds up operations of one kind and pass, the costliest first', () => {
    assert.deepEqual(
      byOperation(profile.operations).map(({ op, pass, count, milliseconds }) => [
        ...[op, pass, count, milliseconds],
      ]),
      [
        ['Conv2D', 'gradient', 1, 5],
        ['Conv2D', 'forward', 2, 4],
        ['Relu', 'forward', 1, 1],
        ['Cast', 'gradient', 1, 0.01],
      ],
    );
  });

  it('adds up layers in the order of the forward pass, each pass by itself', () => {
    assert.deepEqual(byLayer(profile.operations), [
      { layer: 'a', forward: 3, gradient: 0.01, update: 0 },
      { layer: 'b', forward: 2, gradient: 5, update: 0 },
    ]);
    assert.equal(sumOfParts(profile), 10.01);
  });

  it('is printed with speeds where operations multiply, and small ones as others', () => {
    const text = profileText('what', profile);
    assert.match(text, /^compiled step: 9\.5 \(9\.0…12\.0\) ms, .* peak memory 300 MB$/m);
    assert.match(text, /^Conv2D +forward +2 +4\.00 +40\.0 % +75 +75\.0 %$/m);
    assert.match(text, /^Relu +forward +1 +1\.00 +10\.0 %$/m);
    assert.match(text, /^others +1 +0\.01 +0\.1 %$/m);
  });
});

describe('flopsOfOperation()', () => {
  const [x, filter, y] = [
    [2, 1, 10, 4],
    [1, 3, 4, 8],
    [2, 1, 10, 8],
  ];

  it('counts the same for a convolution and both of its gradients', () => {
    const flops = 2 * 20 * 3 * 4 * 8;
    assert.equal(flopsOfOperation('Conv2D', [x!, filter!], y!), flops);
    assert.equal(flopsOfOperation('Conv2DBackpropInput', [[4], filter!, y!], x!), flops);
    assert.equal(flopsOfOperation('Conv2DBackpropFilter', [x!, [4], y!], filter!), flops);
  });

  it('finds the inner size of a matrix product on the side that is transposed', () => {
    const transposed = [{ name: 'transpose_a', value: true }];
    assert.equal(flopsOfOperation('MatMul', [[3, 5], []], [3, 7]), 2 * 3 * 5 * 7);
    assert.equal(flopsOfOperation('MatMul', [[5, 3], []], [3, 7], transposed), 2 * 3 * 5 * 7);
  });

  it('counts nothing where memory is the bound', () => {
    assert.equal(flopsOfOperation('Relu', [x!], x!), undefined);
  });
});
