/** Which micro-batches of a run to time, and which shapes count as equal for that. Pure. */
import type { RunDefinition } from '../../run/definition.ts';

/** A micro-batch of a run's plan. */
export interface TunedBatch {
  readonly phase: number;
  readonly step: number;
  readonly microBatch: number;
  readonly rows: number;
  readonly paddedLength: number;
}

const STEPS_LOOKED_AT = 8;

/** The shortest, a middle and the longest in the first steps of the longest phase, one of each shape class. */
export function tunedBatches({ phases, schedule }: RunDefinition): TunedBatch[] {
  const microBatches = schedule.phases.map(
    ({ steps }, phase) => steps * phases[phase]!.plan.stepAt(0).microBatches.length,
  );
  const phase = microBatches.indexOf(Math.max(...microBatches));
  const { plan } = phases[phase]!;
  const batches = Array.from({ length: Math.min(STEPS_LOOKED_AT, plan.stepsPerEpoch) })
    .flatMap((_, step) =>
      plan.stepAt(step).microBatches.map(({ paddedLength, rows }, microBatch) => ({
        phase,
        step,
        microBatch,
        rows: rows.length,
        paddedLength,
      })),
    )
    .sort((a, b) => a.paddedLength - b.paddedLength);
  const some = [batches[0]!, batches[batches.length >> 1]!, batches.at(-1)!];
  return [...new Map(some.map((batch) => [shapeClassOf(batch), batch])).values()];
}

/** Rows and padded length, rounded down to powers of two: so data of similar lengths have the same class. */
export function shapeClassOf({
  rows,
  paddedLength,
}: Pick<TunedBatch, 'rows' | 'paddedLength'>): string {
  const powerOfTwo = (size: number) => 2 ** Math.floor(Math.log2(size));
  return `${powerOfTwo(rows)}×${powerOfTwo(paddedLength)}`;
}
