/**
 * The compiled engine against the eager one, and every formulation against the plain ones, on shapes that the
 * steps were not recorded at: single rows, padding and none, shorter and longer than `LONG`.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ModelConfig } from '../../src/config/model-section.ts';
import type { ObjectiveConfig } from '../../src/config/phase-section.ts';
import type { DataTarget } from '../../src/data/format/target.ts';
import type { Engine, Session } from '../../src/engine/engine.ts';
import {
  DEFAULT_FORMULATIONS,
  type Formulations,
  PLAIN_FORMULATIONS,
} from '../../src/engine/formulations.ts';
import { createEngine } from '../../src/engine/select.ts';
import { backendOf } from '../../src/engine/tensorflow/binding.ts';
import { makeKernels } from '../../src/engine/tensorflow/kernels.ts';
import { loadTensorflow } from '../../src/engine/tensorflow/library.ts';
import { recordBatchStep } from '../../src/engine/tensorflow/record-step.ts';
import { gradientStep } from '../../src/engine/tfjs/steps.ts';
import type { Model } from '../../src/nn/model/model.ts';
import { makeProgram } from '../../src/nn/program.ts';
import { registry } from '../../src/nn/registry.ts';
import { channelProgram } from '../helper/channel-program.ts';
import { factsOf, PLAIN_SGD, TARGETS } from '../helper/nn.ts';
import { type StepProgram, stepProgram } from '../helper/step-program.ts';
import { whereTensorflowIs } from '../helper/tensorflow.ts';
import { assertClose } from '../parity/close.ts';

const dilated: ModelConfig = {
  family: 'dilated',
  channels: 8,
  input: 'embedding',
  dilations: [1, 8],
  kernel: 3,
  maskValue: -1,
};
const MODELS: Readonly<Record<string, [ModelConfig, ObjectiveConfig, DataTarget?]>> = {
  'the reference network, supervised': [
    { family: 'reference', channels: 8, maskValue: -1 },
    { kind: 'supervised', classWeights: 'none' },
  ],
  'the dilated network, several classes': [
    dilated,
    { kind: 'supervised', classWeights: 'none', positiveWeights: [1, 2, 3] },
    TARGETS.classes,
  ],
  'the dilated network, numbers by Huber’s loss': [
    dilated,
    { kind: 'supervised', classWeights: 'none', loss: 'huber', delta: 0.5 },
    TARGETS.numbers,
  ],
  'the causal network, a class for each timestep': [
    { ...dilated, family: 'causal' },
    { kind: 'supervised', classWeights: [1, 2, 0.5] },
    TARGETS['timestep-class'],
  ],
  'the dilated network, masked': [
    dilated,
    { kind: 'masked', fraction: 0.2, span: 3, target: 'classification' },
  ],
  'the dilated network, contrastive': [
    dilated,
    { kind: 'contrastive', temperature: 0.2, dimensions: 6 },
  ],
  'the dilated network, n-grams': [
    dilated,
    { kind: 'n-grams', orders: [1, 3], buckets: 64, share: 'root', fraction: 0.2, span: 3 },
  ],
  'the dilated network, contrastive crops through a projection': [
    dilated,
    {
      ...{ kind: 'contrastive', temperature: 0.2, dimensions: 6 },
      ...{ crops: [0.3, 0.8], projection: 5 },
    },
  ],
  'the dilated network, the order of windows': [
    dilated,
    { kind: 'window-order', windows: 3, dimensions: 4 },
  ],
  'the dilated network, two pretexts at once': [
    dilated,
    {
      kind: 'joint',
      parts: [
        { kind: 'masked', weight: 0.5, fraction: 0.2, span: 3, target: 'classification' },
        { kind: 'contrastive', weight: 1, temperature: 0.2, dimensions: 6 },
      ],
    },
  ],
  // A kernel of an even size, whose middle is made.
  'the residual network, supervised': [
    { family: 'resnet', blocks: [8], kernels: [4, 3], input: 'embedding' },
    { kind: 'supervised', classWeights: 'none' },
  ],
  'the inception network, supervised': [
    { family: 'inception', depth: 1, filters: 4, bottleneck: 4, kernels: [4, 3], input: 'auto' },
    { kind: 'supervised', classWeights: 'none' },
  ],
  'the gated depthwise network with dropout, masked': [
    {
      ...{ family: 'modern-tcn', channels: 6, depth: 1, stem: 4, kernel: 9, expansion: 2 },
      ...{ input: 'auto', dropout: 0.4 },
    },
    { kind: 'masked', fraction: 0.2, span: 3, target: 'classification' },
  ],
  'the strided network, supervised': [
    {
      ...{ family: 'strided', stages: [6, 8], depth: 1, stride: 2, stem: 5, kernel: 3 },
      ...{ decoder: false, input: 'auto', dropout: 0.3 },
    },
    { kind: 'supervised', classWeights: 'none' },
  ],
  'the strided network with its decoder, masked': [
    {
      ...{ family: 'strided', stages: [6], depth: 1, stride: 3, stem: 5, kernel: 3 },
      ...{ decoder: true, input: 'auto' },
    },
    { kind: 'masked', fraction: 0.2, span: 3, target: 'classification' },
  ],
  'the causal network, next value': [
    { ...dilated, family: 'causal' },
    { kind: 'next-step', target: 'regression' },
  ],
};
const BATCHES: readonly [number[], number][] = [
  [[90, 90, 90], 90],
  [[70, 80, 97], 97],
  [[530], 530],
  // Full rows, so that what a shift would carry from one into the next is not zero.
  [[520, 520, 520], 520],
  [[600, 611], 640],
];

const open = (kind: 'compiled' | 'eager', formulations?: Formulations): Promise<Engine> =>
  createEngine({
    kind,
    threadsPerWorker: 1,
    numerics: 'strict',
    ...(formulations && { formulations }),
  });

/** Largest difference in units of the largest value. */
function assertSame(actual: Float32Array, expected: Float32Array, what: string): void {
  const size = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  assertClose(
    actual.map((value) => value / size),
    expected.map((value) => value / size),
    1e-5,
    what,
  );
}

