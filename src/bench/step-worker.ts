/**
 * One of Lockstep's engines as a contender of `bench`. Its argument is the engine's configuration as JSON. Each line
 * of input is a request, each line of output its answer in JSON.
 */
import { createInterface } from 'node:readline';
import type { EngineChoice } from '../config/engine-section.ts';
import type { NumericsFingerprint, Session } from '../engine/engine.ts';
import { createEngine } from '../engine/select.ts';
import { type MachineLimits, measureMachineLimits } from '../engine/tensorflow/machine-limits.ts';
import { type OperationTime, profileStep } from '../engine/tensorflow/profile-step.ts';
import { type BenchDefinition, type BenchProgram, makeBenchProgram } from './bench-program.ts';
import { peakMemory, restartPeakMemory } from './peak-memory.ts';
import type { BatchShape } from './step-shapes.ts';

/** Asks for the times of steps. */
export interface StepRequest {
  readonly kind: 'steps';
  readonly definition: BenchDefinition;
  readonly shape: BatchShape;
  /** Steps before the timed ones. */
  readonly warmUp: number;
  readonly steps: number;
}

/** The times of steps. */
export interface StepAnswer {
  readonly milliseconds: readonly number[];
  /** Peak of the resident memory of the process during the timed steps. */
  readonly peakBytes: number;
}

/** Asks for the times of a step's operations, one by one. */
export interface ProfileRequest extends Pick<StepRequest, 'definition' | 'shape'> {
  readonly kind: 'profile';
  readonly repeats: number;
}

/** The times of operations. */
export interface ProfileAnswer {
  readonly operations: readonly OperationTime[];
}

/** Which engine this is. */
export interface EngineFacts {
  readonly fingerprint: NumericsFingerprint;
}

/** All requests. `limits` takes memory, which the process may keep. */
export type WorkerRequest =
  | StepRequest
  | ProfileRequest
  | { readonly kind: 'facts' }
  | { readonly kind: 'limits' };

const config = JSON.parse(process.argv[2]!) as EngineChoice;
const engine = await createEngine(config);
const programs = new Map<string, BenchProgram>();
const sessions = new Map<BenchProgram, { session: Session; step: number }>();

function programOf(definition: BenchDefinition): BenchProgram {
  const key = JSON.stringify(definition);
  const made = programs.get(key) ?? makeBenchProgram(definition);
  programs.set(key, made);
  return made;
}

function sessionOf(made: BenchProgram) {
  const known = sessions.get(made);
  if (known !== undefined) return known;
  const session = engine.session(made.program);
  session.load(made.state);
  const opened = { session, step: 0 };
  sessions.set(made, opened);
  return opened;
}

function timeSteps({ definition, shape, warmUp, steps }: StepRequest): StepAnswer {
  const made = programOf(definition);
  const opened = sessionOf(made);
  const batch = made.microBatch(shape);
  const milliseconds: number[] = [];
  for (let index = 0; index < warmUp + steps; index++) {
    if (index === warmUp) restartPeakMemory();
    const start = performance.now();
    const total = opened.session.gradients(batch);
    opened.step++;
    opened.session.apply({ total, learningRate: 1e-3, step: opened.step, statisticsMomentum: 0.1 });
    if (index >= warmUp) milliseconds.push(performance.now() - start);
  }
  return { milliseconds, peakBytes: peakMemory() };
}

function profile({ definition, shape, repeats }: ProfileRequest): ProfileAnswer {
  const { program, state, microBatch } = programOf(definition);
  return { operations: profileStep(config, { program, state, batch: microBatch(shape), repeats }) };
}

function answer(request: WorkerRequest): StepAnswer | ProfileAnswer | EngineFacts | MachineLimits {
  switch (request.kind) {
    case 'steps':
      return timeSteps(request);
    case 'profile':
      return profile(request);
    case 'facts':
      return { fingerprint: engine.fingerprint };
    case 'limits':
      return measureMachineLimits();
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(answer(JSON.parse(line) as WorkerRequest))}\n`);
}
