/** How fast workers compute, where it need not be measured: by a number, or by what a run has recorded. */
import { LockstepError } from '../core/errors.ts';
import { runPaths } from '../run/folder.ts';
import { meanOf } from '../statistics/mean.ts';
import { wholeLines } from '../telemetry/metrics.ts';
import type { Workload } from './forecast.ts';
import type { ComputingSpeeds } from './measure-computing.ts';

/** Of a worker that computes so many timesteps, without padding, in a second of computing. */
export function computingAt(tokensPerSecond: number, { steps }: Workload): ComputingSpeeds {
  const all = steps.flat();
  const tokens = all.reduce((sum, one) => sum + one.tokens, 0);
  const positions = all.reduce((sum, { rows, paddedLength }) => sum + rows * paddedLength, 0);
  const msPerPosition = (1000 * tokens) / tokensPerSecond / positions;
  return { gradients: [{ paddedLength: 1, msPerPosition }], mergeMs: 0, applyMs: 0, spread: 1 };
}

interface StepLine {
  readonly kind: string;
  readonly phase: string | null;
  readonly positions: readonly (number | null)[];
  readonly timings: readonly ({ readonly computeMs: number; readonly applyMs: number } | null)[];
}

/** Steps that build graphs. */
const WARM_UP = 5;

/**
 * As the workers of a run computed the steps of a phase.
 * @param warmUp first steps that don't count
 * @throws LockstepError RUN_NOT_FOUND where no steps of that phase are recorded
 */
export function computingOfRun(run: string, phase: string, warmUp = WARM_UP): ComputingSpeeds {
  const steps = stepLines(runPaths(run).metrics)
    .filter((line) => line.kind === 'step' && line.phase === phase)
    .slice(warmUp);
  const computed = steps.map(({ positions, timings }) =>
    timings.map((one, rank) => ({ positions: positions[rank] ?? 0, ms: one?.computeMs ?? 0 })),
  );
  const sumOf = (what: 'positions' | 'ms') =>
    computed.flat().reduce((sum, one) => sum + one[what], 0);
  if (sumOf('positions') === 0) throw notRecorded(run, phase, warmUp);
  const longest = (what: 'positions' | 'ms') =>
    computed.reduce((sum, ranks) => sum + Math.max(...ranks.map((one) => one[what])), 0);
  const msPerPosition = sumOf('ms') / sumOf('positions');
  return {
    gradients: [{ paddedLength: 1, msPerPosition }],
    mergeMs: 0,
    applyMs: meanOf(steps.flatMap(({ timings }) => timings.flatMap((one) => one?.applyMs ?? []))),
    spread: Math.max(1, longest('ms') / (msPerPosition * longest('positions'))),
  };
}

function stepLines(path: string): StepLine[] {
  try {
    return wholeLines(path) as unknown as StepLine[];
  } catch (thrown) {
    throw new LockstepError(
      'RUN_NOT_FOUND',
      `Cannot read "${path}": ${(thrown as Error).message}.`,
      'Name the folder of a run that has trained.',
      { cause: thrown },
    );
  }
}

function notRecorded(run: string, phase: string, warmUp: number): LockstepError {
  return new LockstepError(
    'RUN_NOT_FOUND',
    `"${run}" has recorded no more than ${warmUp} steps of a phase "${phase}".`,
    'Name a run of this configuration that has trained for longer, or leave it out to measure here.',
  );
}
