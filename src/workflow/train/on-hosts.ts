/** A run on several hosts: one of them leads, the others follow. Each host runs the same command. */
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { leaderNotFound } from '../../cluster/find-leader.ts';
import { type AgentOptions, HostAgent } from '../../cluster/host-agent.ts';
import type { HostLeader } from '../../cluster/leader.ts';
import { answerProbes } from '../../cluster/probe.ts';
import type { Meeting } from '../../cluster/rendezvous/host-rendezvous.ts';
import { openHostRendezvous } from '../../cluster/rendezvous/open-rendezvous.ts';
import { type OutwaitHooks, outwait } from '../../core/lease.ts';
import { isRenewedElsewhere, renewedElsewhere } from '../../core/renewed-lock.ts';
import type { Device } from '../../launch/device.ts';
import { readSecretFile, secretOfVariable } from '../../protocol/host-keys.ts';
import type { RunOutcome } from '../../telemetry/run-event.ts';
import { DEFAULT_HOSTS_WAIT_SECONDS, type HostsOptions } from '../placement.ts';
import { endedRun } from './ended-run.ts';
import type { GuardedHooks } from './hooks.ts';
import { HostPart } from './host-part.ts';
import { refuseHosts, refuseUnknownLeader } from './refuse-hosts.ts';
import { throwIfStopped } from './stop-requests.ts';

const LOOK_MS = 250;

export interface OnHosts {
  /** Absent for a run of this host. */
  readonly hosts: HostsOptions | undefined;
  /** Of this host. */
  readonly devices: readonly Device[];
  /** What this host was started for: all must be started for the same. */
  readonly request: string;
  readonly runFolder: string;
  /** Where the dataset is on this host, as far as its command says. */
  readonly ownStore?: string | undefined;
  /** How a completed run has ended, where that is answered without the other hosts. */
  readonly answer?: (() => Promise<RunOutcome | undefined>) | undefined;
}

/**
 * Runs `lead` on the host that leads, with the other hosts once all are there. A host that follows starts the workers
 * that it is told to, and ends as the run does. When the host that leads is lost another one goes on with the run; one that
 * was only cut off follows that one when it is back.
 * @throws LockstepError USAGE, INSECURE, PORT_IN_USE, TIMEOUT, PROTOCOL, REQUEUED when the leader is gone and nobody can go
 *   on; what `lead` throws is thrown on every host
 */
export async function onHosts(
  given: OnHosts,
  hooks: GuardedHooks,
  lead: (hosts: HostLeader | null) => Promise<RunOutcome>,
): Promise<RunOutcome> {
  const endAnswers = await answerProbes(given.runFolder);
  try {
    return await onGivenHosts(given, hooks, lead);
  } finally {
    endAnswers();
  }
}

async function onGivenHosts(
  { hosts, devices, request, runFolder: folder, ownStore, answer }: OnHosts,
  hooks: GuardedHooks,
  lead: (hosts: HostLeader | null) => Promise<RunOutcome>,
): Promise<RunOutcome> {
  if (hosts === undefined) return await lead(null);
  const { hostRank = null, start = null, waitSeconds = DEFAULT_HOSTS_WAIT_SECONDS } = hosts;
  const { ownDisks = false } = hosts;
  refuseHosts(hosts.hosts);
  if (ownDisks) refuseUnknownLeader(hosts);
  const options = {
    ...{ hosts: hosts.hosts, workers: devices.length, waitMs: waitSeconds * 1000 },
    leaves: hosts.onSignal === 'leave',
    ...{ ownDisks, request: ownDisks ? `${request}, own disks` : request },
    throwIfStopped: () => throwIfStopped(hooks),
    tell: (text: string, isWarning = false) =>
      hooks.onEvent({ kind: isWarning ? 'warning' : 'status', text }),
  };
  const beside = `${resolve(folder)}.hosts`;
  const { rendezvous = `folder:${beside}` } = hosts;
  const place = openHostRendezvous(rendezvous, beside, secretOf(hosts), start);
  // A host that comes back finds the run led by another one.
  const isLed = await isLedElsewhere(folder, options);
  // A scheduler may start a host again when the others have completed the run.
  const isDone = !isLed && !ownDisks && endedRun(folder)?.status === 'completed';
  const completed = isDone ? await answer?.() : undefined;
  if (completed !== undefined) {
    hooks.onEvent({ kind: 'end', outcome: completed });
    return completed;
  }
  const meeting = isLed ? place.follow() : await place.meet(hostRank, options);
  const { onSignal = 'stop' } = hosts;
  const here = { devices, hostRank, onSignal, runFolder: folder, ownStore };
  if (meeting.role === 'lead') {
    return await withAgent(options, meeting.secret, meeting.port, async (agent) =>
      new HostPart(agent, place, here, hooks).lead(meeting, lead),
    );
  }
  for (;;) {
    const secret = await secretFrom(meeting, folder, options);
    const outcome = await withAgent(options, secret, null, async (agent) =>
      new HostPart(agent, place, here, hooks).follow(meeting),
    );
    if (outcome !== null) return outcome;
  }
}

async function withAgent<Result>(
  options: AgentOptions,
  secret: Buffer,
  port: number | null,
  use: (agent: HostAgent) => Promise<Result>,
): Promise<Result> {
  const agent = await HostAgent.open(options, secret, port);
  try {
    return await use(agent);
  } finally {
    await agent.close();
  }
}

/** The secret of the run, once somebody has left it where hosts meet. @throws LockstepError TIMEOUT */
async function secretFrom(
  { find }: Extract<Meeting, { role: 'follow' }>,
  runFolder: string,
  { waitMs, throwIfStopped: check }: Pick<AgentOptions, 'waitMs' | 'throwIfStopped'>,
): Promise<Buffer> {
  const startedMs = performance.now();
  for (;;) {
    const secret = find()?.secret;
    if (secret !== undefined) return secret;
    check();
    if (performance.now() - startedMs > waitMs) {
      const owner = renewedElsewhere(runFolder);
      throw leaderNotFound(waitMs, owner ? { kind: 'alone', owner } : { kind: 'unknown' });
    }
    await sleep(LOOK_MS);
  }
}

/** Whether a process of another host owns the run's folder, and gives signs of life. */
async function isLedElsewhere(folder: string, hooks: OutwaitHooks): Promise<boolean> {
  if (!isRenewedElsewhere(folder)) return false;
  await outwait(folder, hooks);
  return isRenewedElsewhere(folder);
}

function secretOf({ keyFile, key }: HostsOptions): Buffer | null {
  if (keyFile !== undefined) return readSecretFile(keyFile);
  return key === undefined ? null : secretOfVariable(key);
}
