/** Makes the programs and micro-batches of made-up symbols whose steps the benchmarks time. */
import type { ModelConfig } from '../config/model-section.ts';
import type { ObjectiveConfig } from '../config/phase-section.ts';
import { UNSCALED } from '../data/scaling/scaling.ts';
import type { MicroBatch, Program, TrainState } from '../engine/engine.ts';
import { initialState } from '../nn/initial-state.ts';
import { microBatchOf } from '../nn/objective/objective.ts';
import { makeProgram } from '../nn/program.ts';
import { registry } from '../nn/registry.ts';
import { trainedParameters } from '../nn/trained-parameters.ts';
import {
  type BatchShape,
  type BenchModel,
  CLASSES,
  lengthsOf,
  modelConfigOf,
  SYMBOLS,
} from './step-shapes.ts';

/** Which model and objective to time. */
export interface BenchDefinition {
  readonly model: ModelConfig;
  readonly objective: ObjectiveConfig;
}

/** The definition of a benchmark of steps: the model with a supervised objective. */
export function definitionOf(model: BenchModel): BenchDefinition {
  return {
    model: modelConfigOf(model),
    objective: { kind: 'supervised', classWeights: 'none' },
  };
}

/** A program, and its micro-batches. */
export interface BenchProgram {
  readonly program: Program;
  readonly state: TrainState;
  microBatch(shape: BatchShape): MicroBatch;
}

const FACTS = {
  classes: CLASSES,
  channels: 1,
  scaling: UNSCALED,
  symbols: SYMBOLS,
  target: { kind: 'class' as const },
  labelledSequences: 0,
  classCounts: new Array<number>(CLASSES).fill(1),
  symbolCounts: new Array<number>(SYMBOLS).fill(1),
  transitionCounts: [],
  meanValue: (SYMBOLS - 1) / 2,
  valueRange: { minimum: 0, maximum: SYMBOLS - 1 },
};

/** The program of a definition, with AdamW. */
export function makeBenchProgram(definition: BenchDefinition): BenchProgram {
  const objective = registry.makeObjective(definition.objective, FACTS, 0);
  const model = registry.makeModel(definition.model, FACTS);
  const update = registry.makeUpdateRule({
    kind: 'adamw',
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    weightDecay: 0,
  });
  const program = makeProgram({ model, objective, update, facts: FACTS });
  const { momentCount } = update;
  const parameters = trainedParameters(model, [{ name: 'bench', objective }]);
  return {
    program,
    state: initialState(parameters, program.state, { seed: 1, momentCount }),
    microBatch: (shape) => {
      const { rows, paddedLength } = shape;
      const lengths = Int32Array.from(lengthsOf(shape));
      const values = new Int32Array(rows * paddedLength);
      for (let row = 0; row < rows; row++) {
        for (let t = 0; t < lengths[row]!; t++) {
          values[row * paddedLength + t] = (t * 7919 + row * 31) % SYMBOLS;
        }
      }
      const nothing = new Int32Array(rows);
      const labels = Int32Array.from({ length: rows }, (_, row) => row % CLASSES);
      const whole = {
        rows,
        paddedLength,
        channels: 1,
        lengths,
        values,
        labels,
        starts: nothing,
        epoch: 0,
      };
      return microBatchOf(objective, { ...whole, sequences: nothing });
    },
  };
}
