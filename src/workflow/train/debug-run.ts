/** A run in this process, operation by operation, so that what is not finite can be traced to its layer. */
import { join } from 'node:path';
import type { RunConfig } from '../../config/run-config.ts';
import { EXIT, LockstepError } from '../../core/errors.ts';
import { exitCodeOfSignal } from '../../core/stop-signal.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../../core/temporary-folder.ts';
import type { ActivationRange, StateLayout } from '../../engine/engine.ts';
import { claimRunFolder, lockForGood, type RunFolder } from '../../run/folder.ts';
import { loadMicroBatch } from '../../run/loader/load-micro-batch.ts';
import type { CoordinatorEvent } from '../../telemetry/coordinator-event.ts';
import { openMetrics } from '../../telemetry/metrics.ts';
import { readerEvent } from '../../telemetry/reader-event.ts';
import type { RunOutcome } from '../../telemetry/run-event.ts';
import { type LocalComm, openLocalComm } from '../../worker/comm/local-comm.ts';
import { type ReadyWorker, runWorker } from '../../worker/run-worker.ts';
import { withDefaultFormulations } from '../tune/settle-formulations.ts';
import { concludeRun } from './conclude-run.ts';
import type { GuardedHooks } from './hooks.ts';
import { refuseNonFiniteModel } from './non-finite-model.ts';
import { readNewRun } from './run-facts.ts';
import { recordEvent } from './run-files.ts';
import { watchStopRequests } from './stop-requests.ts';

export interface DebugRequest {
  readonly config: RunConfig;
  /** Keeps the run in this folder; it is removed at the end when absent. */
  readonly runFolder?: string | undefined;
  /** The run ends after so many global steps; all when absent. */
  readonly steps?: number | undefined;
  /** Called before the first step. */
  readonly onLayers: (layers: LayerReport) => void;
}

/** What a training forward pass over the first micro-batch of each phase gave. */
export interface LayerReport {
  readonly ranges: readonly ActivationRange[];
  readonly layout: StateLayout;
  /** Timesteps. */
  readonly receptiveField: number;
  readonly totalSteps: number;
}

/** `config` as `debugRun` computes it: one operation after the other. */
export function debugConfig(config: RunConfig): RunConfig {
  const { engine } = config;
  const eager = { ...config, engine: { ...engine, kind: 'eager' as const } };
  return withDefaultFormulations(engine.kind === 'compiled' ? eager : config);
}

/**
 * The process must have the engine's environment.
 * @throws LockstepError USAGE for a number of steps that is none, and what keeps the run from beginning, or ended it
 */
export async function debugRun(request: DebugRequest, hooks: GuardedHooks): Promise<RunOutcome> {
  const { runFolder, steps } = request;
  if (steps !== undefined) refuseSteps(steps);
  if (runFolder !== undefined) return await debugWith(runFolder, request, hooks);
  const root = makeTemporaryFolder('debug');
  try {
    const outcome = await debugWith(join(root, request.config.name), request, hooks);
    return { ...outcome, lastCheckpoint: null };
  } finally {
    removeTemporaryFolder(root);
  }
}

async function debugWith(
  runFolder: string,
  request: DebugRequest,
  hooks: GuardedHooks,
): Promise<RunOutcome> {
  // Before the data are read, which may take long.
  const claim = claimRunFolder(runFolder, lockForGood);
  try {
    const { config, kept } = await readNewRun(request.config, hooks);
    const folder = claim.settle(config, kept);
    try {
      return await debugIn(folder, request, hooks);
    } catch (thrown) {
      claim.retract();
      throw thrown;
    } finally {
      folder.release();
    }
  } finally {
    claim.abandon();
  }
}

async function debugIn(
  folder: RunFolder,
  { onLayers, steps }: DebugRequest,
  hooks: GuardedHooks,
): Promise<RunOutcome> {
  const { metrics: file, path: runFolder, runConfig: config } = folder;
  const metrics = openMetrics(file);
  const onEvent = (event: CoordinatorEvent): void => {
    recordEvent(metrics, event);
    const told = readerEvent(event);
    if (told !== undefined) hooks.onEvent(told);
  };
  const watchSignals = watchStopRequests(hooks);
  const comm = openLocalComm({ onEvent, watchSignals, stopBefore: steps });
  try {
    const end = await runWorker({
      config,
      comm,
      runFolder,
      resume: false,
      onWarning: (text) => hooks.onEvent({ kind: 'warning', text }),
      onReady: async (ready) => {
        await showLayers(ready, onLayers);
        const { totalSteps } = ready.run.schedule;
        hooks.onEvent({ kind: 'start', runFolder, totalSteps, workers: 1 });
      },
    });
    const { outcome, unwritten } = await concludeRun(folder, {
      ...endOf(comm, end.globalStep, steps),
      step: end.globalStep,
      stateHash: end.stateHash,
    });
    if (unwritten !== null) hooks.onEvent({ kind: 'warning', text: unwritten });
    return outcome;
  } finally {
    await comm.close();
    await metrics.close();
  }
}

function refuseSteps(steps: number): void {
  if (Number.isInteger(steps) && steps >= 1) return;
  throw new LockstepError(
    'USAGE',
    `Cannot train ${steps} steps: the number must be an integer from 1.`,
    'Give --steps a number such as 5, or leave it out to train all.',
  );
}

function endOf({ stopSignal }: LocalComm, step: number, steps: number | undefined) {
  if (stopSignal === null) {
    const reason = step === steps ? `${step} steps are done, as asked for.` : 'All steps are done.';
    return { kind: 'completed', exitCode: EXIT.done, reason } as const;
  }
  const reason = `Ended by ${stopSignal}.`;
  return { kind: 'drained', exitCode: exitCodeOfSignal(stopSignal), reason } as const;
}

/** One training forward pass over the first micro-batch of each phase, before any training. */
async function showLayers(
  { run, engine, store, start }: ReadyWorker,
  onLayers: DebugRequest['onLayers'],
): Promise<void> {
  const ranges: ActivationRange[] = [];
  for (const [phase, { program }] of run.phases.entries()) {
    const first = { kind: 'training', phase, stepInPhase: 0, microBatch: 0 } as const;
    const batch = await loadMicroBatch(store, run.phases, first);
    const session = engine.session(program);
    try {
      session.load(start.progress.state);
      ranges.push(...session.inspect(batch).filter(({ layer }) => !isListed(ranges, layer)));
    } finally {
      session.dispose();
    }
  }
  const { layout } = run;
  const { receptiveField } = run.model;
  onLayers({ ranges, layout, receptiveField, totalSteps: run.schedule.totalSteps });
  refuseNonFiniteModel(start.progress.state.parameters, layout, ranges);
}

/** Phases differ by their heads only. */
function isListed(ranges: readonly ActivationRange[], layer: string): boolean {
  return ranges.some((range) => range.layer === layer);
}
