import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { randomStream } from '../../../../src/core/random.ts';
import { UNSCALED } from '../../../../src/data/scaling/scaling.ts';
import type { MicroBatch } from '../../../../src/engine/engine.ts';
import { microBatchOf } from '../../../../src/nn/objective/objective.ts';
import { makeProgram } from '../../../../src/nn/program.ts';
import { registry } from '../../../../src/nn/registry.ts';
import { testEngine } from '../../../helper/engine.ts';
import { factsOf, trained } from '../../../helper/nn.ts';

const SYMBOLS = 5;
const FACTS = factsOf({ symbols: SYMBOLS, classes: 2 });
const CONFIG = {
  family: 'latent-grams',
  channels: 3,
  orders: [1, 3],
  buckets: 256,
  fitSequences: 50,
};
const SUPERVISED = { kind: 'supervised', classWeights: 'none' };
const ADAMW = { kind: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1 };

/** Each sequence has habits of its own: symbols that follow each other often. */
const sequences = Array.from({ length: 40 }, (_, sequence) => {
  const stream = randomStream(1, 'synthetic', sequence);
  const values = new Int32Array(20 + (sequence % 5));
  for (let i = 1; i < values.length; i++) {
    const isHabit = stream.uniform(2 * i) < 0.6;
    values[i] = isHabit
      ? (values[i - 1]! + sequence) % SYMBOLS
      : stream.integer(2 * i + 1, SYMBOLS);
  }
  return values;
});

async function fittedState() {
  const made = trained({ model: CONFIG, objective: SUPERVISED, optimizer: ADAMW }, FACTS);
  const state = made.start(3);
  const found = await made.model.fit!.of(each(sequences));
  for (const { name, offset } of made.program.state.parameters) {
    const values = found.get(name);
    if (values !== undefined) state.parameters.set(values, offset);
  }
  return { ...made, state, found };
}

async function* each(all: readonly Int32Array[]): AsyncGenerator<Int32Array> {
  yield* all;
}

function batchOf(objective: Parameters<typeof microBatchOf>[0]): MicroBatch {
  const rows = sequences.length;
  const lengths = Int32Array.from(sequences, ({ length }) => length);
  const paddedLength = Math.max(...lengths);
  const values = new Int32Array(rows * paddedLength);
  sequences.forEach((sequence, row) => {
    values.set(sequence, row * paddedLength);
  });
  const numbers = Int32Array.from(sequences.keys());
  return microBatchOf(objective, {
    ...{ rows, paddedLength, channels: 1, lengths, values, sequences: numbers, epoch: 0 },
    labels: numbers.map((row) => row % 2),
    starts: new Int32Array(rows),
  });
}

describe('the model ngram', () => {
  it('counts in the engine what it was fitted to on the host: features have mean 0, variance 1', async () => {
    const { model, objective, program, state } = await fittedState();
    const { predict: _, ...rest } = objective;
    const session = testEngine.session(
      makeProgram({
        ...{ model, facts: FACTS, update: program.update },
        objective: {
          ...rest,
          predict: ({ ops }, features) => ops.meanOverLength(features),
        },
      }),
    );
    session.load(state);
    const { data, shape } = session.forward(batchOf(objective));
    session.dispose();
    assert.deepEqual(shape, [sequences.length, 3]);
    for (let channel = 0; channel < 3; channel++) {
      const values = [...data.filter((_, at) => at % 3 === channel)];
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const square = values.reduce((sum, value) => sum + value * value, 0) / values.length;
      assert.ok(Math.abs(mean) < 1e-4, `mean ${mean}`);
      assert.ok(Math.abs(square - 1) < 0.01, `variance ${square}`);
    }
  });

  it('trains the head only', async () => {
    const { program, state, objective, found } = await fittedState();
    const session = testEngine.session(program);
    session.load({ ...state, parameters: state.parameters.slice() });
    const total = session.gradients(batchOf(objective));
    session.apply({ total, learningRate: 0.1, step: 1, statisticsMomentum: 0.1 });
    const { parameters } = session.read();
    session.dispose();
    for (const { name, offset, size } of program.state.parameters) {
      const [now, before] = [parameters, state.parameters].map((all) =>
        all.slice(offset, offset + size),
      );
      if (found.has(name)) assert.deepEqual(now, before, name);
      else assert.notDeepEqual(now, before, name);
    }
  });

  it('needs as many sequences as channels', async () => {
    const { model } = trained({ model: CONFIG, objective: SUPERVISED }, FACTS);
    await assert.rejects(model.fit!.of(each(sequences.slice(0, 2))), {
      code: 'DATA_INVALID',
      message: /model\.channels is 3, but only 2 training sequences/,
    });
  });

  it('refuses real values', () => {
    const facts = { ...factsOf({ symbols: 0 }), scaling: UNSCALED };
    assert.throws(() => registry.makeModel(CONFIG, facts), {
      code: 'CONFIG_INVALID',
      message: /the dataset holds real values/,
    });
  });
});
