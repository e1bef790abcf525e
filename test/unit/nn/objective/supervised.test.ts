/** The supervised objective on each kind of target, against the formulas of PyTorch's losses. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ObjectiveConfig } from '../../../../src/config/phase-section.ts';
import type { PaddedRows } from '../../../../src/data/collate.ts';
import type { PhaseFacts } from '../../../../src/data/facts.ts';
import { microBatchOf } from '../../../../src/nn/objective/objective.ts';
import { registry } from '../../../../src/nn/registry.ts';
import { testEngine } from '../../../helper/engine.ts';
import { factsOf, TARGETS, targetsOfRows, trained } from '../../../helper/nn.ts';

const MODEL = { family: 'reference', channels: 4, maskValue: -1 };
const LENGTHS = [9, 12, 12];

const supervised = (options: object = {}): ObjectiveConfig => ({
  kind: 'supervised',
  classWeights: 'none',
  ...options,
});
const factsFor = (kind: keyof typeof TARGETS, changes: Partial<PhaseFacts> = {}): PhaseFacts => ({
  ...factsOf({ target: TARGETS[kind] }),
  ...changes,
});

function rowsFor(facts: PhaseFacts): PaddedRows {
  const paddedLength = Math.max(...LENGTHS);
  const values = Int32Array.from({ length: LENGTHS.length * paddedLength }, (_, position) =>
    position % paddedLength < LENGTHS[Math.floor(position / paddedLength)]!
      ? (position * 5) % 7
      : 0,
  );
  return {
    rows: LENGTHS.length,
    paddedLength,
    channels: 1,
    lengths: Int32Array.from(LENGTHS),
    values,
    labels: new Int32Array(LENGTHS.length),
    ...targetsOfRows(facts, LENGTHS, paddedLength),
    sequences: Int32Array.of(0, 1, 2),
    starts: new Int32Array(LENGTHS.length),
    epoch: 0,
  };
}

/** The sums of an evaluation, and what the same weights predict. */
function evaluated(facts: PhaseFacts, options: object = {}) {
  const { objective, program, start } = trained(
    { model: MODEL, objective: supervised(options) },
    facts,
  );
  const session = testEngine.session(program);
  session.load(start(3));
  const rows = rowsFor(facts);
  const batch = microBatchOf(objective, rows);
  const values = session.evaluate(batch);
  const sums = Object.fromEntries(program.leaf.sums.map((name, i) => [name, values[i]!]));
  const { data, shape } = session.forward(batch);
  session.dispose();
  return { rows, sums, outputs: data, shape, metrics: objective.metrics(sums) };
}

const close = (found: number, expected: number) =>
  assert.ok(
    Math.abs(found - expected) <= 1e-5 * Math.max(1, Math.abs(expected)),
    `${found}, not ${expected}`,
  );
const total = (values: Iterable<number>) => [...values].reduce((a, b) => a + b, 0);

describe('the head of a sequence', () => {
  const facts = factsFor('class');
  const { program, model, start } = trained({ model: MODEL, objective: supervised() }, facts);
  const rows = rowsFor(facts);

  /** Features of every row's timesteps; the weights of a model do not depend on its head. */
  function features(): number[][][] {
    const session = testEngine.session({
      ...program,
      outputs: (context) => model.features(context),
    });
    session.load(start(3));
    const { data } = session.forward(
      microBatchOf(registry.makeObjective(supervised(), facts, 0), rows),
    );
    session.dispose();
    const { channels } = model;
    return LENGTHS.map((length, row) =>
      Array.from({ length }, (_, step) => {
        const begin = (row * rows.paddedLength + step) * channels;
        return [...data.subarray(begin, begin + channels)];
      }),
    );
  }

  const mean = (steps: number[][], weights = steps.map(() => 1 / steps.length)) =>
    steps[0]!.map((_, channel) => total(steps.map((step, at) => step[channel]! * weights[at]!)));
  const largest = (steps: number[][]) =>
    steps[0]!.map((_, channel) => Math.max(...steps.map((step) => step[channel]!)));
  const POOLED: Record<string, (steps: number[][], scores: number[]) => number[]> = {
    max: largest,
    'mean-max': (steps) => [...mean(steps), ...largest(steps)],
    attention: (steps, scores) => {
      const raised = scores.map(Math.exp);
      return mean(
        steps,
        raised.map((value) => value / total(raised)),
      );
    },
  };

  for (const [pooling, pooled] of Object.entries(POOLED)) {
    it(`sees the valid timesteps by ${pooling}`, () => {
      const made = trained({ model: MODEL, objective: supervised({ pooling }) }, facts);
      const { parameters } = made.start(3);
      const of = (name: string) => {
        const slot = made.program.state.parameters.find((slot) => slot.name === name);
        return slot === undefined
          ? []
          : [...parameters.subarray(slot.offset, slot.offset + slot.size)];
      };
      const dot = (a: readonly number[], b: readonly number[]) => total(a.map((x, i) => x * b[i]!));
      const { outputs } = evaluated(facts, { pooling });
      const [weight, bias, scorer] = ['decoder.weight', 'decoder.bias', 'attention.weight'].map(of);
      const expected = features().flatMap((steps) => {
        const seen = pooled(
          steps,
          steps.map((step) => dot(step, scorer!)),
        );
        return bias!.map((b, row) => b + dot(seen, weight!.slice(row * seen.length)));
      });
      for (const [index, value] of expected.entries()) close(outputs[index]!, value);
    });
  }
});