const PROGRAMS: Readonly<Record<string, () => StepProgram>> = {
  ...Object.fromEntries(
    Object.entries(MODELS).map(([name, made]) => [name, () => stepProgram(...made)]),
  ),
  // No convolution, unlike all of MODELS.
  'n-grams, supervised': () =>
    stepProgram(
      { family: 'latent-grams', channels: 4, orders: [1, 3], buckets: 256, fitSequences: 8 },
      { kind: 'supervised', classWeights: 'none' },
    ),
  'three channels of numbers, each hidden by itself': () =>
    channelProgram(
      { ...dilated, input: 'value' },
      { kind: 'masked', fraction: 0.2, span: 3, target: 'regression', channels: 'each' },
      'sequence',
    ),
  'three channels of symbols, hidden together': () =>
    channelProgram(
      dilated,
      { kind: 'masked', fraction: 0.2, span: 3, target: 'classification', channels: 'together' },
      'symbols',
    ),
};

describe('the compiled engine', whereTensorflowIs, () => {
  for (const [name, made] of Object.entries(PROGRAMS)) {
    it(`computes what the eager one does: ${name}`, async () => {
      const { program, start, microBatch } = made();
      const sessions: [Session, Session] = [
        (await open('compiled')).session(program),
        (await open('eager')).session(program),
      ];
      for (const session of sessions) session.load(start);
      for (const [step, [lengths, paddedLength]] of BATCHES.entries()) {
        const batch = microBatch(lengths, paddedLength);
        const what = `${lengths} padded to ${paddedLength}`;
        const [leaf, expected] = sessions.map((session) => session.gradients(batch));
        assertSame(leaf!, expected!, `gradients of ${what}`);
        const [sums, expectedSums] = sessions.map((session) => session.evaluate(batch));
        assertSame(sums!, expectedSums!, `evaluation of ${what}`);
        if (program.outputs !== undefined) {
          const [outputs, expectedOutputs] = sessions.map((session) => session.forward(batch).data);
          assertSame(outputs!, expectedOutputs!, `outputs of ${what}`);
        }
        for (const session of sessions) {
          const apply = { learningRate: 1e-3, step: step + 1, statisticsMomentum: 0.1 };
          session.apply({ total: expected!, ...apply });
        }
      }
      const [state, expected] = sessions.map((session) => session.read());
      assertSame(state!.parameters, expected!.parameters, 'parameters');
      assertSame(state!.statistics, expected!.statistics, 'running statistics');
      for (const [index, moment] of state!.moments.entries()) {
        assertSame(moment, expected!.moments[index]!, `moment ${index}`);
      }
      for (const session of sessions) session.dispose();
    });
  }

  it('gives the same bits each time, also when another step was compiled in between', async () => {
    const engine = await open('compiled');
    const { program, start, microBatch } = stepProgram(...MODELS['the dilated network, masked']!);
    const [first, second] = [engine.session(program), engine.session(program)];
    first.load(start);
    second.load(start);
    const batch = microBatch([70, 80, 97], 97);
    const leaf = first.gradients(batch);
    second.evaluate(batch);
    second.gradients(microBatch([530], 530));
    assert.deepEqual(second.gradients(batch), leaf);
    assert.deepEqual(second.read(), first.read());
    first.dispose();
    second.dispose();
  });

  it('holds what was loaded, a copy of it, whether its graph is there yet or not', async () => {
    const engine = await open('compiled');
    const { program, start, microBatch } = stepProgram(...MODELS['the dilated network, masked']!);
    const [session, fresh] = [engine.session(program), engine.session(program)];
    assert.throws(() => session.read(), /call load\(\) first/);
    const batch = microBatch([70, 80, 97], 97);
    const other = { ...start, parameters: start.parameters.map((value) => value / 2) };
    const given = { ...start, parameters: start.parameters.slice() };
    session.load(given);
    given.parameters.fill(0);
    assert.deepEqual(session.read(), start);
    const leaf = session.gradients(batch);
    assert.deepEqual(session.read(), start);

    session.load(other);
    assert.deepEqual(session.read(), other);
    fresh.load(other);
    const ofOther = fresh.gradients(batch);
    assert.notDeepEqual(ofOther, leaf);
    assert.deepEqual(session.gradients(batch), ofOther);
    session.dispose();
    fresh.dispose();
  });

  it('sums over no channels that a filter gradient takes as well: as a pair, TensorFlow computes them wrong', async () => {
    await open('compiled');
    const tf = loadTensorflow();
    const backend = { tf, kernels: makeKernels(tf), formulations: PLAIN_FORMULATIONS };
    for (const parts of Object.values(MODELS)) {
      const { program } = stepProgram(...parts);
      const what = { feeds: program.feeds, variant: { isPadded: false, isLong: false } };
      const step = recordBatchStep(backend, backendOf(tf), program, what, gradientStep);
      const inputsOf = (name: string, index: number) =>
        step.recording.nodes.flatMap((node) =>
          node.kind === 'operation' && node.op === name ? [JSON.stringify(node.inputs[index])] : [],
        );
      const sums = inputsOf('BiasAddGrad', 0);
      const gradients = new Set(inputsOf('Conv2DBackpropFilter', 2));
      assert.ok(sums.length > 0 && gradients.size > 0);
      assert.deepEqual(
        sums.filter((input) => gradients.has(input)),
        [],
      );
    }
  });

  it('refuses a micro-batch with an input that the program does not declare', async () => {
    const { program, start, microBatch } = stepProgram(...MODELS['the dilated network, masked']!);
    const session = (await open('compiled')).session(program);
    session.load(start);
    const batch = microBatch([70], 70);
    const extra = { shape: [1], data: Int32Array.of(1) };
    const feeds = { ...batch.feeds, extra };
    assert.throws(() => session.gradients({ ...batch, feeds }), /does not declare/);
    session.dispose();
  });

  it("refuses a number that follows from the shape, naming the user's line", async () => {
    const facts = factsOf();
    const model = registry.makeModel(dilated, facts);
    const scaled: Model = {
      ...model,
      features: (context) => {
        const x = model.features(context);
        const { shape } = x as unknown as { shape: readonly number[] };
        const scale = context.ops.scalar(1 / Math.sqrt(shape.reduce((a, b) => a * b)));
        return context.ops.mul(x, scale);
      },
    };
    const objective = registry.makeObjective(
      { kind: 'supervised', classWeights: 'none' },
      facts,
      0,
    );
    const update = registry.makeUpdateRule(PLAIN_SGD);
    const parts = { model: scaled, objective, update, facts };
    const session = (await open('compiled')).session(makeProgram(parts));
    const { microBatch } = stepProgram(dilated, { kind: 'supervised', classWeights: 'none' });
    assert.throws(() => session.gradients(microBatch([70], 70)), {
      code: 'ENGINE_CANNOT_COMPILE',
      message:
        /: a constant of Mul depends on the shape .*, at \/.*compiled-engine\.test\.ts:\d+\.$/,
    });
    session.dispose();
  });

  it('leaves no tensor behind and keeps its memory while shapes vary', async () => {
    const engine = await open('compiled');
    const { program, start, microBatch } = stepProgram(dilated, {
      kind: 'supervised',
      classWeights: 'none',
    });
    const session = engine.session(program);
    session.load(start);
    const step = (index: number) => {
      const length = 64 + ((index * 37) % 193);
      const total = session.gradients(microBatch([length - 3, length], length + (index % 2)));
      session.apply({ total, learningRate: 1e-3, step: index + 1, statisticsMomentum: 0.1 });
    };
    for (let index = 0; index < 200; index++) step(index);
    const before = { tensors: engine.tensorCount(), bytes: process.memoryUsage.rss() };
    for (let index = 200; index < 600; index++) step(index);
    assert.equal(engine.tensorCount(), before.tensors);
    const growth = process.memoryUsage.rss() / before.bytes;
    assert.ok(growth < 1.05, `resident memory grew to ${growth.toFixed(3)} of what it was`);
    session.dispose();
  });
});

