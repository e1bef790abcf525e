/** Times training steps of several contenders in turn, so that a drift of the machine's speed affects all. */
import type { EngineChoice } from '../config/engine-section.ts';
import type { NumericsFingerprint } from '../engine/engine.ts';
import type { MachineLimits } from '../engine/tensorflow/machine-limits.ts';
import { definitionOf } from './bench-program.ts';
import { type Contender, pythonProgram, startContender, startEngine } from './contender.ts';
import { BENCH_MODELS, flopsOf, lengthsOf, type StepShape } from './step-shapes.ts';
import type { EngineFacts, StepAnswer } from './step-worker.ts';

/** What to time. */
export interface StepBenchOptions {
  readonly shapes: readonly StepShape[];
  readonly threads: readonly number[];
  readonly rounds: number;
  /** A Python that can import torch. */
  readonly peer?: string | undefined;
}

/** Time of a step, in milliseconds. */
export interface Timing {
  readonly median: number;
  readonly minimum: number;
  readonly maximum: number;
}

/** The times for one shape. */
export interface StepRow {
  readonly shape: StepShape;
  readonly threads: number;
  readonly timings: Readonly<Record<string, Timing>>;
  /** Peak of the resident memory of each contender's process during its steps. */
  readonly peakBytes: Readonly<Record<string, number>>;
  /** Tokens per second of the compiled engine. */
  readonly tokensPerSecond: number;
  readonly shareOfPeak: number;
}

/** The result of a benchmark. */
export interface StepReport {
  readonly engine: NumericsFingerprint;
  readonly pytorch: string | undefined;
  readonly limits: Readonly<Record<number, MachineLimits>>;
  readonly rows: readonly StepRow[];
}

/** Names of the contenders. */
export const COMPILED = 'compiled';
export const EAGER = 'eager';
export const PYTORCH = 'PyTorch';
export const PYTORCH_COMPILED = 'PyTorch compiled';

const WARM_UP_STEPS = 3;
const STEPS_A_ROUND = 3;

/**
 * Times all shapes.
 * @throws LockstepError UNEXPECTED when a contender cannot run
 */
export async function benchSteps(
  options: StepBenchOptions,
  onRow: (row: StepRow) => void,
): Promise<StepReport> {
  const rows: StepRow[] = [];
  const limits: Record<number, MachineLimits> = {};
  let engine: NumericsFingerprint | undefined;
  let pytorch: string | undefined;
  for (const [threads, model] of turnsOf(options)) {
    // New processes for each model, so that one model's memory does not count for the next.
    const contenders = startContenders(threads, options.peer);
    try {
      const facts: (EngineFacts & PeerFacts)[] = [];
      for (const contender of contenders) facts.push(await contender.ask({ kind: 'facts' }));
      engine = facts[0]!.fingerprint;
      pytorch = facts.at(-1)!.version;
      // After all have started, so that nothing else computes during this measurement.
      limits[threads] ??= await machineLimits(threads);
      for (const shape of options.shapes.filter((shape) => shape.model === model)) {
        const row = rowOf(
          { shape, threads, ...(await timeShape(contenders, shape, options.rounds)) },
          limits[threads],
        );
        rows.push(row);
        onRow(row);
      }
    } finally {
      for (const contender of contenders) contender.close();
    }
  }
  return { engine: engine!, pytorch, limits, rows };
}

interface PeerFacts {
  /** Version of PyTorch. */
  readonly version?: string;
}

/** Measures the limits in a separate process, since that takes memory. */
async function machineLimits(threads: number): Promise<MachineLimits> {
  const worker = startEngine(COMPILED, engineWith(COMPILED, threads));
  try {
    return await worker.ask<MachineLimits>({ kind: 'limits' });
  } finally {
    worker.close();
  }
}

const engineWith = (kind: 'compiled' | 'eager', threadsPerWorker: number): EngineChoice => ({
  kind,
  threadsPerWorker,
  numerics: 'strict',
});

function turnsOf({ threads, shapes }: StepBenchOptions): (readonly [number, string])[] {
  const models = BENCH_MODELS.filter((name) => shapes.some(({ model }) => model === name));
  return threads.flatMap((count) => models.map((model) => [count, model] as const));
}

function startContenders(threads: number, peer: string | undefined): Contender[] {
  const ours = ([COMPILED, EAGER] as const).map((kind) =>
    startEngine(kind, engineWith(kind, threads)),
  );
  if (peer === undefined) return ours;
  const theirs = [
    [PYTORCH, 'eager'],
    [PYTORCH_COMPILED, 'compile'],
  ].map(([name, kind]) =>
    startContender(name!, [peer, pythonProgram('./torch_peer.py'), kind!, String(threads)], {
      threadsPerWorker: threads,
      numerics: 'strict',
    }),
  );
  return [...ours, ...theirs];
}

async function timeShape(
  contenders: readonly Contender[],
  shape: StepShape,
  rounds: number,
): Promise<Pick<StepRow, 'timings' | 'peakBytes'>> {
  const answers = contenders.map(({ name }) => ({ name, given: [] as StepAnswer[] }));
  for (let round = 0; round < rounds; round++) {
    for (const [index, contender] of contenders.entries()) {
      const warmUp = round === 0 ? WARM_UP_STEPS : 1;
      const definition = definitionOf(shape.model);
      const request = { kind: 'steps', definition, shape, warmUp, steps: STEPS_A_ROUND };
      answers[index]!.given.push(await contender.ask<StepAnswer>(request));
    }
  }
  const ofEach = <T>(summary: (given: readonly StepAnswer[]) => T): Record<string, T> =>
    Object.fromEntries(answers.map(({ name, given }) => [name, summary(given)]));
  return {
    timings: ofEach((given) => timingOf(given.flatMap(({ milliseconds }) => milliseconds))),
    peakBytes: ofEach((given) => Math.max(...given.map(({ peakBytes }) => peakBytes))),
  };
}

/** Median and extremes of some times. */
export function timingOf(milliseconds: readonly number[]): Timing {
  const sorted = milliseconds.toSorted((a, b) => a - b);
  return {
    median: sorted[sorted.length >> 1]!,
    minimum: sorted[0]!,
    maximum: sorted.at(-1)!,
  };
}

function rowOf(
  measured: Pick<StepRow, 'shape' | 'threads' | 'timings' | 'peakBytes'>,
  { flopsPerSecond }: MachineLimits,
): StepRow {
  const { shape, timings } = measured;
  const seconds = timings[COMPILED]!.median / 1e3;
  const tokens = lengthsOf(shape).reduce((a, b) => a + b, 0);
  return {
    ...measured,
    tokensPerSecond: tokens / seconds,
    shareOfPeak: flopsOf(shape) / seconds / flopsPerSecond,
  };
}

/** Speed of the compiled engine divided by that of `other`: geometric mean and minimum over the rows. */
export function speedOver(
  rows: readonly StepRow[],
  other: string,
): { mean: number; minimum: number } | undefined {
  const ratios = rows.flatMap(({ timings }) => {
    const theirs = timings[other];
    return theirs === undefined ? [] : [theirs.median / timings[COMPILED]!.median];
  });
  if (ratios.length === 0) return undefined;
  const logarithms = ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0);
  return { mean: Math.exp(logarithms / ratios.length), minimum: Math.min(...ratios) };
}
