/** The random convolutions against aeon's MiniRocket: make-rocket.py has computed what they are compared with. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { Features } from '../../src/rocket/features.ts';
import { biasQuantile, dilationsFor, KERNELS } from '../../src/rocket/kernels.ts';
import { assertClose } from './close.ts';

interface TransformFixture {
  /** `[sequences, channels, length]`. */
  values: number[][][];
  channelCounts: number[];
  channelIndices: number[];
  dilations: number[];
  features: number[];
  biases: number[];
  /** `[sequences, features]`. */
  expected: number[][];
}

interface Fixtures {
  kernels: number[][];
  dilations: { length: number; features: number; dilations: number[]; counts: number[] }[];
  quantiles: number[];
  transforms: TransformFixture[];
}

const FILE = new URL('../fixture/parity/rocket.json', import.meta.url);
const fixtures = JSON.parse(readFileSync(FILE, 'utf8')) as Fixtures;

describe("the parts of aeon's MiniRocket", () => {
  test('kernels', () => {
    assert.deepEqual(KERNELS, fixtures.kernels);
  });

  test('quantiles of biases', () => {
    const quantiles = fixtures.quantiles.map((_, feature) => biasQuantile(feature));
    assertClose(quantiles, fixtures.quantiles, 1e-7, 'quantiles');
  });

  for (const { length, features, dilations, counts } of fixtures.dilations) {
    test(`dilations of ${features} features at length ${length}`, () => {
      const found = dilationsFor(length, features, 32);
      assert.deepEqual([...found.dilations], dilations);
      assert.deepEqual([...found.features], counts);
    });
  }

  for (const fixture of fixtures.transforms) {
    const channels = fixture.values[0]!.length;
    test(`features of ${channels} channels, given the biases`, () => {
      const part = {
        channels,
        dilations: Int32Array.from(fixture.dilations),
        features: Int32Array.from(fixture.features),
        channelCounts: Int32Array.from(fixture.channelCounts),
        channelIndices: Int32Array.from(fixture.channelIndices),
        biases: Float32Array.from(fixture.biases),
      };
      const features = new Features({ variant: 'mini', parts: [part] });
      for (const [row, sequence] of fixture.values.entries()) {
        const found = new Float64Array(features.count);
        const values = Float32Array.from(sequence.flat());
        features.write({ channels, length: sequence[0]!.length, values }, found);
        assertClose([...found], fixture.expected[row]!, 1e-6, `sequence ${row}`);
      }
    });
  }
});
