/** Features of random convolutions: what they count, and that nothing else shows in them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { randomStream } from '../../../src/core/random.ts';
import type { Series } from '../../../src/rocket/convolver.ts';
import { Features } from '../../../src/rocket/features.ts';
import { KERNEL_LENGTH, KERNELS, REACH } from '../../../src/rocket/kernels.ts';
import {
  convolutionsOf,
  fitTransform,
  POOLS,
  type RocketTransform,
  representationOf,
  type Transform,
  type Variant,
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

const fit = async (rows: readonly Series[], variant: Variant = 'mini'): Promise<RocketTransform> =>
  await fitTransform(
    { count: rows.length, read: async (row) => rows[row]! },
    {
      ...{ channels: rows[0]!.channels, length: 64, variant, dilations: 32, seed: 3 },
      features: variant === 'mini' ? 504 : 2 * 4 * 504,
    },
  );

function featuresOf(transform: RocketTransform, series: Series): number[] {
  const features = new Features(transform);
  const found = new Float64Array(features.count);
  features.write(series, found);
  return [...found];
}

/** By the definition, one multiplication at a time. */
function bySums({ variant, parts }: RocketTransform, series: Series): number[] {
  const perBias = parts.flatMap((part, at) =>
    partBySums(variant, part, representationOf(series, at)),
  );
  const kinds = Array.from({ length: POOLS[variant] }, (_, kind) => kind);
  return kinds.flatMap((kind) => perBias.map((features) => features[kind]!));
}

/** The features of each bias. */
function partBySums(
  variant: Variant,
  transform: Transform,
  { length, values }: Series,
): number[][] {
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
      const poolOf = variant === 'mini' ? shareAbove : poolsAbove;
      return [...transform.biases.subarray(begin, end)].map((bias) => poolOf(outputs, bias));
    },
  );
}

const shareAbove = (outputs: readonly number[], bias: number): number[] => [
  Math.fround(outputs.filter((one) => one > bias).length / outputs.length),
];

/** Share, mean place from ½, longest run and mean excess of the outputs above a bias. */
function poolsAbove(outputs: readonly number[], bias: number): number[] {
  const runs = outputs.map((one) => (one > bias ? '+' : ' ')).join('');
  const places = [...outputs.keys()].filter((at) => outputs[at]! > bias);
  const mean = (numbers: readonly number[]) =>
    numbers.length === 0 ? 0 : numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
  return [
    ...shareAbove(outputs, bias),
    mean(places.map((at) => at + 0.5)),
    Math.max(...runs.split(' ').map((run) => run.length)),
    mean(places.map((at) => outputs[at]! - bias)),
  ];
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

    it(`are four of each bias, of values and differences, for "multi" in ${channels} channels`, async () => {
      const rows = [64, 40, 13].map((length, seed) => seriesOf(channels, length, seed));
      const transform = await fit(rows, 'multi');
      const biases = transform.parts.reduce((sum, part) => sum + part.biases.length, 0);
      for (const length of [1, 2, 9, 33, 64, 90]) {
        const series = seriesOf(channels, length, length);
        const found = featuresOf(transform, series);
        assert.equal(found.length, POOLS.multi * biases);
        for (const [at, expected] of bySums(transform, series).entries()) {
          assert.ok(
            Math.abs(found[at]! - expected) <= 1e-5 * Math.max(1, expected),
            `feature ${at}`,
          );
        }
      }
    });
  }

  it('add up the same over more outputs than one block has', async () => {
    const transform = await fit([seriesOf(1, 64, 1)], 'multi');
    const [part] = transform.parts;
    const few = { ...part!, features: Int32Array.of(1), dilations: Int32Array.of(3) };
    const one = { ...transform, parts: [{ ...few, biases: part!.biases.slice(0, 84) }] };
    const series = seriesOf(1, 2501, 2);
    const found = featuresOf(one, series);
    for (const [at, expected] of bySums(one, series).entries()) {
      assert.ok(
        Math.abs(found[at]! - expected) <= 1e-5 * Math.max(1, expected),
        `feature ${at}: ${found[at]}, expected ${expected}`,
      );
    }
  });

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
    for (const { isPadded, begin, end } of convolutionsOf(transform.parts[0]!)) {
      if (!isPadded) assert.deepEqual(high.slice(begin, end), low.slice(begin, end));
    }
  });
});

describe('a fitted transform', () => {
  it('has biases between the outputs of its sequences', async () => {
    const series = seriesOf(1, 64, 5);
    const transform = await fit([series]);
    for (const { isPadded, begin, end } of convolutionsOf(transform.parts[0]!)) {
      const features = featuresOf(transform, series).slice(begin, end);
      if (isPadded) assert.ok(features.every((share) => share >= 0 && share < 1));
    }
  });

  it('follows from its seed', async () => {
    const rows = [64, 50].map((length, seed) => seriesOf(3, length, seed));
    for (const variant of ['mini', 'multi'] as const) {
      assert.deepEqual(await fit(rows, variant), await fit(rows, variant));
    }
  });
});
