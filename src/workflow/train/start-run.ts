/** Starts the coordinator and its workers for a run folder, and sees the run to its end. */
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { HostLeader } from '../../cluster/leader.ts';
import type { Elasticity } from '../../coordinator/elasticity.ts';
import type { CoordinatorOutcome } from '../../coordinator/machine.ts';
import type { RendezvousKind, RendezvousSpec } from '../../coordinator/rendezvous.ts';
import { prepareRendezvous, removeRendezvous } from '../../coordinator/rendezvous.ts';
import { superviseRun } from '../../coordinator/supervisor/supervisor.ts';
import { asLockstepError } from '../../core/errors.ts';
import { LOCK_FILE } from '../../core/lock-file.ts';
import type { WatchSignals } from '../../core/stop-signal.ts';
import { hashRun } from '../../extension/identity.ts';
import type { Device } from '../../launch/device.ts';
import { withOutputFile } from '../../launch/output-file.ts';
import { startProgram } from '../../launch/program.ts';
import { forgetRunExit, type RunFolder, readRunConfig } from '../../run/folder.ts';
import { type Log, openLog } from '../../telemetry/log.ts';
import { revived } from '../../telemetry/reader-event.ts';
import type { RunEvent, RunOutcome } from '../../telemetry/run-event.ts';
import { concludeRun } from './conclude-run.ts';
import { coordinatorTask } from './coordinator-task.ts';
import type { RunFacts } from './run-facts.ts';
import { RunFailed } from './run-failed.ts';
import { completedReason, readPhaseEnds } from './stopped-phases.ts';
import { launchWorkers } from './workers.ts';

export interface StartOptions {
  /** Of this host. */
  readonly devices: readonly Device[];
  /** The other hosts; null for a run of this one. */
  readonly hosts: HostLeader | null;
  readonly rendezvous: RendezvousKind;
  readonly resume: boolean;
  readonly elasticity: Elasticity;
  /** Faults to inject into workers, as `parseFault` takes them. */
  readonly simulate?: readonly string[];
  readonly onEvent: (event: RunEvent) => void;
  readonly watchSignals: WatchSignals;
}

const INSECURE_WARNING =
  'insecure-tcp encrypts nothing, and whoever can read its traffic can take part in the run.';
const COORDINATOR = new URL('./coordinator-main.ts', import.meta.url);

/**
 * The last event is the run's end.
 * @throws RunFailed what ended the run early, unless it was told to stop; LockstepError what kept it from beginning
 */
export async function startRun(
  folder: RunFolder,
  facts: RunFacts,
  options: StartOptions,
): Promise<RunOutcome> {
  const { devices, hosts, rendezvous, onEvent } = options;
  const log = openLog(folder.logs, 'coordinator');
  try {
    if (rendezvous.kind === 'insecure-tcp') {
      log.warn(INSECURE_WARNING);
      onEvent({ kind: 'warning', text: INSECURE_WARNING });
    }
    const { path: runFolder } = folder;
    const { totalSteps } = facts;
    forgetRunExit(folder);
    const workers = hosts?.workers ?? devices.length;
    onEvent({ kind: 'start', runFolder, totalSteps, workers });
    return await conclude(folder, await supervise(folder, facts, options), log, onEvent);
  } finally {
    await log.close();
  }
}

async function supervise(
  folder: RunFolder,
  facts: RunFacts,
  options: StartOptions,
): Promise<CoordinatorOutcome> {
  const { devices, hosts, elasticity, resume, simulate = [], onEvent, watchSignals } = options;
  // As the workers read it.
  const config = readRunConfig(folder.path);
  const { name, engine } = config;
  const { coordinatorWaitMs, maxRestarts } = elasticity;
  const workers = hosts?.workers ?? devices.length;
  const spec = prepareRendezvous(name, options.rendezvous, workers, coordinatorWaitMs);
  const runFolder = folder.path;
  const launch = launchWorkers({ devices, firstSlot: 0, runFolder, config, resume, simulate });
  try {
    await hosts?.begin({ ...sharedFolder(folder), resume, simulate: [...simulate] });
    return await superviseRun({
      rendezvous: spec,
      maxRestarts,
      watchSignals,
      lost: folder.lost,
      onEvent: (event) => onEvent(revived(event)),
      startCoordinator: () => startCoordinator(folder),
      task: coordinatorTask({
        runFolder,
        configHash: hashRun(config),
        xla: engine.xla,
        elasticity,
        ...facts,
      }),
      launch: hosts === null ? launch : hosts.launch(launch),
    });
  } finally {
    tidyRendezvous(spec, onEvent);
  }
}

/** How other hosts find the folder, and know that it is the same. */
function sharedFolder({ path }: RunFolder): { runFolder: string; lock: string } {
  return { runFolder: resolve(path), lock: readFileSync(join(path, LOCK_FILE), 'utf8') };
}

/** What can't be removed must not hide how the run ended. */
function tidyRendezvous(spec: RendezvousSpec, onEvent: StartOptions['onEvent']): void {
  try {
    removeRendezvous(spec);
  } catch (thrown) {
    const { message } = asLockstepError(thrown);
    onEvent({
      kind: 'warning',
      text: `The folder of this run's sockets and keys stays: ${message}`,
    });
  }
}

/** It prints nothing; should it crash, the reason is in a file. */
function startCoordinator({ logs }: RunFolder): ChildProcess {
  return withOutputFile(join(logs, 'coordinator.out'), (output) =>
    startProgram(COORDINATOR, [], { stdio: ['ignore', output, output, 'ipc'] }, 'wait'),
  );
}

async function conclude(
  folder: RunFolder,
  { error, ...ended }: CoordinatorOutcome,
  log: Log,
  onEvent: StartOptions['onEvent'],
): Promise<RunOutcome> {
  const reason = await reasonOf(folder, ended);
  if (error === null) log.info(reason);
  else log.error(error.toLine());
  const { outcome, unwritten } = await concludeRun(folder, { ...ended, reason });
  if (unwritten !== null) onEvent({ kind: 'warning', text: unwritten });
  onEvent({ kind: 'end', outcome });
  if (error !== null) throw new RunFailed(error, outcome);
  return outcome;
}

async function reasonOf(
  folder: RunFolder,
  { kind, reason }: Pick<CoordinatorOutcome, 'kind' | 'reason'>,
): Promise<string> {
  if (kind !== 'completed') return reason;
  return completedReason(await readPhaseEnds(folder, folder.runConfig.phases), reason);
}
