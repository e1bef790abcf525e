/** Runs a PyTorch fixture's model in the engine: same weights, same micro-batches. */
import assert from 'node:assert/strict';
import type { ObjectiveConfig, OptimizerConfig } from '../../src/config/phase-section.ts';
import type { PhaseFacts } from '../../src/data/facts.ts';
import { UNSCALED } from '../../src/data/scaling/scaling.ts';
import type { MicroBatch, Program, Session } from '../../src/engine/engine.ts';
import type { Tensor } from '../../src/engine/ops.ts';
import { linear } from '../../src/nn/layer/forward.ts';
import type { Model } from '../../src/nn/model/model.ts';
import { bareMicroBatch, microBatchOf, type Objective } from '../../src/nn/objective/objective.ts';
import { behind, makeProgram } from '../../src/nn/program.ts';
import { registry } from '../../src/nn/registry.ts';
import { testEngine } from '../helper/engine.ts';
import { type Fixture, loadFixture, type ModelFixtureName, type ModelSettings } from './fixture.ts';

/** A value range of 4 and a mean of 0 leave regression targets as they are. */
const FACTS: PhaseFacts = {
  classes: 3,
  channels: 1,
  scaling: UNSCALED,
  symbols: 41,
  target: { kind: 'class' },
  labelledSequences: 3,
  classCounts: [1, 1, 1],
  symbolCounts: [],
  transitionCounts: [],
  meanValue: 0,
  valueRange: { minimum: -2, maximum: 2 },
};

const GRADIENT_ONLY: OptimizerConfig = { kind: 'sgd', momentum: 0, weightDecay: 0 };

export interface Replay {
  readonly fixture: Fixture<ModelSettings>;
  readonly program: Program;
  readonly session: Session;
  microBatch(step: number, index: number): MicroBatch;
}

export function replay(name: ModelFixtureName): Replay {
  const fixture = loadFixture(name);
  const { settings } = fixture;
  const values = fixture.tensors.get('step.0/micro-batch.0/values')!;
  const { model, objective } = build(settings, values.data instanceof Int32Array);
  const optimizer: OptimizerConfig =
    settings.optimizer === null ? GRADIENT_ONLY : { ...settings.optimizer, weightDecay: 0 };
  const program = withLogitSums(
    model,
    objective,
    makeProgram({
      model,
      objective,
      update: registry.makeUpdateRule(stripped(optimizer)),
      facts: {
        channels: 1,
        scaling: UNSCALED,
        symbols: values.data instanceof Int32Array ? settings.model.symbols : 0,
      },
    }),
  );
  const session = testEngine.session(program);
  session.load({
    parameters: gather(fixture, 'initial', program.state.parameters, program.state.parameterCount),
    statistics: gather(fixture, 'initial', program.state.statistics, program.state.statisticCount),
    moments: [new Float32Array(program.state.parameterCount)],
  });
  const microBatch = (step: number, index: number) =>
    makeMicroBatch(fixture, objective, `step.${step}/micro-batch.${index}`, settings);
  return { fixture, program, session, microBatch };
}

function stripped(optimizer: OptimizerConfig): OptimizerConfig {
  return optimizer.kind === 'sgd'
    ? { kind: 'sgd', momentum: optimizer.momentum, weightDecay: 0 }
    : optimizer;
}

function build(
  settings: ModelSettings,
  holdsIntegers: boolean,
): { model: Model; objective: Objective } {
  const { classes, symbols, pretextOutputs = 0, ...config } = settings.model;
  const model = registry.makeModel(config, { ...FACTS, classes, symbols });
  const objective = registry.makeObjective(
    objectiveConfig(settings.objective, pretextOutputs),
    { ...FACTS, classes, symbols: holdsIntegers ? symbols : 0 },
    0,
  );
  return { model, objective };
}

function objectiveConfig(
  objective: ModelSettings['objective'],
  pretextOutputs: number,
): ObjectiveConfig {
  switch (objective.kind) {
    case 'supervised':
      return { kind: 'supervised', classWeights: objective.classWeights ?? 'none' };
    case 'masked':
      return { kind: 'masked', fraction: 0.15, span: 5, target: objective.target };
    case 'next-step':
      return { kind: 'next-step', target: objective.target };
    case 'contrastive':
      return { ...objective, dimensions: pretextOutputs };
  }
}

