/** What a run's metrics say about validation data. */
import { readFileSync } from 'node:fs';
import { PRETRAIN } from './grid.ts';

export interface Validation {
  /** The last evaluation of the first phase, when that was a pretext. */
  readonly pretext?: Readonly<Record<string, number>>;
  /** Accuracy that each phase's weights were kept by, or that it ended with. */
  readonly byPhase: ReadonlyMap<string, number>;
}

interface MetricsLine {
  readonly kind: string;
  readonly phase?: string;
  readonly metrics?: Readonly<Record<string, number>>;
  readonly best?: { readonly value: number };
}

/** @param path `metrics.jsonl` of a finished run; a resumed one repeats lines, the later ones count */
export function validationOf(path: string): Validation {
  const byPhase = new Map<string, number>();
  let pretext: Readonly<Record<string, number>> | undefined;
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const entry = parseLine(line);
    if (entry?.phase === undefined) continue;
    const { kind, phase, metrics, best } = entry;
    if (kind === 'evaluation' && phase === PRETRAIN) pretext = metrics;
    else if (kind === 'evaluation') byPhase.set(phase, metrics!.accuracy!);
    else if (kind === 'phaseEnd' && best !== undefined) byPhase.set(phase, best.value);
  }
  return { ...(pretext && { pretext }), byPhase };
}

/** A killed process may have left half a line. */
function parseLine(line: string): MetricsLine | undefined {
  try {
    return JSON.parse(line) as MetricsLine;
  } catch {
    return undefined;
  }
}
