/** Starts the coordinator and its workers for a run folder, and sees the run to its end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { loadWeights } from '../../checkpoint/restore.ts';
import type { RunConfig } from '../../config/run-config.ts';
import type { Elasticity } from '../../coordinator/elasticity.ts';
import type { RunOutcome } from '../../coordinator/machine.ts';
import type { RendezvousKind } from '../../coordinator/rendezvous.ts';
import { prepareRendezvous, removeRendezvous } from '../../coordinator/rendezvous.ts';
import { superviseRun } from '../../coordinator/supervisor/supervisor.ts';
import { openStore } from '../../data/format/open-store.ts';
import type { Device } from '../../launch/device.ts';
import { localLaunch } from '../../launch/local.ts';
import { defineRun } from '../../run/definition.ts';
import type { RunFolder } from '../../run/folder.ts';
import { openLog } from '../../telemetry/log.ts';
import { coordinatorTask } from './coordinator-task.ts';
import { ensureStore } from './ensure-store.ts';
import { concludeRun } from './run-summary.ts';

export interface StartOptions {
  readonly devices: readonly Device[];
  readonly rendezvous: RendezvousKind;
  readonly resume: boolean;
  readonly elasticity: Elasticity;
  /** Faults to inject into workers, as `parseFault` takes them. */
  readonly simulate?: readonly string[];
}

const INSECURE_WARNING =
  'Warning: insecure-tcp encrypts nothing, and whoever can read its traffic can take part in the run.';
/** DECTCEM, of the VT220 and every terminal since. */
const SHOW_CURSOR = '\u001B[?25h';
const WORKER = new URL('../../worker/main.ts', import.meta.url);
const COORDINATOR = new URL('./coordinator-main.ts', import.meta.url);

/** @returns the exit code */
export async function startRun(
  folder: RunFolder,
  facts: RunFacts,
  options: StartOptions,
): Promise<number> {
  const { runConfig: config } = folder;
  const { devices, rendezvous, elasticity, resume, simulate = [] } = options;
  const log = openLog(folder.logs, 'coordinator');
  if (rendezvous.kind === 'insecure-tcp') {
    log.warn(INSECURE_WARNING);
    process.stderr.write(`${INSECURE_WARNING}\n`);
  }
  const { coordinatorWaitMs, maxRestarts } = elasticity;
  const spec = prepareRendezvous(config.name, rendezvous, devices.length, coordinatorWaitMs);
  let outcome: RunOutcome;
  try {
    outcome = await superviseRun({
      rendezvous: spec,
      maxRestarts,
      launcherPid: Number(process.env.LOCKSTEP_LAUNCHER_PID) || null,
      startCoordinator,
      task: coordinatorTask({ runFolder: folder.path, elasticity, ...facts }),
      launch: localLaunch({
        devices,
        engine: config.engine,
        runFolder: folder.path,
        entry: WORKER,
        args: [
          ...(resume ? ['--resume'] : []),
          ...simulate.flatMap((fault) => ['--simulate', fault]),
        ],
      }),
    });
  } finally {
    removeRendezvous(spec);
    // A coordinator that was killed has left it hidden behind its progress bar.
    if (process.stderr.isTTY) process.stderr.write(SHOW_CURSOR);
  }
  return await conclude(folder, outcome, log);
}

function startCoordinator(): ChildProcess {
  const argv = ['--import', import.meta.resolve('tsx'), fileURLToPath(COORDINATOR)];
  return spawn(process.execPath, argv, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
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
  if (error !== null) process.stderr.write(`${reason}\n`);
  const end = { code, reason: outcome.reason, globalStep: step, stateHash };
  process.exitCode = await concludeRun(folder, end);
  // Last, since the process ends when nobody reads it.
  if (stateHash !== null) console.log(`state ${stateHash} after step ${step}`);
  return code;
}
