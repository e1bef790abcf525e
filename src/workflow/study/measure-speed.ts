/** How fast one worker pretrains on this machine. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunConfig, runConfig } from '../../config/run-config.ts';
import { LockstepError } from '../../core/errors.ts';
import type { Device } from '../../launch/device.ts';
import { createRunFolder } from '../../run/folder.ts';
import { readRunFacts, startRun } from '../train/start-run.ts';

/** The first ones warm up. */
const STEPS = 12;
const WARM_UP = 4;
/** Speed does not depend on it. */
const RATE = 1e-4;

/**
 * Trains a few steps of a configuration's first phase in a temporary folder, beside as many other workers
 * as the grid will have.
 * @returns tokens a second of one worker
 * @throws LockstepError what the run failed of
 */
export async function measureSpeed(config: RunConfig, devices: readonly Device[]): Promise<number> {
  const root = mkdtempSync(join(tmpdir(), 'lockstep-speed-'));
  const { evaluation: _, ...phase } = config.phases[0]!;
  // Every worker gets the micro-batches that it would have alone.
  const batch = phase.batch ?? config.batch;
  const microBatches = batch.microBatches * devices.length;
  const short = runConfig.parse({
    ...config,
    name: 'speed',
    phases: [
      {
        ...phase,
        batch: { ...batch, microBatches },
        // So short a run may be shorter than a warm-up.
        learningRate: { kind: 'constant', value: RATE },
        duration: { steps: STEPS },
      },
    ],
  });
  try {
    const facts = await readRunFacts(short);
    const folder = createRunFolder(join(root, 'run'), short);
    const rendezvous = { kind: 'ipc' } as const;
    // What a lost worker leaves is no measurement.
    const elasticity = { maxRestarts: 0, minWorkers: devices.length, coordinatorWaitMs: 0 };
    const code = await startRun(folder, facts, { devices, rendezvous, elasticity, resume: false });
    folder.release();
    if (code === 0) return tokensPerSecondOf(folder.metrics) / devices.length;
    throw new LockstepError(
      'UNEXPECTED',
      `The run that measures this machine's speed ended with exit code ${code}.`,
      'What was wrong stands above.',
    );
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function tokensPerSecondOf(metrics: string): number {
  const speeds = readFileSync(metrics, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { kind: string; tokensPerSecond?: number })
    .flatMap(({ kind, tokensPerSecond }) => (kind === 'step' ? (tokensPerSecond ?? []) : []))
    .slice(WARM_UP)
    .sort((a, b) => a - b);
  return speeds[speeds.length >> 1]!;
}
