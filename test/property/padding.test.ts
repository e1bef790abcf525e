/** Padding never shows: how far a micro-batch is padded changes nothing by more than 1e-5. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { ModelConfig } from '../../src/config/model-section.ts';
import type { ObjectiveConfig } from '../../src/config/phase-section.ts';
import { randomStream } from '../../src/core/random.ts';
import type { DataTarget } from '../../src/data/format/target.ts';
import type { MicroBatch } from '../../src/engine/engine.ts';
import { microBatchOf } from '../../src/nn/objective/objective.ts';
import { registry } from '../../src/nn/registry.ts';
import { testEngine } from '../helper/engine.ts';
import { factsOf, TARGETS, targetsOfRows, trained } from '../helper/nn.ts';
import { assertClose } from '../parity/close.ts';

const SYMBOLS = 41;

const models: Record<string, ModelConfig> = {
  reference: { family: 'reference', channels: 8, maskValue: -1 },
  'dilated, embedding': {
    family: 'dilated',
    channels: 8,
    input: 'embedding',
    dilations: [1, 4, 16],
    kernel: 3,
    maskValue: -1,
  },
  'dilated, dropout': {
    ...{ family: 'dilated', channels: 8, input: 'embedding', dilations: [1, 4], kernel: 3 },
    ...{ maskValue: -1, dropout: 0.4 },
  },
  'dilated, value': {
    family: 'dilated',
    channels: 8,
    input: 'value',
    dilations: [2, 8],
    kernel: 5,
    maskValue: -1,
  },
  causal: {
    family: 'causal',
    channels: 8,
    input: 'embedding',
    dilations: [1, 4, 16],
    kernel: 2,
    maskValue: -1,
  },
  resnet: { family: 'resnet', blocks: [6, 8, 8], kernels: [4, 3], input: 'auto' },
  'modern-tcn': {
    ...{ family: 'modern-tcn', channels: 6, depth: 2, stem: 4, kernel: 9, expansion: 2 },
    input: 'auto',
  },
  strided: {
    ...{ family: 'strided', stages: [6, 8], depth: 1, stride: 2, stem: 5, kernel: 3 },
    ...{ decoder: false, input: 'auto', dropout: 0.2 },
  },
  'strided with a decoder': {
    ...{ family: 'strided', stages: [6, 8], depth: 1, stride: 3, stem: 5, kernel: 3 },
    ...{ decoder: true, input: 'auto' },
  },
  'latent-grams': {
    family: 'latent-grams',
    channels: 6,
    orders: [1, 3],
    buckets: 256,
    fitSequences: 8,
  },
  inception: {
    family: 'inception',
    depth: 4,
    filters: 3,
    bottleneck: 4,
    kernels: [6, 3],
    input: 'auto',
  },
};

/** What objectives do with features, the other families show: for these an average and single timesteps are enough. */
const FEATURES_ONLY = [
  'dilated, dropout',
  'resnet',
  'inception',
  'modern-tcn',
  'strided',
  'strided with a decoder',
];
const SHOWS_FEATURES = ['supervised', 'masked classification'];

const objectives: Record<string, ObjectiveConfig & { readonly of?: DataTarget }> = {
  supervised: { kind: 'supervised', classWeights: [1, 2, 0.5] },
  'several classes': { kind: 'supervised', classWeights: 'none', of: TARGETS.classes },
  // Raw values of 0 to 40 make errors of some tens; Huber's loss keeps their gradients small.
  numbers: {
    kind: 'supervised',
    classWeights: 'none',
    loss: 'huber',
    delta: 0.1,
    of: TARGETS.numbers,
  },
  'a class for each timestep': {
    kind: 'supervised',
    classWeights: [1, 2, 0.5],
    of: TARGETS['timestep-class'],
  },
  'masked classification': { kind: 'masked', fraction: 0.2, span: 3, target: 'classification' },
  'masked regression': { kind: 'masked', fraction: 0.2, span: 3, target: 'regression' },
  contrastive: { kind: 'contrastive', temperature: 0.2, dimensions: 6 },
  'n-grams': {
    kind: 'n-grams',
    orders: [1, 3],
    buckets: 64,
    share: 'root',
    fraction: 0.2,
    span: 3,
  },
  'contrastive crops': {
    ...{ kind: 'contrastive', temperature: 0.2, dimensions: 6 },
    ...{ crops: [0.3, 0.8], projection: 5 },
  },
  'window order': { kind: 'window-order', windows: 3, dimensions: 4 },
  joint: {
    kind: 'joint',
    parts: [
      { kind: 'masked', weight: 0.5, fraction: 0.2, span: 3, target: 'classification' },
      { kind: 'contrastive', weight: 1, temperature: 0.2, dimensions: 6 },
    ],
  },
  'next-step classification': { kind: 'next-step', target: 'classification' },
  'next-step regression': { kind: 'next-step', target: 'regression' },
};

const anyFacts = factsOf({ symbols: SYMBOLS });

const ofTimesteps = (objective: ObjectiveConfig) => /^masked/.test(objective.kind);

