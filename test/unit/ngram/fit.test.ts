import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { randomStream } from '../../../src/core/random.ts';
import { countNgrams, fitNgrams, type NgramMaterial } from '../../../src/ngram/fit.ts';
import { type Matrix, matrix } from '../../../src/solver/matrix.ts';
import { meritOfScores, meritsOfRows } from '../../../src/workflow/fitted-targets.ts';

const SYMBOLS = 6;
const [TRAINING, JUDGES, ODD] = [40, 24, 6];

/** Noise that repeats what was `near` timesteps before, which n-grams see, and `far` before, which pairs see. */
function echoes(number: number, near: number, far: number): number[] {
  const stream = randomStream(3, 'synthetic', number);
  const values: number[] = [];
  for (let t = 0; t < 600; t++) {
    const chance = stream.uniform(2 * t);
    const gap = chance < 0.3 ? near : chance < 0.6 ? far : undefined;
    values.push(
      gap !== undefined && t >= gap ? values[t - gap]! : stream.integer(2 * t + 1, SYMBOLS),
    );
  }
  return values;
}

const [NEAR, FAR] = [[1, 2] as const, [5, 7] as const];
const classOf = (i: number): 0 | 1 => (i % 2 === 0 ? 0 : 1);
const training = Array.from({ length: TRAINING }, (_, i) =>
  echoes(i, NEAR[classOf(i)], FAR[classOf(i)]),
);
/** Of the first ones, the n-grams are those of the other class. */
const judges = Array.from({ length: JUDGES }, (_, i) =>
  echoes(100 + i, NEAR[classOf(i < ODD ? i + 1 : i)], FAR[classOf(i)]),
);

async function* each<T>(all: readonly T[]): AsyncGenerator<T> {
  yield* all;
}

function targets(count: number): Matrix {
  const signs = Array.from({ length: count }, (_, i) => (classOf(i) === 0 ? [1, -1] : [-1, 1]));
  return matrix(count, 2, Float64Array.from(signs.flat()));
}

describe('pairs replace n-grams', () => {
  let material: NgramMaterial;
  before(async () => {
    const features = { symbols: SYMBOLS, orders: [3], gaps: [5, 7], buckets: 1024 };
    material = await countNgrams({ features, fitted: each(training), judges: each(judges) });
  });

  const fitWith = (groups: readonly string[]) =>
    fitNgrams(material, {
      task: 'class',
      labelled: Int32Array.from(training.keys()),
      y: targets(TRAINING),
      judgesY: targets(JUDGES),
      groups,
      merit: (scores, y) => meritOfScores('class', scores, y).value,
      rowMerits: (scores, y) => meritsOfRows('class', scores, y),
    });

  it('where several groups agree that they are better', () => {
    const { merit, choices } = fitWith(Array.from(judges, (_, i) => `g${i}`));
    assert.equal(choices[0]!.block, 'pairs');
    assert.equal(merit, 1);
  });

  it('not where one group alone says so', () => {
    const { merit, choices } = fitWith(Array.from(judges, (_, i) => (i < ODD ? 'odd' : `g${i}`)));
    assert.equal(choices[0]!.block, 'n-grams');
    assert.equal(merit, (JUDGES - ODD) / JUDGES);
  });
});
