/** A run on several hosts: one of them leads, the others follow. Each host runs the same command. */
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { HostLeader } from '../../cluster/leader.ts';
import { followRun, type RunHere } from '../../cluster/member.ts';
import { openHostRendezvous } from '../../cluster/rendezvous/open-rendezvous.ts';
import type { RunConfig } from '../../config/run-config.ts';
import { asLockstepError, LockstepError } from '../../core/errors.ts';
import { LOCK_FILE } from '../../core/lock-file.ts';
import { readTextSync } from '../../core/read-file.ts';
import type { StopSignal, WatchSignals } from '../../core/stop-signal.ts';
import type { Device } from '../../launch/device.ts';
import { readSecretFile, secretOfVariable } from '../../protocol/host-keys.ts';
import { readRunConfig } from '../../run/folder.ts';
import type { RunOutcome } from '../../telemetry/run-event.ts';
import { DEFAULT_HOSTS_WAIT_SECONDS, type HostsOptions } from '../placement.ts';
import type { GuardedHooks } from './hooks.ts';
import { RunFailed } from './run-failed.ts';
import { throwIfStopped, watchStopRequests } from './stop-requests.ts';
import { launchWorkers } from './workers.ts';

/** A disk that several hosts see may show what another one wrote only after a while. */
const SEEN_MS = 30_000;
const LOOK_MS = 250;

export interface OnHosts {
  /** Absent for a run of this host. */
  readonly hosts: HostsOptions | undefined;
  /** Of this host. */
  readonly devices: readonly Device[];
  /** What this host was started for: all must be started for the same. */
  readonly request: string;
  readonly runFolder: string;
}

/**
 * Runs `lead` on the host that leads, with the other hosts once all are there. A host that follows starts the workers
 * that it is told to, and ends as the run does.
 * @throws LockstepError USAGE, INSECURE, PORT_IN_USE, TIMEOUT, PROTOCOL, REQUEUED when the leader is gone; what `lead`
 *   throws is thrown on every host
 */
export async function onHosts(
  { hosts, devices, request, runFolder: folder }: OnHosts,
  hooks: GuardedHooks,
  lead: (hosts: HostLeader | null) => Promise<RunOutcome>,
): Promise<RunOutcome> {
  if (hosts === undefined) return await lead(null);
  const { hostRank = null, start = null, waitSeconds = DEFAULT_HOSTS_WAIT_SECONDS } = hosts;
  const { rendezvous = `folder:${resolve(folder)}.hosts` } = hosts;
  refuseHosts(hosts.hosts);
  const common = {
    workers: devices.length,
    request,
    waitMs: waitSeconds * 1000,
    throwIfStopped: () => throwIfStopped(hooks),
    tell: (text: string, isWarning = false) =>
      hooks.onEvent({ kind: isWarning ? 'warning' : 'status', text }),
  };
  const place = openHostRendezvous(rendezvous, secretOf(hosts), start);
  const meeting = await place.meet(hostRank, common);
  if (meeting.role === 'lead') {
    const leader = await HostLeader.open(meeting, { ...common, hosts: hosts.hosts });
    return await untilEnd(leader, lead);
  }
  const { outcome, error } = await followRun(meeting, {
    ...common,
    hostRank,
    watchSignals: watchStopRequests(hooks),
    launcher: async (run) => {
      const config = await seenRun(run);
      const { runFolder, firstSlot, resume, simulate } = run;
      return launchWorkers({ devices, firstSlot, runFolder, config, resume, simulate });
    },
  });
  if (error !== null) throw outcome === null ? error : new RunFailed(error, outcome);
  hooks.onEvent({ kind: 'end', outcome: outcome! });
  return outcome!;
}

async function untilEnd(
  leader: HostLeader,
  lead: (hosts: HostLeader) => Promise<RunOutcome>,
): Promise<RunOutcome> {
  let outcome: RunOutcome;
  try {
    await leader.gather();
    outcome = await lead(leader);
  } catch (thrown) {
    const reached = thrown instanceof RunFailed ? thrown.outcome : null;
    await leader.end(reached, asLockstepError(thrown));
    throw thrown;
  }
  await leader.end(outcome, null);
  return outcome;
}

/** Requests to stop that came to this host, and those that came to another one while none had come here. */
export function stopRequestsOf(hooks: GuardedHooks, hosts: HostLeader | null): WatchSignals {
  const here = watchStopRequests(hooks);
  if (hosts === null) return here;
  return (onSignal) => {
    let isStopping = false;
    const stop = (signal: StopSignal): void => {
      isStopping = true;
      onSignal(signal);
    };
    hosts.onSignal((signal) => {
      if (!isStopping) stop(signal);
    });
    return here(stop);
  };
}

/** @throws LockstepError USAGE for a number of hosts that is none */
function refuseHosts(hosts: number): void {
  if (Number.isInteger(hosts) && hosts >= 2 && hosts <= 1024) return;
  throw new LockstepError(
    'USAGE',
    `Cannot train on ${hosts} hosts: the number must be an integer from 2 to 1024.`,
    'Leave it out for a run of this host.',
  );
}

function secretOf({ keyFile, key }: HostsOptions): Buffer | null {
  if (keyFile !== undefined) return readSecretFile(keyFile);
  return key === undefined ? null : secretOfVariable(key);
}

/** @throws LockstepError USAGE for a host that does not see the run's folder, or another one by that path */
async function seenRun({ runFolder, lock }: RunHere): Promise<RunConfig> {
  const startedMs = performance.now();
  while (performance.now() - startedMs < SEEN_MS) {
    if (textOf(join(runFolder, LOCK_FILE)) === lock) return readRunConfig(runFolder);
    await sleep(LOOK_MS);
  }
  throw new LockstepError(
    'USAGE',
    `Cannot train here: this host does not see the run's folder "${runFolder}" as the leader does.`,
    'Name a folder with --run that all hosts see by the same path, and keep the data in such a folder, too.',
  );
}

function textOf(path: string): string | null {
  try {
    return readTextSync(path);
  } catch {
    // Not there, or not yet.
    return null;
  }
}
