/** Small programs and micro-batches for tests of an engine's steps. */
import type { ModelConfig } from '../../src/config/model-section.ts';
import type { ObjectiveConfig } from '../../src/config/phase-section.ts';
import { randomStream } from '../../src/core/random.ts';
import type { DataTarget } from '../../src/data/format/target.ts';
import type { MicroBatch, Program, TrainState } from '../../src/engine/engine.ts';
import { microBatchOf } from '../../src/nn/objective/objective.ts';
import { factsOf, targetsOfRows, trained } from './nn.ts';

const SYMBOLS = 7;

export interface StepProgram {
  readonly program: Program;
  readonly start: TrainState;
  /** Rows of symbols, ascending lengths or not, padded to `paddedLength`. */
  microBatch(lengths: readonly number[], paddedLength: number): MicroBatch;
}

export function stepProgram(
  model: ModelConfig,
  objectiveConfig: ObjectiveConfig,
  target?: DataTarget,
): StepProgram {
  const optimizer = {
    kind: 'adamw',
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    weightDecay: 0.01,
    clipNorm: 1,
  };
  const facts = factsOf({ symbols: SYMBOLS, ...(target && { target }) });
  const made = trained({ model, objective: objectiveConfig, optimizer }, facts, 5);
  const { program, objective } = made;
  const stream = randomStream(2, 'synthetic');
  return {
    program,
    start: made.start(1),
    microBatch: (lengths, paddedLength) => {
      const rows = lengths.length;
      const values = Int32Array.from({ length: rows * paddedLength }, (_, index) => {
        const step = index % paddedLength;
        return step < lengths[Math.floor(index / paddedLength)]!
          ? stream.integer(index, SYMBOLS)
          : 0;
      });
      const shared = { rows, paddedLength, channels: 1, lengths: Int32Array.from(lengths) };
      const sequences = Int32Array.from({ length: rows }, (_, row) => row);
      const labels = sequences.map((row) => row % 3);
      const starts = new Int32Array(rows);
      const targets = targetsOfRows(facts, lengths, paddedLength);
      const padded = { ...shared, values, labels, ...targets, sequences, starts, epoch: 0 };
      return microBatchOf(objective, padded);
    },
  };
}
