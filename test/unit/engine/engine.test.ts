import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MicroBatch } from '../../../src/engine/engine.ts';
import { layOut, makeLeafLayout, makeStateLayout } from '../../../src/engine/layout.ts';
import { updateRunningStatistics } from '../../../src/engine/running-statistics.ts';
import { instructionSetOf } from '../../../src/engine/tensorflow/instruction-set.ts';
import { microBatchOf } from '../../../src/nn/objective/objective.ts';
import { testEngine } from '../../helper/engine.ts';
import { factsOf, trained } from '../../helper/nn.ts';

describe('layouts', () => {
  it('put tensors one after another', () => {
    const { slots, size } = layOut([
      { name: 'a', shape: [2, 3] },
      { name: 'b', shape: [] },
      { name: 'c', shape: [4] },
    ]);
    assert.deepEqual(
      slots.map(({ offset, size }) => [offset, size]),
      [
        [0, 6],
        [6, 1],
        [7, 4],
      ],
    );
    assert.equal(size, 11);
  });

  it('a leaf holds gradient, sums, then count, mean and variance of each norm', () => {
    const norms = [
      { name: 'n', channels: 2 },
      { name: 'm', channels: 3 },
    ];
    const state = makeStateLayout([{ name: 'w', shape: [5] }], norms);
    const leaf = makeLeafLayout(state, ['loss', 'weight'], norms);
    assert.equal(leaf.sumOffset, 5);
    assert.deepEqual(
      leaf.normLayers.map(({ offset }) => offset),
      [7, 12],
    );
    assert.equal(leaf.size, 7 + 5 + 7);
    assert.deepEqual(
      state.statistics.map(({ name }) => name),
      ['n.running_mean', 'n.running_var', 'm.running_mean', 'm.running_var'],
    );
  });
});

describe('updateRunningStatistics()', () => {
  const norms = [{ name: 'n', channels: 1 }];
  const state = makeStateLayout([], norms);
  const leaf = makeLeafLayout(state, [], norms);
  const update = (total: number[], momentum: number) => [
    ...updateRunningStatistics(
      Float32Array.of(1, 2),
      Float32Array.from(total),
      { state, leaf },
      momentum,
    ),
  ];

  it('moves towards Σ(n · value) / Σn by the momentum', () => {
    // Two micro-batches of 3 and 5 positions with means 2 and 4, variances 1 and 3.
    assert.deepEqual(update([8, 3 * 2 + 5 * 4, 3 * 1 + 5 * 3], 0.25), [
      0.75 * 1 + 0.25 * (26 / 8),
      0.75 * 2 + 0.25 * (18 / 8),
    ]);
  });

  it('keeps the statistics of a layer that saw nothing', () => {
    assert.deepEqual(update([0, 0, 0], 0.5), [1, 2]);
  });
});

describe('instructionSetOf()', () => {
  it('names what TensorFlow chooses kernels by, weakest first', () => {
    const flags = 'flags\t\t: fpu avx512f sse avx2 avx fma amx_tile ht';
    assert.equal(instructionSetOf(`processor : 0\n${flags}\n`), 'avx+avx2+fma+avx512f+amx_tile');
    assert.equal(instructionSetOf('processor : 0\n'), 'baseline');
  });
});

