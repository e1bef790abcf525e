/** Where the time of a training step goes: times the whole compiled step, and its operations one by one. */
import type { EngineChoice } from '../config/engine-section.ts';
import type { NumericsFingerprint } from '../engine/engine.ts';
import type { MachineLimits } from '../engine/tensorflow/machine-limits.ts';
import type { OperationTime } from '../engine/tensorflow/profile-step.ts';
import type { BenchDefinition } from './bench-program.ts';
import { type Contender, startEngine } from './contender.ts';
import { type Timing, timingOf } from './step-bench.ts';
import type { BatchShape } from './step-shapes.ts';
import type { EngineFacts, ProfileAnswer, StepAnswer } from './step-worker.ts';

/** What to profile. */
export interface ProfileOptions {
  readonly definition: BenchDefinition;
  readonly shape: BatchShape;
  readonly engine: Omit<EngineChoice, 'kind'>;
}

/** The result of a profile. */
export interface StepProfile {
  readonly engine: NumericsFingerprint;
  readonly limits: MachineLimits;
  /** Time of the compiled step. */
  readonly step: Timing;
  /** Peak of the resident memory of the compiled step's process. */
  readonly peakBytes: number;
  readonly operations: readonly OperationTime[];
}

const WARM_UP_STEPS = 3;
/** Steps before and after the operations, so that a drift of the machine's speed shows as spread. */
const STEPS_EACH_TIME = 8;
const REPEATS = 15;

/**
 * Profiles one step.
 * @throws LockstepError UNEXPECTED when an engine cannot run
 */
export async function profileSteps(options: ProfileOptions): Promise<StepProfile> {
  const { definition, shape, engine } = options;
  const [compiled, eager] = (['compiled', 'eager'] as const).map((kind) =>
    startEngine(kind, { ...engine, kind }),
  ) as [Contender, Contender];
  try {
    const steps = { kind: 'steps', definition, shape, warmUp: WARM_UP_STEPS };
    const timeSteps = () => compiled.ask<StepAnswer>({ ...steps, steps: STEPS_EACH_TIME });
    const before = await timeSteps();
    const request = { kind: 'profile', definition, shape, repeats: REPEATS };
    const { operations } = await eager.ask<ProfileAnswer>(request);
    const after = await timeSteps();
    const { fingerprint } = await compiled.ask<EngineFacts>({ kind: 'facts' });
    // Last, since this takes memory.
    const limits = await compiled.ask<MachineLimits>({ kind: 'limits' });
    return {
      engine: fingerprint,
      limits,
      step: timingOf([...before.milliseconds, ...after.milliseconds]),
      peakBytes: Math.max(before.peakBytes, after.peakBytes),
      operations,
    };
  } finally {
    for (const contender of [compiled, eager]) contender.close();
  }
}

/** Operations of one kind in one pass. */
export interface OperationGroup {
  readonly op: string;
  readonly pass: OperationTime['pass'];
  readonly count: number;
  readonly milliseconds: number;
  /** Multiplications and additions; 0 for operations whose limit is memory. */
  readonly flops: number;
}

/** The operations by kind and pass, the costliest first. */
export function byOperation(operations: readonly OperationTime[]): OperationGroup[] {
  const groups = groupBy(operations, ({ op, pass }) => `${pass} ${op}`);
  return [...groups.values()]
    .map((group) => ({
      op: group[0]!.op,
      pass: group[0]!.pass,
      count: group.length,
      milliseconds: sum(group.map(({ milliseconds }) => milliseconds)),
      flops: sum(group.map(({ flops = 0 }) => flops)),
    }))
    .sort((a, b) => b.milliseconds - a.milliseconds);
}

/** Milliseconds of one layer. */
export interface LayerTime {
  readonly layer: string;
  readonly forward: number;
  readonly gradient: number;
  readonly update: number;
}

/** The times by layer, in the order of the forward pass. */
export function byLayer(operations: readonly OperationTime[]): LayerTime[] {
  const ofPass = (group: readonly OperationTime[], pass: OperationTime['pass']) =>
    sum(group.filter((each) => each.pass === pass).map(({ milliseconds }) => milliseconds));
  return [...groupBy(operations, ({ layer }) => layer)].map(([layer, group]) => ({
    layer,
    forward: ofPass(group, 'forward'),
    gradient: ofPass(group, 'gradient'),
    update: ofPass(group, 'update'),
  }));
}

/** Milliseconds of all operations together. */
export function sumOfParts({ operations }: StepProfile): number {
  return sum(operations.map(({ milliseconds }) => milliseconds));
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return groups;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