describe('several classes for each sequence', () => {
  const facts = factsFor('classes', { classCounts: [1, 4, 8], labelledSequences: 9 });

  it('sum the binary cross-entropy of every class, weighted where a class applies', () => {
    const weights = [1, 2, 3];
    const { rows, sums, outputs, shape } = evaluated(facts, { positiveWeights: weights });
    assert.deepEqual(shape, [3, 3]);
    const loss = total(
      Array.from(outputs, (z, cell) => {
        const p = 1 / (1 + Math.exp(-z));
        return rows.targets![cell] === 1 ? -weights[cell % 3]! * Math.log(p) : -Math.log(1 - p);
      }),
    );
    close(sums.loss!, loss);
    assert.equal(sums.weight, 9);
  });

  it('count what is predicted, beside predicting all classes', () => {
    const { rows, outputs, metrics } = evaluated(facts);
    const predicted = Array.from(outputs, (z) => (z > 0 ? 1 : 0));
    const hits = total(predicted.map((one, cell) => one * rows.targets![cell]!));
    const actual = total(rows.targets!);
    close(metrics.microF1!.value, (2 * hits) / (total(predicted) + actual));
    close(metrics.microF1!.baselines!.allClasses!, (2 * actual) / (9 + actual));
  });

  it('balance a class by the others over its own', () => {
    const objective = registry.makeObjective(supervised({ positiveWeights: 'balanced' }), facts, 0);
    const rows = { ...rowsFor(facts), targets: Float32Array.of(1, 1, 1, 0, 0, 0, 1, 0, 0) };
    const { data } = objective.prepare(rows).feeds.weights!;
    assert.deepEqual([...data], [8, 5 / 4, 1 / 8, 1, 1, 1, 8, 1, 1].map(Math.fround));
  });
});

describe('numbers for each sequence', () => {
  const facts = factsFor('numbers');
  const { numbers } = TARGETS.numbers;
  const errorsOf = ({ rows, outputs }: ReturnType<typeof evaluated>) =>
    Array.from(outputs, (z, cell) => {
      const { mean, deviation } = numbers[cell % 2]!;
      return z - (rows.targets![cell]! - mean) / deviation;
    });
  const huber = (error: number, delta: number) =>
    Math.abs(error) <= delta ? error ** 2 / 2 : delta * (Math.abs(error) - delta / 2);

  it('are learned in standard deviations of the training split, by their squared errors', () => {
    const found = evaluated(facts);
    assert.deepEqual(found.shape, [3, 2]);
    close(found.sums.loss!, total(errorsOf(found).map((error) => error ** 2)));
    assert.equal(found.sums.weight, 6);
  });

  it("are learned by Huber's loss", () => {
    const found = evaluated(facts, { loss: 'huber', delta: 0.4 });
    const errors = errorsOf(found);
    assert.ok(errors.some((error) => Math.abs(error) < 0.4));
    assert.ok(errors.some((error) => Math.abs(error) > 0.4));
    close(found.sums.loss!, total(errors.map((error) => huber(error, 0.4))));
  });

  it('are measured by R², and by the loss of the training mean', () => {
    const { rows, sums, metrics } = evaluated(facts);
    const z = Array.from(rows.targets!, (value, cell) => {
      const { mean, deviation } = numbers[cell % 2]!;
      return (value - mean) / deviation;
    });
    const variation = total(
      [0, 1].map((column) => {
        const own = z.filter((_, cell) => cell % 2 === column);
        const mean = total(own) / own.length;
        return total(own.map((value) => (value - mean) ** 2));
      }),
    );
    close(metrics.r2!.value, 1 - sums.squares! / variation);
    close(metrics.loss!.baselines!.trainingMean!, total(z.map((value) => value ** 2)) / 6);
  });

  it('give an R² of 0 where nothing varies, 1 where nothing is wrong', () => {
    const { metrics } = registry.makeObjective(supervised(), facts, 0);
    const constant = { targetSquares: 6, total0: 3, total1: 3, sequences: 3, weight: 6 };
    const r2Of = (squares: number) =>
      metrics({ ...constant, loss: squares, meanLoss: 6, squares }).r2!.value;
    assert.deepEqual([r2Of(4), r2Of(0)], [0, 1]);
  });

  it('are refused where one is the same in all training sequences', () => {
    const target = { kind: 'numbers', numbers: [{ name: 'x', mean: 3, deviation: 0 }] } as const;
    assert.throws(() => registry.makeObjective(supervised(), { ...facts, target }, 0), {
      code: 'DATA_INVALID',
      message: 'The number "x" is 3 in all training sequences: there is nothing to learn.',
    });
  });
});

