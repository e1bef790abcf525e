/** What a choice of formulations depends on: device, versions, model and shapes. Pure. */
import type { RunConfig } from '../../config/run-config.ts';
import type { NumericsFingerprint } from '../../engine/engine.ts';
import { shapeClassOf, type TunedBatch } from './tuned-batches.ts';

/** The key of a choice. */
export interface TuneKey {
  readonly device: string;
  readonly threadsPerWorker: number;
  readonly numerics: string;
  readonly tf32: boolean;
  /** Versions of Lockstep and its engine, the engine's kind, and whether XLA compiles. */
  readonly versions: readonly string[];
  readonly model: object;
  readonly objective: object;
  readonly shapeClasses: readonly string[];
}

/** The key of a run's choice. */
export function tuneKeyOf(
  { engine, model, phases }: RunConfig,
  batches: readonly TunedBatch[],
  here: {
    readonly device: string;
    readonly lockstep: string;
    readonly engine: NumericsFingerprint;
  },
): TuneKey {
  // The first weights and the mask value do not affect the time.
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
