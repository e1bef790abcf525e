/** What a choice of formulations holds for: a device, versions, a model and its shapes. Pure. */
import type { RunConfig } from '../../config/run-config.ts';
import type { NumericsFingerprint } from '../../engine/engine.ts';
import { shapeClassOf, type TunedBatch } from './tuned-batches.ts';

export interface TuneKey {
  readonly device: string;
  readonly threadsPerWorker: number;
  readonly numerics: string;
  readonly tf32: boolean;
  /** Of Lockstep and of its engine, with its kind and whether XLA compiles for it. */
  readonly versions: readonly string[];
  readonly model: object;
  readonly objective: object;
  readonly shapeClasses: readonly string[];
}

export function tuneKeyOf(
  { engine, model, phases }: RunConfig,
  batches: readonly TunedBatch[],
  here: {
    readonly device: string;
    readonly lockstep: string;
    readonly engine: NumericsFingerprint;
  },
): TuneKey {
  // Where the weights come from and what masked steps hold cost no time.
  const { initialWeights: _, maskValue: __, ...shape } = model;
  const { kind } = phases[batches[0]!.phase]!.objective;
  return {
    device: here.device,
    threadsPerWorker: engine.threadsPerWorker,
    numerics: engine.numerics,
    tf32: engine.tf32,
    versions: [`lockstep ${here.lockstep}`, here.engine.engine, here.engine.engineVersion],
    model: shape,
    objective: { kind },
    shapeClasses: batches.map(shapeClassOf),
  };
}
