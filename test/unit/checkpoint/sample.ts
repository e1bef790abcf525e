/** A small but complete checkpoint for tests: two layers, one BatchNorm, two moments. */

import type { Progress } from '../../../src/checkpoint/progress.ts';
import { momentNames } from '../../../src/checkpoint/state-tensors.ts';
import type { CheckpointContent } from '../../../src/checkpoint/store.ts';
import type { TrainingData } from '../../../src/data/training-data.ts';
import type {
  NumericsFingerprint,
  Slot,
  StateLayout,
  TrainState,
} from '../../../src/engine/engine.ts';
import { runConfigSchema } from '../../../src/run/config.ts';
import { tinyStore } from '../worker/tiny-run.ts';

export function slotsOf(shapes: Readonly<Record<string, readonly number[]>>): Slot[] {
  let offset = 0;
  return Object.entries(shapes).map(([name, shape]) => {
    const size = shape.reduce((a, b) => a * b, 1);
    offset += size;
    return { name, shape, offset: offset - size, size };
  });
}

export function layoutOf(
  parameterShapes: Readonly<Record<string, readonly number[]>>,
  statisticShapes: Readonly<Record<string, readonly number[]>> = {},
): StateLayout {
  const [parameters, statistics] = [slotsOf(parameterShapes), slotsOf(statisticShapes)];
  const count = (slots: readonly Slot[]) => slots.reduce((sum, { size }) => sum + size, 0);
  return {
    parameters,
    parameterCount: count(parameters),
    statistics,
    statisticCount: count(statistics),
  };
}

export const PARAMETERS = {
  'encoder.weight': [4, 1, 3],
  'encoder.bias': [4],
  'model.0.m.1.weight': [4],
  'decoder.weight': [3, 4],
  'decoder.bias': [3],
};
export const STATISTICS = {
  'model.0.m.1.running_mean': [4],
  'model.0.m.1.running_var': [4],
};
export const LAYOUT = layoutOf(PARAMETERS, STATISTICS);

/** Values that differ from place to place and from seed to seed. */
export function vectorOf(size: number, seed: number): Float32Array {
  return Float32Array.from({ length: size }, (_, i) => Math.sin(i + 1000 * seed));
}

export function stateOf(seed: number, layout = LAYOUT, momentCount = 2): TrainState {
  return {
    parameters: vectorOf(layout.parameterCount, seed),
    statistics: vectorOf(layout.statisticCount, seed + 0.1),
    moments: momentNames('adamw', momentCount).map((_, i) =>
      vectorOf(layout.parameterCount, seed + 0.2 + i),
    ),
  };
}

export const FINGERPRINT: NumericsFingerprint = {
  engine: 'tensorflow-compiled',
  engineVersion: '2.21.0',
  device: 'cpu',
  instructionSet: 'avx2',
  formulations: 'convolution direct, filterGradient native, batchNorm fused',
  threadsPerWorker: 1,
  precision: 'float32',
  numerics: 'strict',
  node: '20.19.0',
};

export const CONFIG = runConfigSchema().parse({
  name: 'sample',
  data: { store: 'data/sample' },
  model: { family: 'reference', channels: 4 },
  batch: { microBatches: 2, tokensPerMicroBatch: 1024 },
  phases: [
    {
      name: 'pretrain',
      start: 'fresh',
      objective: { kind: 'masked' },
      optimizer: { kind: 'adamw' },
      learningRate: { kind: 'constant', value: 0.001 },
      duration: { steps: 100 },
    },
  ],
});

/** What the sample's run was trained on. */
export const TRAINING_DATA: TrainingData = {
  manifest: { ...tinyStore().manifest, tokens: 516 },
  classCounts: [[12, 6]],
  labelledSequences: [18],
};

export function progressAt(globalStep: number, changes: Partial<Progress> = {}): Progress {
  return {
    globalStep,
    evaluated: true,
    unfinished: false,
    skippedSteps: 0,
    state: stateOf(globalStep),
    best: undefined,
    waiting: undefined,
    average: undefined,
    results: new Map(),
    initialWeights: undefined,
    ...changes,
  };
}

export function contentAt(
  globalStep: number,
  changes: Partial<Progress> = {},
  context: Partial<Pick<CheckpointContent, 'layout' | 'optimizer'>> = {},
): CheckpointContent {
  return {
    run: 'sample',
    phase: { index: 0, name: 'pretrain', stepInPhase: globalStep },
    fingerprint: FINGERPRINT,
    config: CONFIG,
    data: TRAINING_DATA,
    layout: LAYOUT,
    optimizer: 'adamw',
    ...context,
    progress: progressAt(globalStep, changes),
  };
}