/** The program with one more sum: Σ logits · `probe`, to read training-mode logits one at a time. */
function withLogitSums(model: Model, objective: Objective, program: Program): Program {
  const outputsOf = (head: string) =>
    program.state.parameters.find(({ name }) => name === `${head}.bias`)?.shape[0] ?? 0;
  const fed = new Set(program.feeds.map(({ name }) => name));
  const outputs = fed.has('labels') ? outputsOf('decoder') : outputsOf('pretext');
  return {
    ...program,
    feeds: [
      ...program.feeds,
      {
        name: 'probe',
        dtype: 'float32',
        shape: [fed.has('positions') ? 'positions' : 'rows', outputs],
      },
    ],
    sums: (given) => {
      const context = behind(model, given);
      if (!context.hasFeed('probe')) return program.sums(given);
      const features = model.features(given);
      const logits: Tensor = context.hasFeed('positions')
        ? linear(
            context,
            'pretext',
            context.ops.gatherPositions(features, context.feed('positions')),
          )
        : fed.has('partners')
          ? linear(context, 'pretext', context.ops.meanOverLength(features))
          : objective.predict!(context, features);
      return { loss: context.ops.sum(context.ops.mul(logits, context.feed('probe'))) };
    },
  };
}

/** Training-mode logits at some flat positions, each read through a probe of one 1 among zeros. */
export function trainingLogits(
  { session, program }: Pick<Replay, 'session' | 'program'>,
  batch: MicroBatch,
  shape: readonly number[],
  positions: readonly number[],
): Float32Array {
  const size = shape.reduce((a, b) => a * b, 1);
  return Float32Array.from(positions, (index) => {
    const data = new Float32Array(size);
    data[index] = 1;
    const probed = { ...batch, feeds: { ...batch.feeds, probe: { shape, data } } };
    return session.gradients(probed)[program.leaf.sumOffset]!;
  });
}

/** A fixture's tensors under `prefix` as one flat vector. */
export function gather(
  fixture: Fixture<ModelSettings>,
  prefix: string,
  slots: Program['state']['parameters'],
  size: number,
): Float32Array {
  const flat = new Float32Array(size);
  for (const slot of slots) {
    const tensor = fixture.tensors.get(`${prefix}/${slot.name}`);
    if (tensor !== undefined) flat.set(tensor.data, slot.offset);
  }
  return flat;
}

function makeMicroBatch(
  fixture: Fixture<ModelSettings>,
  objective: Objective,
  prefix: string,
  settings: ModelSettings,
): MicroBatch {
  const values = fixture.tensors.get(`${prefix}/values`)!;
  const lengths = fixture.int(`${prefix}/lengths`).data;
  const [rows, paddedLength] = values.shape as [number, number];
  const sequences = Int32Array.from({ length: rows }, (_, row) => row);
  const shared = { rows, paddedLength, channels: 1, lengths, sequences };
  const nothing = new Int32Array(rows);
  const padded = { ...shared, values: values.data, labels: nothing, starts: nothing, epoch: 0 };
  if (settings.objective.kind === 'supervised') {
    const labels = fixture.int(`${prefix}/labels`).data;
    return microBatchOf(objective, { ...padded, labels });
  }
  if (settings.objective.kind === 'contrastive') {
    // The fixture's rows are views already: what is fed depends on their number only.
    const { feeds, sums } = objective.prepare(padded);
    return { ...bareMicroBatch(padded, feeds), hostSums: sums };
  }
  if (settings.objective.kind === 'next-step') {
    const batch = microBatchOf(objective, padded);
    const expected = fixture.int(`${prefix}/next-positions`).data;
    assert.deepEqual(batch.feeds.positions!.data, expected);
    return batch;
  }
  const positions = fixture.int(`${prefix}/positions`);
  const truths = Float32Array.from(positions.data, (position) => values.data[position]!);
  const targets = settings.objective.target === 'classification' ? Int32Array.from(truths) : truths;
  return {
    ...shared,
    feeds: {
      values,
      mask: fixture.int(`${prefix}/mask`),
      positions,
      targets: { shape: positions.shape, data: targets },
    },
    hostSums: { weight: targets.length },
  };
}
