/**
 * One of Lockstep's engines as a contender of `bench step`: `step-worker.ts KIND THREADS [FORMULATIONS]`. Each line of input
 * is a request; each line of output is its answer in JSON.
 */
import { createInterface } from 'node:readline';
import type { EngineConfig } from '../../config/engine-section.ts';
import type { MicroBatch, NumericsFingerprint, Program, Session } from '../../engine/engine.ts';
import type { Formulations } from '../../engine/formulations.ts';
import { createEngine } from '../../engine/select.ts';
import {
  type MachineLimits,
  measureMachineLimits,
} from '../../engine/tensorflow/machine-limits.ts';
import { initialState } from '../../model/initial-state.ts';
import { makeModel } from '../../model/registry.ts';
import { makeProgram } from '../../objective/program.ts';
import { makeObjective } from '../../objective/registry.ts';
import {
  type BenchModel,
  CLASSES,
  lengthsOf,
  modelConfigOf,
  type StepShape,
  SYMBOLS,
} from './step-shapes.ts';

export interface StepRequest {
  readonly shape: StepShape;
  /** Steps that are not timed, before those that are. */
  readonly warmUp: number;
  readonly steps: number;
}

export interface StepAnswer {
  readonly milliseconds: readonly number[];
}

export interface EngineFacts {
  readonly fingerprint: NumericsFingerprint;
  readonly limits: MachineLimits;
}

export type WorkerRequest = StepRequest | 'facts';

const [kind, threads, formulations] = process.argv.slice(2) as [
  EngineConfig['kind'],
  string,
  string?,
];
const engine = await createEngine({
  kind,
  threadsPerWorker: Number(threads),
  numerics: 'strict',
  ...(formulations !== undefined && {
    formulations: JSON.parse(formulations) as Formulations,
  }),
});

const facts = {
  classes: CLASSES,
  symbols: SYMBOLS,
  classCounts: [1, 1, 1],
  symbolCounts: [],
  transitionCounts: [],
  meanValue: 20,
  valueRange: { minimum: 0, maximum: SYMBOLS - 1 },
};
const objective = makeObjective({ kind: 'supervised', classWeights: 'none' }, facts, 0);
const sessions = new Map<BenchModel, { program: Program; session: Session; step: number }>();

function sessionOf(name: BenchModel) {
  const known = sessions.get(name);
  if (known !== undefined) return known;
  const config = modelConfigOf(name);
  const model = makeModel(config, { classes: CLASSES, symbols: SYMBOLS, pretextOutputs: 0 });
  const program = makeProgram(model, objective, {
    kind: 'adamw',
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    weightDecay: 0,
  });
  const session = engine.session(program);
  session.load(initialState(model, program.state, { seed: 1, momentCount: 2 }));
  const made = { program, session, step: 0 };
  sessions.set(name, made);
  return made;
}

function microBatch(shape: StepShape): MicroBatch {
  const { rows, paddedLength } = shape;
  const lengths = Int32Array.from(lengthsOf(shape));
  const values = new Int32Array(rows * paddedLength);
  for (let row = 0; row < rows; row++) {
    for (let step = 0; step < lengths[row]!; step++) {
      values[row * paddedLength + step] = (step * 7919 + row * 31) % SYMBOLS;
    }
  }
  const nothing = new Int32Array(rows);
  const labels = Int32Array.from({ length: rows }, (_, row) => row % CLASSES);
  const padded = { rows, paddedLength, lengths, values, labels, starts: nothing, epoch: 0 };
  const prepared = objective.prepare({ ...padded, sequences: nothing });
  return { rows, paddedLength, lengths, sequences: nothing, ...prepared };
}

function answer({ shape, warmUp, steps }: StepRequest): StepAnswer {
  const made = sessionOf(shape.model);
  const batch = microBatch(shape);
  const milliseconds: number[] = [];
  for (let index = 0; index < warmUp + steps; index++) {
    const start = performance.now();
    const total = made.session.gradients(batch);
    made.step++;
    made.session.apply({ total, learningRate: 1e-3, step: made.step, statisticsMomentum: 0.1 });
    if (index >= warmUp) milliseconds.push(performance.now() - start);
  }
  return { milliseconds };
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line) as WorkerRequest;
  const response =
    request === 'facts'
      ? { fingerprint: engine.fingerprint, limits: measureMachineLimits() }
      : answer(request);
  process.stdout.write(`${JSON.stringify(response)}\n`);
}
