/** Features of random convolutions: what they count, and that nothing else shows in them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { randomStream } from '../../../src/core/random.ts';
import type { Series } from '../../../src/rocket/convolver.ts';
import { KERNEL_LENGTH, KERNELS, REACH } from '../../../src/rocket/kernels.ts';
import {
  convolutionsOf,
  Features,
  fitTransform,
  type Transform,
} from '../../../src/rocket/transform.ts';

/** Multiples of 1/64: every convolution of them is exact. */
function seriesOf(channels: number, length: number, seed: number): Series {
  const draw = randomStream(seed, 'synthetic');
  const values = Float32Array.from(
    { length: channels * length },
    (_, at) => (draw.integer(at, 512) - 256) / 64,
  );
  return { channels, length, values };
}

const fit = async (rows: readonly Series[], features = 504): Promise<Transform> =>
  await fitTransform(
    { count: rows.length, read: async (row) => rows[row]! },
    { channels: rows[0]!.channels, length: 64, features, dilations: 32, seed: 3 },
  );

function featuresOf(transform: Transform, series: Series): number[] {
  const features = new Features(transform);
  const found = new Float64Array(features.count);
  features.write(series, found);
  return [...found];
}

/** By the definition, one multiplication at a time. */
function bySums(transform: Transform, { length, values }: Series): number[] {
  return convolutionsOf(transform).flatMap(
    ({ dilation, kernel, channels, isPadded, begin, end }) => {
      const output = (t: number) => {
        let sum = 0;
        for (const channel of channels) {
          for (let position = 0; position < KERNEL_LENGTH; position++) {
            const at = t + (position - REACH) * dilation;
            const weight = KERNELS[kernel]!.includes(position) ? 2 : -1;
            if (at >= 0 && at < length) sum += weight * values[channel * length + at]!;
          }
        }
        return sum;
      };
      const isInside = (t: number) => t >= REACH * dilation && t < length - REACH * dilation;
      const all = Array.from({ length }, (_, t) => t);
      const inside = all.filter(isInside);
      const outputs = (isPadded || inside.length === 0 ? all : inside).map(output);
      return [...transform.biases.subarray(begin, end)].map((bias) =>
        Math.fround(outputs.filter((one) => one > bias).length / outputs.length),
      );
    },
  );
}

describe('the features of a sequence', () => {
  for (const channels of [1, 4]) {
    it(`are shares of the outputs above each bias, at any length, in ${channels} channels`, async () => {
      const rows = [64, 40, 13].map((length, seed) => seriesOf(channels, length, seed));
      const transform = await fit(rows);
      for (const length of [1, 3, 8, 33, 64, 90]) {
        const series = seriesOf(channels, length, length);
        assert.deepEqual(featuresOf(transform, series), bySums(transform, series));
      }
    });
  }

  it('depend on no sequence before', async () => {
    const rows = [64, 9, 30].map((length, seed) => seriesOf(2, length, seed));
    const transform = await fit(rows);
    const features = new Features(transform);
    for (const row of [0, 2, 1, 1, 0, 2]) {
      const found = new Float64Array(features.count + 2);
      features.write(rows[row]!, found, 1);
      assert.deepEqual([...found], [0, ...featuresOf(transform, rows[row]!), 0]);
    }
  });

  it('do not change with the level of a sequence where the kernels lie inside it', async () => {
    const series = seriesOf(1, 64, 1);
    const raised = { ...series, values: series.values.map((value) => value + 32) };
    const transform = await fit([series]);
    const [low, high] = [featuresOf(transform, series), featuresOf(transform, raised)];
    for (const { isPadded, begin, end } of convolutionsOf(transform)) {
      if (!isPadded) assert.deepEqual(high.slice(begin, end), low.slice(begin, end));
    }
  });
});

describe('a fitted transform', () => {
  it('has biases between the outputs of its sequences', async () => {
    const series = seriesOf(1, 64, 5);
    const transform = await fit([series]);
    for (const { isPadded, begin, end } of convolutionsOf(transform)) {
      const features = featuresOf(transform, series).slice(begin, end);
      if (isPadded) assert.ok(features.every((share) => share >= 0 && share < 1));
    }
  });

  it('follows from its seed', async () => {
    const rows = [64, 50].map((length, seed) => seriesOf(3, length, seed));
    assert.deepEqual(await fit(rows), await fit(rows));
  });
});
