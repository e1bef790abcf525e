/** What a run's metrics say about validation data. */
import type { Measured } from '../nn/objective/objective.ts';
import { wholeLines } from '../telemetry/metrics.ts';
import { isPretraining } from './grid.ts';

/** A run's metrics on validation data. */
export interface Validation {
  /** The metrics of each pretraining's last evaluation, in the order of the phases. */
  readonly pretexts: readonly Measured[];
  /** The metric of each phase's kept weights, or of its last ones. */
  readonly byPhase: ReadonlyMap<string, number>;
}

interface MetricsLine extends Partial<Measured> {
  readonly kind: string;
  readonly phase?: string;
  readonly best?: { readonly value: number };
}

/**
 * Reads the validation metrics of a run.
 * @param path `metrics.jsonl` of a finished run; where a resumed run repeats lines, the later ones count
 * @param metric by which models are compared
 */
export function validationOf(path: string, metric: string): Validation {
  const byPhase = new Map<string, number>();
  const pretexts = new Map<string, Measured>();
  for (const line of wholeLines(path)) {
    const { kind, phase, metrics, baselines, best } = line as unknown as MetricsLine;
    if (phase === undefined) continue;
    if (kind === 'evaluation' && isPretraining(phase)) {
      pretexts.set(phase, { metrics: metrics!, ...(baselines && { baselines }) });
    } else if (kind === 'evaluation') byPhase.set(phase, metrics![metric]!);
    else if (kind === 'phaseEnd' && best !== undefined) byPhase.set(phase, best.value);
  }
  return { pretexts: [...pretexts.values()], byPhase };
}