describe('a session', () => {
  const model = {
    family: 'dilated',
    channels: 4,
    input: 'embedding',
    dilations: [1],
    kernel: 3,
    maskValue: -1,
  };
  const objective = { kind: 'masked', fraction: 0.3, span: 2, target: 'classification' };
  const optimizer = { kind: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1 };
  const made = trained({ model, objective, optimizer }, factsOf({ symbols: 5 }));
  const { program } = made;
  const start = made.start(1);
  const open = () => {
    const session = testEngine.session(program);
    session.load(start);
    return session;
  };
  const microBatch = (length: number, hidden: boolean): MicroBatch => {
    const values = Int32Array.from({ length }, (_, step) => step % 5);
    const shared = { rows: 1, channels: 1, paddedLength: length, lengths: Int32Array.of(length) };
    const sequences = Int32Array.of(0);
    if (hidden) {
      const rows = {
        ...shared,
        values,
        sequences,
        labels: Int32Array.of(0),
        starts: Int32Array.of(0),
      };
      return microBatchOf(made.objective, { ...rows, epoch: 0 });
    }
    const none = { shape: [0], data: new Int32Array() };
    const feeds = {
      values: { shape: [1, length], data: values },
      mask: { shape: [1, length], data: new Int32Array(length) },
      positions: none,
      targets: none,
    };
    return { ...shared, sequences, feeds, hostSums: { weight: 0 } };
  };
  const apply = { learningRate: 0.1, step: 1, statisticsMomentum: 0.1 };

  it('reads back what was loaded', () => {
    const session = open();
    assert.deepEqual(session.read(), start);
    session.dispose();
  });

  it('computes from what is loaded, whatever it computed before', () => {
    const [used, fresh] = [open(), open()];
    const step = (session: typeof used) => {
      const total = session.gradients(microBatch(40, true));
      session.apply({ total, ...apply });
      return session.read();
    };
    step(used);
    used.load(start);
    assert.deepEqual(step(used), step(fresh));
    for (const session of [used, fresh]) session.dispose();
  });

  it('leaves the state alone when a step has nothing to learn from', () => {
    const session = open();
    const total = session.gradients(microBatch(6, false));
    assert.equal(total[program.leaf.sumOffset + 1], 0, 'weight');
    assert.ok(total.every(Number.isFinite));
    session.apply({ total, ...apply });
    assert.deepEqual(session.read(), start);
    session.dispose();
  });

  it('computes with a sequence of one step', () => {
    const session = open();
    assert.ok(session.gradients(microBatch(1, true)).every(Number.isFinite));
    session.dispose();
  });

  it('moves what the objective trains, and no other head', () => {
    const session = open();
    session.apply({ total: session.gradients(microBatch(40, true)), ...apply });
    const { parameters } = session.read();
    for (const { name, offset, size } of program.state.parameters) {
      const same = Buffer.from(parameters.slice(offset, offset + size).buffer).equals(
        Buffer.from(start.parameters.slice(offset, offset + size).buffer),
      );
      assert.equal(same, name.startsWith('decoder.'), name);
    }
    session.dispose();
  });

  it('hands out leaves without subnormal numbers and without −0', () => {
    const session = open();
    session.load({ ...start, parameters: start.parameters.map((p) => p * 1e-20) });
    const leaf = session.gradients(microBatch(40, true));
    assert.ok(leaf.every((x) => Object.is(x, 0) || Math.abs(x) >= 2 ** -126));
    session.dispose();
  });

  it('evaluates without subnormal numbers as well, whatever the host adds', () => {
    const session = open();
    const batch = microBatch(6, false);
    const weightOf = (weight: number) => session.evaluate({ ...batch, hostSums: { weight } })[1];
    assert.equal(weightOf(1e-40), 0);
    assert.equal(weightOf(3), 3);
    session.dispose();
  });

  it('refuses a sum of the host that the objective does not have', () => {
    const session = open();
    const batch = { ...microBatch(6, false), hostSums: { weigth: 1 } };
    assert.throws(() => session.gradients(batch), /the objective has no sum "weigth"/);
    assert.throws(() => session.evaluate(batch), /the objective has no sum "weigth"/);
    session.dispose();
  });

  it('copes with micro-batches that hide nothing among those that do', () => {
    const session = open();
    const [none, some] = [microBatch(6, false), microBatch(40, true)].map((batch) =>
      session.gradients(batch),
    ) as [Float32Array, Float32Array];
    const total = session.merge(none, some);
    const { sumOffset } = program.leaf;
    assert.deepEqual(total.subarray(0, sumOffset + 2), some.subarray(0, sumOffset + 2));
    session.apply({ total, ...apply });
    assert.ok(session.read().parameters.every(Number.isFinite));
    session.dispose();
  });
});
