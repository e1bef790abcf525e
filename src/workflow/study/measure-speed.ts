/** How fast one worker pretrains on this machine. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunConfig, runConfig } from '../../config/run-config.ts';
import type { Device } from '../../launch/device.ts';
import { createRunFolder } from '../../run/folder.ts';
import { readRunFacts } from '../train/run-facts.ts';
import { startRun } from '../train/start-run.ts';
import { watchStopRequests } from '../train/stop-requests.ts';

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
    const hooks = { onEvent: () => {} };
    const facts = await readRunFacts(short, hooks);
    const folder = createRunFolder(join(root, 'run'), short);
    const rendezvous = { kind: 'ipc' } as const;
    // What a lost worker leaves is no measurement.
    const elasticity = { maxRestarts: 0, minWorkers: devices.length, coordinatorWaitMs: 0 };
    const watchSignals = watchStopRequests({});
    const options = { devices, rendezvous, elasticity, resume: false, watchSignals, ...hooks };
    await startRun(folder, facts, options).finally(() => folder.release());
    return tokensPerSecondOf(folder.metrics) / devices.length;
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
