import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LockstepError } from '../../../src/core/errors.ts';
import { randomStream } from '../../../src/core/random.ts';
import {
  cumulative,
  doublyStochasticTransitions,
  freeTransitions,
  nextSymbol,
} from '../../../src/importer/synthetic/markov.ts';
import { synthesize, syntheticSource } from '../../../src/importer/synthetic/synthesize.ts';
import { collectItems } from '../data/sample-store.ts';

const LENGTH = { minimum: 20, maximum: 400 };

function histogram(symbols: number, sequences: readonly ArrayLike<number>[]): number[] {
  const counts = Array<number>(symbols).fill(0);
  let total = 0;
  for (const values of sequences) {
    for (const value of Array.from(values)) counts[value]!++;
    total += values.length;
  }
  return counts.map((count) => count / total);
}

/** Half the sum of absolute differences: 0 for equal distributions, 1 for disjoint ones. */
function distance(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, share, i) => sum + Math.abs(share - b[i]!), 0) / 2;
}

describe('synthetic sequences', () => {
  it('are the same by their number, however many are made and in whatever order', async () => {
    const few = await collectItems(synthesize({ count: 5, seed: 3, length: LENGTH }));
    const source = syntheticSource({ count: 1000, seed: 3, length: LENGTH });
    for (const i of [4, 0, 3]) assert.deepEqual(source(i), few[i]);
    const other = syntheticSource({ count: 5, seed: 4, length: LENGTH });
    assert.notDeepEqual(other(0).values, few[0]!.values);
  });

  it('have lengths and symbols within their limits, log-uniformly', async () => {
    const length = { minimum: 1, maximum: 255 };
    const records = await collectItems(synthesize({ count: 800, symbols: 7, length }));
    const lengths = records.map(({ values }) => values.length);
    assert.equal(Math.min(...lengths), 1);
    assert(Math.max(...lengths) <= 255 && Math.max(...lengths) > 240);
    const belowRoot = lengths.filter((each) => each < 16).length / lengths.length;
    assert(Math.abs(belowRoot - 0.5) < 0.07, `half lie below √256: ${belowRoot}`);
    assert(records.every(({ values }) => Array.from(values).every((value) => value < 7)));
  });

  it('differ by histogram between classes, but not when only the order may differ', () => {
    const options = { count: 40, classes: 2, symbols: 8, length: { minimum: 2000, maximum: 2000 } };
    const perClass = (orderOnly: boolean) => {
      const source = syntheticSource({ ...options, orderOnly });
      const records = Array.from({ length: options.count }, (_, i) => source(i));
      return [0, 1].map((label) =>
        histogram(
          8,
          records.filter((_, i) => i % 2 === label).map(({ values }) => values),
        ),
      ) as [number[], number[]];
    };
    assert(distance(...perClass(false)) > 0.1);
    assert(distance(...perClass(true)) < 0.02);
  });

  it('may follow from a step further back, so that a shorter window says nothing of the class', () => {
    const options = { symbols: 6, orderOnly: true, lag: 8 };
    const length = { minimum: 60_000, maximum: 60_000 };
    const source = syntheticSource({ ...options, count: 2, classes: 2, length });
    const pairs = (label: number, distance: number) => {
      const { values } = source(label);
      const later = Array.from(values).slice(distance);
      return histogram(36, [later.map((value, t) => 6 * values[t]! + value)]);
    };
    for (const near of [1, 2, 3, 4]) {
      assert(distance(pairs(0, near), pairs(1, near)) < 0.03, `steps ${near} apart`);
    }
    assert(distance(pairs(0, 8), pairs(1, 8)) > 0.3);
  });

  it('may differ only by how far before it a timestep finds what it repeats', () => {
    const length = { minimum: 4000, maximum: 4000 };
    const options = { count: 2, classes: 2, symbols: 6, length, echoes: [20, 33] };
    const source = syntheticSource(options);
    const equal = (values: ArrayLike<number>, gap: number) =>
      Array.from(values).filter((value, t) => value === values[t - gap]).length / values.length;
    const [first, second] = [source(0).values, source(1).values];
    assert(equal(first, 20) > equal(first, 33) + 0.15);
    assert(equal(second, 33) > equal(second, 20) + 0.15);
    assert(Math.abs(equal(first, 1) - equal(second, 1)) < 0.05);
    assert(distance(histogram(6, [first]), histogram(6, [second])) < 0.05);
  });

  it('leave a classifier by histograms at chance when only the order differs', () => {
    const options = { symbols: 12, orderOnly: true, lag: 8, classes: 4, seed: 1 };
    const length = { minimum: 512, maximum: 2048 };
    const source = syntheticSource({ ...options, count: 800, length });
    const records = Array.from({ length: 800 }, (_, i) => ({
      label: i % 4,
      shares: histogram(12, [source(i).values]),
    }));
    const train = records.slice(0, 400);
    const centroids = [0, 1, 2, 3].map((label) => {
      const own = train.filter((record) => record.label === label);
      return own[0]!.shares.map((_, k) => own.reduce((sum, r) => sum + r.shares[k]!, 0) / 100);
    });
    const nearest = (shares: number[]) => {
      const distances = centroids.map((centroid) => distance(centroid, shares));
      return distances.indexOf(Math.min(...distances));
    };
    const hits = records.slice(400).filter(({ label, shares }) => nearest(shares) === label);
    // 400 guesses at one in four: 25 % ± 2.2 %.
    assert(Math.abs(hits.length / 400 - 0.25) < 0.09, `${hits.length} of 400`);
  });

  it('may be real numbers around the symbols', () => {
    const options = { count: 1, symbols: 5, length: { minimum: 500, maximum: 500 } };
    const symbols = syntheticSource(options)(0).values;
    const real = syntheticSource({ ...options, output: 'real' })(0).values;
    assert(real instanceof Float32Array);
    const errors = Array.from(real, (value, t) => value - (symbols[t]! / 2 - 1));
    const deviation = Math.sqrt(errors.reduce((sum, e) => sum + e * e, 0) / errors.length);
    assert(Math.abs(deviation - 0.05) < 0.01, `standard deviation ${deviation}`);
  });

  it('may lose labels, and share groups within a class', async () => {
    const options = { count: 400, classes: 2, length: { minimum: 1, maximum: 2 } };
    const records = await collectItems(
      synthesize({ ...options, unlabelledShare: 0.75, sequencesPerGroup: 10 }),
    );
    const unlabelled = records.filter(({ label }) => label === undefined).length;
    assert(unlabelled > 270 && unlabelled < 330);
    const groups = new Map<string, Set<number>>();
    records.forEach(({ group }, i) => {
      groups.set(group!, (groups.get(group!) ?? new Set()).add(i % 2));
    });
    assert.equal(groups.size, 40);
    assert([...groups.values()].every((classes) => classes.size === 1));
  });

  it('are refused with an option that is not allowed', () => {
    assert.throws(
      () => syntheticSource({ count: 1, length: { minimum: 9, maximum: 3 } }),
      (error) => {
        assert(error instanceof LockstepError);
        assert.equal(error.message, 'Cannot synthesize: option length: minimum is above maximum.');
        return true;
      },
    );
  });
});

