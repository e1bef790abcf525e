/** Starts the coordinator and its workers for a run folder, and sees the run to its end. */
import type { Device } from '../../launcher/device.ts';
import { localLaunch } from '../../launcher/local.ts';
import { loadWeights } from '../checkpoint/restore.ts';
import type { RunFolder } from '../checkpoint/run-folder.ts';
import { hashConfig } from '../config/load.ts';
import type { RunConfig } from '../config/run-config.ts';
import type { Elasticity } from '../coordinator/elasticity.ts';
import type { RunOutcome } from '../coordinator/machine.ts';
import type { MeetingKind } from '../coordinator/meeting-point.ts';
import { runCoordinator } from '../coordinator/server.ts';
import { openStore } from '../data/format/open-store.ts';
import { HANG_MS } from '../protocol/timing.ts';
import { openLog } from '../telemetry/log.ts';
import { openMetrics } from '../telemetry/metrics.ts';
import type { RunEvent } from '../telemetry/run-event.ts';
import { defineRun } from '../worker/run-definition.ts';
import { ensureStore } from './ensure-store.ts';
import { openProgressView } from './progress-view.ts';
import { recordEvent } from './run-files.ts';
import { concludeRun } from './run-summary.ts';

export interface StartOptions {
  readonly devices: readonly Device[];
  readonly meeting: MeetingKind;
  readonly resume: boolean;
  readonly elasticity: Elasticity;
  /** Faults to strike workers with, as `parseFault` takes them. */
  readonly simulate?: readonly string[];
}

const INSECURE_WARNING =
  'Warning: insecure-tcp encrypts nothing, and whoever can read its traffic can take part in the run.';
const WORKER = new URL('../worker/main.ts', import.meta.url);

/** @returns the exit code */
export async function startRun(
  folder: RunFolder,
  facts: RunFacts,
  options: StartOptions,
): Promise<number> {
  const { runConfig: config } = folder;
  const log = openLog(folder.logs, 'coordinator');
  const metrics = openMetrics(folder.metrics);
  const view = openProgressView(facts.totalSteps);
  const onEvent = (event: RunEvent) => {
    if (event.kind === 'status') log[event.isWarning ? 'warn' : 'info'](event.text);
    recordEvent(metrics, event);
    view.show(event);
  };
  if (options.meeting.kind === 'insecure-tcp') {
    log.warn(INSECURE_WARNING);
    process.stderr.write(`${INSECURE_WARNING}\n`);
  }
  let outcome: RunOutcome;
  try {
    outcome = await runCoordinator({
      runId: config.name,
      worldSize: options.devices.length,
      meeting: options.meeting,
      expected: { configHash: hashConfig(config), dataHash: facts.dataHash },
      totalSteps: facts.totalSteps,
      launch: localLaunch({
        devices: options.devices,
        engine: config.engine,
        runFolder: folder.path,
        entry: WORKER,
        args: [
          ...(options.resume ? ['--resume'] : []),
          ...(options.simulate ?? []).flatMap((fault) => ['--simulate', fault]),
        ],
      }),
      onEvent,
      elasticity: options.elasticity,
      // XLA compiles each new shape, however late it comes.
      ...(config.engine.xla && { shortestHangMs: HANG_MS }),
    });
  } finally {
    view.stop();
    await metrics.close();
  }
  return await conclude(folder, outcome, log);
}

/** What the coordinator must know of configuration and data. */
export interface RunFacts {
  readonly dataHash: string;
  readonly totalSteps: number;
  /** Of all of them. */
  readonly microBatches: number;
}

/**
 * Looks at configuration and data together, before anything is written or started; makes a synthetic
 * dataset that is absent.
 * @throws LockstepError what keeps the run from beginning
 */
export async function readRunFacts(config: RunConfig): Promise<RunFacts> {
  await ensureStore(config, (sentence) => process.stderr.write(`${sentence}\n`));
  const store = await openStore(config.data.store);
  try {
    const { schedule, layout, phases } = defineRun(config, store);
    const { initialWeights } = config.model;
    // Workers read them again: this is to refuse bad ones before anything is written.
    if (initialWeights !== undefined) await loadWeights(initialWeights, layout);
    const microBatches = schedule.phases.reduce((sum, { steps }, index) => {
      const batch = phases[index]!.config.batch ?? config.batch;
      return sum + steps * batch.microBatches;
    }, 0);
    const { totalSteps } = schedule;
    return { dataHash: store.manifest.contentHash, totalSteps, microBatches };
  } finally {
    await store.close();
  }
}

async function conclude(
  folder: RunFolder,
  outcome: RunOutcome,
  log: ReturnType<typeof openLog>,
): Promise<number> {
  const { exitCode: code, step, stateHash, error } = outcome;
  const reason = error?.toLine() ?? outcome.reason;
  if (error === null) log.info(reason);
  else log.error(reason);
  await log.close();
  if (stateHash !== null) console.log(`state ${stateHash} after step ${step}`);
  if (error !== null) process.stderr.write(`${reason}\n`);
  return await concludeRun(folder, { code, reason: outcome.reason, globalStep: step, stateHash });
}
