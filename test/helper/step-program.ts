/** Small programs and micro-batches for tests of an engine's steps. */
import type { ModelConfig } from '../../src/config/model-section.ts';
import type { ObjectiveConfig } from '../../src/config/phase-section.ts';
import { randomStream } from '../../src/core/random.ts';
import type { MicroBatch, Program, TrainState } from '../../src/engine/engine.ts';
import { initialState } from '../../src/nn/initial-state.ts';
import { makeModel } from '../../src/nn/model/registry.ts';
import { microBatchOf } from '../../src/nn/objective/objective.ts';
import { makeObjective } from '../../src/nn/objective/registry.ts';
import { makeProgram } from '../../src/nn/program.ts';

const SYMBOLS = 7;

export interface StepProgram {
  readonly program: Program;
  readonly start: TrainState;
  /** Rows of symbols, ascending lengths or not, padded to `paddedLength`. */
  microBatch(lengths: readonly number[], paddedLength: number): MicroBatch;
}

export function stepProgram(model: ModelConfig, objectiveConfig: ObjectiveConfig): StepProgram {
  const facts = {
    classes: 3,
    symbols: SYMBOLS,
    classCounts: [1, 1, 1],
    symbolCounts: Array<number>(SYMBOLS).fill(1),
    transitionCounts: [],
    meanValue: 3,
    valueRange: { minimum: 0, maximum: SYMBOLS - 1 },
  };
  const objective = makeObjective(objectiveConfig, facts, 5);
  const shape = { classes: 3, symbols: SYMBOLS, pretextOutputs: objective.pretextOutputs };
  const made = makeModel(model, shape);
  const program = makeProgram(made, objective, {
    kind: 'adamw',
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    weightDecay: 0.01,
    clipNorm: 1,
  });
  const stream = randomStream(2, 'synthetic');
  return {
    program,
    start: initialState(made, program.state, { seed: 1, momentCount: 2 }),
    microBatch: (lengths, paddedLength) => {
      const rows = lengths.length;
      const values = Int32Array.from({ length: rows * paddedLength }, (_, index) => {
        const step = index % paddedLength;
        return step < lengths[Math.floor(index / paddedLength)]!
          ? stream.integer(index, SYMBOLS)
          : 0;
      });
      const shared = { rows, paddedLength, lengths: Int32Array.from(lengths) };
      const sequences = Int32Array.from({ length: rows }, (_, row) => row);
      const labels = sequences.map((row) => row % 3);
      const starts = new Int32Array(rows);
      const padded = { ...shared, values, labels, sequences, starts, epoch: 0 };
      return microBatchOf(objective, padded);
    },
  };
}