describe('transition matrices', () => {
  const K = 9;
  const sums = (matrix: Float64Array, by: 'row' | 'column') =>
    Array.from({ length: K }, (_, i) =>
      Array.from({ length: K }, (_, j) => matrix[by === 'row' ? i * K + j : j * K + i]!).reduce(
        (sum, share) => sum + share,
        0,
      ),
    );
  const areOne = (numbers: number[]) => numbers.every((sum) => Math.abs(sum - 1) < 1e-12);

  it('have rows that sum to 1, doubly stochastic ones also columns', () => {
    const stream = randomStream(5, 'synthetic');
    assert(areOne(sums(freeTransitions(stream, K), 'row')));
    const doubly = doublyStochasticTransitions(stream, K);
    assert(areOne(sums(doubly, 'row')) && areOne(sums(doubly, 'column')));
  });

  it('are sampled by the cumulative sums', () => {
    const cumulated = cumulative(Float64Array.from([0.25, 0.75, 1, 0]), 2);
    const picks = [0, 0.2499, 0.25, 0.9999].map((draw) => nextSymbol(cumulated, 2, 0, draw));
    assert.deepEqual(picks, [0, 0, 1, 1]);
    assert.equal(nextSymbol(cumulated, 2, 1, 0.9999), 0);
  });
});