for (const [modelName, modelConfig] of Object.entries(models)) {
  const { isCausal, stride = 1 } = registry.makeModel(modelConfig, anyFacts);
  for (const [objectiveName, { of = TARGETS.class, ...objectiveConfig }] of Object.entries(
    objectives,
  )) {
    if (registry.needs(objectiveConfig).causalModel && !isCausal) continue;
    if (stride > 1 && ofTimesteps(objectiveConfig)) continue;
    if (FEATURES_ONLY.includes(modelName) && !SHOWS_FEATURES.includes(objectiveName)) continue;
    describe(`${modelName} model, ${objectiveName} objective`, () => {
      it('computes the same leaf, evaluation and outputs however far the rows are padded', () => {
        const { session, microBatch, program } = build(modelConfig, objectiveConfig, of);
        const rows = fc.array(fc.integer({ min: 40, max: 90 }), { minLength: 2, maxLength: 4 });
        fc.assert(
          fc.property(rows, fc.integer({ min: 1, max: 70 }), (unsorted, extra) => {
            const lengths = unsorted.toSorted((a, b) => a - b);
            const longest = lengths.at(-1)!;
            const tight = microBatch(lengths, longest);
            const wide = microBatch(lengths, longest + extra);
            const scale = Math.max(1, tight.hostSums.weight!);
            const perWeight = (leaf: Float32Array) => leaf.map((value) => value / scale);
            const gradient = (leaf: Float32Array) =>
              perWeight(leaf).subarray(0, program.leaf.sumOffset + 1);
            const leaves = [session.gradients(wide), session.gradients(tight)] as const;
            assertCloseInUnits(gradient(leaves[0]), gradient(leaves[1]), 'gradient and loss');
            const statistics = (leaf: Float32Array) => batchMeans(leaf, program.leaf.normLayers);
            const [wideStatistics, tightStatistics] = [
              statistics(leaves[0]),
              statistics(leaves[1]),
            ];
            assertCloseInUnits(wideStatistics, tightStatistics, 'batch statistics');
            const evaluations = [session.evaluate(wide), session.evaluate(tight)] as const;
            assertCloseInUnits(perWeight(evaluations[0]), perWeight(evaluations[1]), 'evaluation');
            if (program.outputs === undefined) return;
            const outputsOf = (batch: MicroBatch) =>
              withoutPadding(session.forward(batch), batch.lengths);
            assertClose(outputsOf(wide), outputsOf(tight), 1e-5, 'outputs');
          }),
          { numRuns: 12, seed: 7 },
        );
        session.dispose();
      });
    });
  }
}

it('is tested for all that is registered', () => {
  const registered = registry.choices();
  const names = (choice: typeof registered.models) => choice.map(({ name }) => name).sort();
  const tested = (configs: readonly string[]) => [...new Set(configs)].sort();
  assert.deepEqual(
    tested(Object.values(models).map(({ family }) => family)),
    names(registered.models),
  );
  assert.deepEqual(
    tested(Object.values(objectives).map(({ kind }) => kind)),
    names(registered.objectives),
  );
});

function build(modelConfig: ModelConfig, objectiveConfig: ObjectiveConfig, target: DataTarget) {
  const facts = factsOf({ symbols: SYMBOLS, target });
  const configs = { model: modelConfig, objective: objectiveConfig };
  const { objective, program, start } = trained(configs, facts, 3);
  const session = testEngine.session(program);
  session.load(start(5));
  const microBatch = (lengths: readonly number[], paddedLength: number): MicroBatch => {
    const rows = lengths.length;
    const values = new Int32Array(rows * paddedLength);
    lengths.forEach((length, row) => {
      const stream = randomStream(11, 'synthetic', row);
      for (let position = 0; position < length; position++) {
        values[row * paddedLength + position] = stream.integer(position, SYMBOLS);
      }
    });
    const sequences = Int32Array.from({ length: rows }, (_, row) => row);
    const labels = sequences.map((row) => row % 3);
    const shared = {
      rows,
      paddedLength,
      channels: 1,
      lengths: Int32Array.from(lengths),
      sequences,
    };
    const starts = new Int32Array(rows);
    const targets = targetsOfRows(facts, lengths, paddedLength);
    return microBatchOf(objective, { ...shared, values, labels, ...targets, starts, epoch: 0 });
  };
  return { session, microBatch, program };
}

/** In units of their own size: raw values of 0 to 40 make variances and squared errors of some hundreds. */
function assertCloseInUnits(found: ArrayLike<number>, expected: ArrayLike<number>, what: string) {
  const unit = Array.from(expected, (value) => Math.max(1, Math.abs(value)));
  const inUnits = (values: ArrayLike<number>) => unit.map((size, index) => values[index]! / size);
  assertClose(inUnits(found), inUnits(expected), 1e-5, what);
}

/** The outputs of a row, or of its valid timesteps. */
function withoutPadding(
  { shape, data }: { readonly shape: readonly number[]; readonly data: Float32Array },
  lengths: Int32Array,
): number[] {
  if (shape.length === 2) return [...data];
  const [steps, classes] = shape.slice(-2) as [number, number];
  return Array.from(lengths).flatMap((length, row) => {
    const begin = row * steps * classes;
    return [...data.subarray(begin, begin + length * classes)];
  });
}

/** n, then mean and unbiased variance by channel of each BatchNorm layer. */
function batchMeans(
  leaf: Float32Array,
  layers: readonly { channels: number; offset: number }[],
): number[] {
  return layers.flatMap(({ channels, offset }) => {
    const count = leaf[offset]!;
    const sums = leaf.subarray(offset + 1, offset + 1 + 2 * channels);
    return [count, ...Array.from(sums, (sum) => sum / count)];
  });
}