/** The reference network behind an input that has a gradient, since a parameter scales it. */
function trainedInput(): StepProgram {
  const [config, objective] = MODELS['the reference network, supervised']!;
  const facts = factsOf();
  const model = registry.makeModel(config, facts);
  const scaled: Model = {
    ...model,
    features: (context) => {
      const { ops, parameter } = context;
      const factor = ops.sum(parameter('encoder.bias'));
      const asChannel: typeof ops.asChannel = (x) => ops.mul(ops.asChannel(x), factor);
      return model.features({ ...context, ops: { ...ops, asChannel } });
    },
  };
  const parts = { model: scaled, update: registry.makeUpdateRule(PLAIN_SGD), facts };
  return {
    ...stepProgram(config, objective),
    program: makeProgram({ ...parts, objective: registry.makeObjective(objective, facts, 0) }),
  };
}

describe('a formulation', whereTensorflowIs, () => {
  const OTHERS: readonly Partial<Formulations>[] = [
    { convolution: 'transposed' },
    { filterGradient: 'shifted' },
    { batchNorm: 'fused' },
  ];
  for (const other of OTHERS) {
    it(`is the plain one to 1e-5: ${JSON.stringify(other)}`, async () => {
      for (const [name, made] of Object.entries(MODELS)) {
        const { program, start, microBatch } = stepProgram(...made);
        const leaves = async (formulations: Formulations) => {
          const session = (await open('eager', formulations)).session(program);
          session.load(start);
          const all = BATCHES.map((batch) => session.gradients(microBatch(...batch)));
          session.dispose();
          return all;
        };
        const plain = await leaves(PLAIN_FORMULATIONS);
        const formulated = await leaves({ ...PLAIN_FORMULATIONS, ...other });
        for (const [index, leaf] of formulated.entries()) {
          assertSame(leaf, plain[index]!, `${name}, micro-batch ${index}`);
        }
      }
    });
  }

  it('folds a projection of a few channels into the convolution behind it: both gradients too', async () => {
    const causal: ModelConfig = { ...dilated, family: 'causal', channels: 16, input: 'value' };
    const programs: readonly StepProgram[] = [
      stepProgram(...MODELS['the reference network, supervised']!),
      stepProgram(causal, { kind: 'masked', fraction: 0.2, span: 3, target: 'regression' }),
      trainedInput(),
    ];
    const leavesOf = async (
      { program, start, microBatch }: StepProgram,
      [kind, projection]: readonly ['eager' | 'compiled', Formulations['projection']],
    ) => {
      const engine = await open(kind, { ...DEFAULT_FORMULATIONS, projection });
      const session = engine.session(program);
      session.load(start);
      const all = BATCHES.map((batch) => session.gradients(microBatch(...batch)));
      const sums = session.evaluate(microBatch(...BATCHES[1]!));
      session.dispose();
      return [...all, sums];
    };
    for (const [index, program] of programs.entries()) {
      const separate = await leavesOf(program, ['eager', 'separate']);
      // One program shows that the folded form compiles, which takes long.
      const kinds = index === 0 ? (['eager', 'compiled'] as const) : (['eager'] as const);
      for (const kind of kinds) {
        const folded = await leavesOf(program, [kind, 'folded']);
        assert.notDeepEqual(folded, separate);
        for (const [place, leaf] of folded.entries()) {
          assertSame(leaf, separate[place]!, `program ${index}, ${kind}, micro-batch ${place}`);
        }
      }
    }
  });

  it('changes bits, so it is part of the fingerprint', async () => {
    const wordsOf = async (formulations: Formulations) =>
      (await open('compiled', formulations)).fingerprint.formulations;
    const plain = 'direct convolution, native filterGradient, composed batchNorm';
    assert.equal(await wordsOf(PLAIN_FORMULATIONS), plain);
    const folded = await wordsOf({ ...PLAIN_FORMULATIONS, projection: 'folded' });
    assert.equal(folded, `${plain}, folded projection`);
  });
});
