/** Measures how fast one worker pretrains on this machine. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunConfig } from '../config/run-config.ts';
import { runConfigSchema } from '../run/config.ts';
import { type DeviceOptions, devicesOf } from '../workflow/placement.ts';
import type { GuardedHooks } from '../workflow/train/hooks.ts';
import { train } from '../workflow/train/train.ts';

/** Steps of the measurement; the first ones warm up. */
const STEPS = 12;
const WARM_UP = 4;
/** Any rate: the speed does not depend on it. */
const RATE = 1e-4;

/**
 * Trains a few steps of a configuration's first phase in a temporary folder, with as many workers as the grid will
 * have.
 * @returns tokens per second of one worker
 * @throws LockstepError if the run fails
 */
export async function measureSpeed(
  config: RunConfig,
  devices: DeviceOptions,
  { signal, kill }: GuardedHooks,
): Promise<number> {
  const workers = devicesOf(devices).length;
  const root = mkdtempSync(join(tmpdir(), 'lockstep-speed-'));
  const speeds: number[] = [];
  try {
    await train({
      ...devices,
      config: shortRun(config, workers),
      runFolder: join(root, 'run'),
      // A run that loses a worker is no measurement.
      ...{ maxRestarts: 0, minWorkers: workers, coordinatorWaitSeconds: 0 },
      ...{ signal, kill },
      onEvent: (event) => event.kind === 'step' && speeds.push(event.tokensPerSecond),
    });
    return middleOf(speeds.slice(WARM_UP)) / workers;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function shortRun(config: RunConfig, workers: number): RunConfig {
  const { evaluation: _, ...phase } = config.phases[0]!;
  const batch = phase.batch ?? config.batch;
  return runConfigSchema().parse({
    ...config,
    name: 'speed',
    phases: [
      {
        ...phase,
        // Each worker gets as many micro-batches as it would have alone.
        batch: { ...batch, microBatches: batch.microBatches * workers },
        // This run may be shorter than the warm-up of the learning rate.
        learningRate: { kind: 'constant', value: RATE },
        duration: { steps: STEPS },
      },
    ],
  });
}

const middleOf = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1]!;