describe('a class for each timestep', () => {
  const facts = factsFor('timestep-class', { classCounts: [10, 40, 30] });

  it('counts the timesteps that have one, and no padding', () => {
    const weights = [1, 2, 0.5];
    const { rows, sums, outputs, shape } = evaluated(facts, { classWeights: weights });
    assert.deepEqual(
      shape.filter((size) => size !== 1),
      [3, 12, 3],
    );
    const labels = [...rows.timestepLabels!];
    const of = labels.flatMap((label, position) => (label >= 0 ? [{ label, position }] : []));
    assert.equal(of.length, 6 + 8 + 8);
    const lossOf = ({ label, position }: (typeof of)[number]) => {
      const logits = [...outputs.subarray(position * 3, position * 3 + 3)];
      const log = Math.log(total(logits.map(Math.exp)));
      return weights[label]! * (log - logits[label]!);
    };
    close(sums.loss!, total(of.map(lossOf)));
    close(sums.weight!, total(of.map(({ label }) => weights[label]!)));
    assert.equal(sums.timesteps, of.length);
  });

  it('is measured beside the most frequent class of the training split', () => {
    const { rows, metrics } = evaluated(facts);
    const labels = [...rows.timestepLabels!].filter((label) => label >= 0);
    const share = labels.filter((label) => label === 1).length / labels.length;
    close(metrics.accuracy!.baselines!.mostFrequent!, share);
  });

  it('counts nothing where no timestep has one', () => {
    const objective = registry.makeObjective(supervised(), facts, 0);
    const timestepLabels = new Int32Array(36).fill(-1);
    const { feeds, sums } = objective.prepare({ ...rowsFor(facts), timestepLabels });
    assert.deepEqual(sums, { weight: 0, timesteps: 0, frequentCorrect: 0 });
    assert.deepEqual(feeds.positions!.shape, [0]);
  });
});

describe('the supervised objective refuses', () => {
  const refuses = (kind: keyof typeof TARGETS, options: object, message: string) =>
    assert.throws(() => registry.makeObjective(supervised(options), factsFor(kind), 0), {
      code: 'CONFIG_INVALID',
      message,
    });

  it('an option that is for another target', () => {
    refuses(
      'numbers',
      { classWeights: 'balanced' },
      'objective.classWeights is for datasets with one class for each sequence or a class for each timestep; this one has numbers for each sequence.',
    );
    refuses(
      'class',
      { positiveWeights: [1, 2, 3] },
      'objective.positiveWeights is for datasets with several classes for each sequence; this one has one class for each sequence.',
    );
    refuses(
      'timestep-class',
      { loss: 'huber' },
      'objective.loss is for datasets with numbers for each sequence; this one has a class for each timestep.',
    );
    refuses(
      'timestep-class',
      { pooling: 'max' },
      'objective.pooling is for datasets with one class for each sequence or several classes for each sequence or numbers for each sequence; this one has a class for each timestep.',
    );
  });

  it("a bend of Huber's loss without that loss", () => {
    refuses(
      'numbers',
      { delta: 2 },
      'objective.delta is where Huber\'s loss becomes linear, but objective.loss is not "huber".',
    );
  });

  it('another number of positive weights than classes', () => {
    refuses(
      'classes',
      { positiveWeights: [1, 2] },
      'objective.positiveWeights has 2 weights, the dataset has 3 classes.',
    );
  });

  it('timesteps of one class', () => {
    const facts = factsFor('timestep-class', { classCounts: [0, 9, 0] });
    assert.throws(() => registry.makeObjective(supervised(), facts, 0), {
      message:
        'All training timesteps of a supervised phase are of one class: there is nothing to tell apart.',
    });
  });
});
