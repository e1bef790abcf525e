/** Starts the coordinator and its workers for a run folder, and sees the run to its end. */
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { RunForHosts } from '../../cluster/announcements.ts';
import type { HostLeader } from '../../cluster/leader.ts';
import type { Elasticity } from '../../coordinator/elasticity.ts';
import type { RendezvousKind, RendezvousSpec } from '../../coordinator/rendezvous.ts';
import { nameStart, prepareRendezvous, removeRendezvous } from '../../coordinator/rendezvous.ts';
import type { Journal } from '../../coordinator/succession.ts';
import type { StandbyCoordinator } from '../../coordinator/supervisor/standby.ts';
import {
  type SupervisedOutcome,
  type SupervisorOptions,
  superviseRun,
} from '../../coordinator/supervisor/supervisor.ts';
import { asLockstepError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/json.ts';
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
import { coordinatorTask, readCoordinatorTask } from './coordinator-task.ts';
import { offerRun } from './own-disks.ts';
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
): Promise<SupervisedOutcome> {
  const { devices, hosts, elasticity, resume, simulate = [], onEvent, watchSignals } = options;
  // As the workers read it.
  const config = readRunConfig(folder.path);
  const { name, engine } = config;
  const { coordinatorWaitMs, maxRestarts, minWorkers } = elasticity;
  const worldSize = hosts?.workers ?? devices.length;
  // Another host that takes the run over may have another current folder.
  const runFolder = hosts === null ? folder.path : resolve(folder.path);
  const here = launchWorkers({ devices, firstSlot: 0, runFolder, config, resume, simulate });
  const configHash = hashRun(config);
  const task = coordinatorTask({ runFolder, configHash, xla: engine.xla, elasticity, ...facts });
  const common = { maxRestarts, watchSignals, task, ...inFolder(folder, onEvent) };
  if (hosts !== null) {
    const run = nameStart(name);
    const start = { run, worldSize, coordinatorWaitMs, maxRestarts, minWorkers, task, resume };
    const offer = elasticity.homeWorkers > 0 ? await offerRun(hosts, run, folder) : null;
    const { copy = null } = offer ?? {};
    try {
      await hosts.begin({ ...start, ...sharedFolder(folder), simulate: [...simulate], copy }, here);
      return await superviseRun({ ...common, ...onAllHosts(hosts, folder, start) });
    } finally {
      await offer?.close();
    }
  }
  const spec = prepareRendezvous(name, options.rendezvous, worldSize, coordinatorWaitMs);
  try {
    return await superviseRun({ ...common, rendezvous: spec, launch: here });
  } finally {
    tidyRendezvous(spec, onEvent);
  }
}

/** What the supervisor has to do with the run's folder and its reader. */
function inFolder(
  folder: RunFolder,
  onEvent: StartOptions['onEvent'],
): Pick<SupervisorOptions, 'lost' | 'onEvent' | 'startCoordinator'> {
  return {
    lost: folder.lost,
    onEvent: (event) => onEvent(revived(event)),
    startCoordinator: () => startCoordinator(folder.logs),
  };
}

type OnAllHosts = Pick<
  SupervisorOptions,
  'rendezvous' | 'launch' | 'onListening' | 'onJournal' | 'control'
>;

/** What the supervisor of the host that leads has to do with the other ones. */
function onAllHosts(
  hosts: HostLeader,
  folder: RunFolder,
  start: Pick<RunForHosts, 'run' | 'worldSize' | 'coordinatorWaitMs'>,
): OnAllHosts {
  const { address: host, keyFolder, launch } = hosts;
  const { run, worldSize, coordinatorWaitMs } = start;
  hosts.watchFolder(folder);
  return {
    rendezvous: {
      ...{ run, worldSize, coordinatorWaitMs, privateFolder: null, supervisorPid: process.pid },
      kind: { kind: 'tcp', host, keyFolder },
    },
    launch,
    onListening: (endpoint) => hosts.onListening(endpoint),
    onJournal: (journal) => hosts.onJournal(journal),
    control: (control) => hosts.controls(control),
  };
}

/** What this host inherits with the lead. */
export interface Inheritance {
  readonly hosts: HostLeader;
  readonly folder: RunFolder;
  /** As the host that led before has told it. */
  readonly run: RunForHosts;
  readonly journal: Journal | null;
  readonly lostAt: number;
  readonly loss: string;
  readonly left: number | null;
  readonly standby: StandbyCoordinator;
}

/**
 * Goes on with a run that another host has led, and whose workers wait.
 * @throws RunFailed what ended the run early
 */
export async function continueRun(
  { hosts, folder, run, journal, standby, ...lost }: Inheritance,
  { onEvent, watchSignals }: Pick<StartOptions, 'onEvent' | 'watchSignals'>,
): Promise<RunOutcome> {
  const log = openLog(folder.logs, 'coordinator');
  try {
    const { lock } = sharedFolder(folder);
    const { totalSteps } = readCoordinatorTask(run.task as JsonObject);
    onEvent({ kind: 'start', runFolder: folder.path, totalSteps, workers: hosts.workers });
    const takeOver = await hosts.inherit(lock, journal, lost);
    const outcome = await superviseRun({
      ...onAllHosts(hosts, folder, run),
      ...inFolder(folder, onEvent),
      startCoordinator: () => standby.take(),
      ...{ takeOver, watchSignals, maxRestarts: run.maxRestarts },
      task: run.task as JsonObject,
    });
    return await conclude(folder, outcome, log, onEvent);
  } finally {
    await log.close();
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
export function startCoordinator(logs: string): ChildProcess {
  // It has keys of its own.
  const { LOCKSTEP_KEY: _, ...env } = process.env;
  return withOutputFile(join(logs, 'coordinator.out'), (output) =>
    startProgram(COORDINATOR, [], { env, stdio: ['ignore', output, output, 'ipc'] }, 'wait'),
  );
}

async function conclude(
  folder: RunFolder,
  { error, ...ended }: SupervisedOutcome,
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
  { kind, reason }: Pick<SupervisedOutcome, 'kind' | 'reason'>,
): Promise<string> {
  if (kind !== 'completed') return reason;
  return completedReason(await readPhaseEnds(folder, folder.runConfig.phases), reason);
}
