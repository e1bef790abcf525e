/** Times training steps of several contenders in turn, so that a drift of the machine's speed hits all. */
import { fileURLToPath } from 'node:url';
import type { NumericsFingerprint } from '../../engine/engine.ts';
import type { MachineLimits } from '../../engine/tensorflow/machine-limits.ts';
import { type Contender, startContender } from './contender.ts';
import { flopsOf, lengthsOf, type StepShape } from './step-shapes.ts';
import type { EngineFacts, StepAnswer } from './step-worker.ts';

export interface StepBenchOptions {
  readonly shapes: readonly StepShape[];
  readonly threads: readonly number[];
  readonly rounds: number;
  /** A Python that can import torch. */
  readonly peer?: string | undefined;
}

/** Milliseconds of a step. */
export interface Timing {
  readonly median: number;
  readonly minimum: number;
  readonly maximum: number;
}

export interface StepRow {
  readonly shape: StepShape;
  readonly threads: number;
  readonly timings: Readonly<Record<string, Timing>>;
  /** Of the compiled engine. */
  readonly tokensPerSecond: number;
  readonly shareOfPeak: number;
}

export interface StepReport {
  readonly engine: NumericsFingerprint;
  readonly pytorch: string | undefined;
  readonly limits: Readonly<Record<number, MachineLimits>>;
  readonly rows: readonly StepRow[];
}

export const COMPILED = 'compiled';
export const EAGER = 'eager';
export const PYTORCH = 'PyTorch';
export const PYTORCH_COMPILED = 'PyTorch compiled';

const WARM_UP_STEPS = 3;
const STEPS_A_ROUND = 3;

/** Found from here, wherever the command is typed. */
const TSX = import.meta.resolve('tsx');
const programAt = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** @throws LockstepError UNEXPECTED when a contender cannot run */
export async function benchSteps(
  options: StepBenchOptions,
  onRow: (row: StepRow) => void,
): Promise<StepReport> {
  const rows: StepRow[] = [];
  const limits: Record<number, MachineLimits> = {};
  let engine: NumericsFingerprint | undefined;
  let pytorch: string | undefined;
  for (const threads of options.threads) {
    const contenders = startContenders(threads, options.peer);
    try {
      const facts = await contenders[0]!.ask<EngineFacts>('facts');
      engine = facts.fingerprint;
      limits[threads] = facts.limits;
      const peer = contenders.find(({ name }) => name === PYTORCH);
      pytorch = (await peer?.ask<{ version: string }>('facts'))?.version;
      for (const shape of options.shapes) {
        const timings = await timeShape(contenders, shape, options.rounds);
        const row = rowOf(shape, threads, timings, facts.limits);
        rows.push(row);
        onRow(row);
      }
    } finally {
      for (const contender of contenders) contender.close();
    }
  }
  return { engine: engine!, pytorch, limits, rows };
}

function startContenders(threads: number, peer: string | undefined): Contender[] {
  const worker = programAt('./step-worker.ts');
  const ours = [COMPILED, EAGER].map((kind) =>
    startContender(
      kind,
      [process.execPath, '--import', TSX, worker, kind, String(threads)],
      threads,
    ),
  );
  if (peer === undefined) return ours;
  const theirs = [
    [PYTORCH, 'eager'],
    [PYTORCH_COMPILED, 'compile'],
  ].map(([name, kind]) =>
    startContender(name!, [peer, programAt('./torch_peer.py'), kind!, String(threads)], threads),
  );
  return [...ours, ...theirs];
}

async function timeShape(
  contenders: readonly Contender[],
  shape: StepShape,
  rounds: number,
): Promise<Record<string, Timing>> {
  const all = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const contender of contenders) {
      const warmUp = round === 0 ? WARM_UP_STEPS : 1;
      const request = { shape, warmUp, steps: STEPS_A_ROUND };
      const { milliseconds } = await contender.ask<StepAnswer>(request);
      all.get(contender.name)!.push(...milliseconds);
    }
  }
  return Object.fromEntries([...all].map(([name, times]) => [name, timingOf(times)]));
}

export function timingOf(milliseconds: readonly number[]): Timing {
  const sorted = milliseconds.toSorted((a, b) => a - b);
  return {
    median: sorted[sorted.length >> 1]!,
    minimum: sorted[0]!,
    maximum: sorted.at(-1)!,
  };
}

function rowOf(
  shape: StepShape,
  threads: number,
  timings: Record<string, Timing>,
  { flopsPerSecond }: MachineLimits,
): StepRow {
  const seconds = timings[COMPILED]!.median / 1e3;
  const tokens = lengthsOf(shape).reduce((a, b) => a + b, 0);
  return {
    shape,
    threads,
    timings,
    tokensPerSecond: tokens / seconds,
    shareOfPeak: flopsOf(shape) / seconds / flopsPerSecond,
  };
}

/** How many times as fast as `other` the compiled engine is: geometric mean and minimum over the rows. */
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
