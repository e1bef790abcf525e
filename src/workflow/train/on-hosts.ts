/** A run on several hosts: one of them leads, the others follow. Each host runs the same command. */
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { leaderNotFound } from '../../cluster/find-leader.ts';
import type { Succeeds } from '../../cluster/followed.ts';
import { type AgentOptions, HostAgent } from '../../cluster/host-agent.ts';
import { HostLeader } from '../../cluster/leader.ts';
import { departure } from '../../cluster/leaves.ts';
import { followRun } from '../../cluster/member.ts';
import type { RunHere } from '../../cluster/own-workers.ts';
import type { RunSource } from '../../cluster/preparation.ts';
import { answerProbes } from '../../cluster/probe.ts';
import { announceAnyway } from '../../cluster/rendezvous/announce-anyway.ts';
import type { HostRendezvous, Meeting } from '../../cluster/rendezvous/host-rendezvous.ts';
import { openHostRendezvous } from '../../cluster/rendezvous/open-rendezvous.ts';
import type { RunConfig } from '../../config/run-config.ts';
import type { Journal } from '../../coordinator/succession.ts';
import { StandbyCoordinator } from '../../coordinator/supervisor/standby.ts';
import { asLockstepError, EXIT, LockstepError } from '../../core/errors.ts';
import { type OutwaitHooks, outwait, seizeFolder } from '../../core/lease.ts';
import { LOCK_FILE } from '../../core/lock-file.ts';
import { readTextSync } from '../../core/read-file.ts';
import { isRenewedElsewhere } from '../../core/renewed-lock.ts';
import type { StopSignal, WatchSignals } from '../../core/stop-signal.ts';
import type { Device } from '../../launch/device.ts';
import type { Launch } from '../../launch/launching.ts';
import { readSecretFile, secretOfVariable } from '../../protocol/host-keys.ts';
import type { CopyFolder } from '../../run/copy-folder.ts';
import {
  type RunFolder,
  readRunConfig,
  readRunExit,
  runPaths,
  takeRunFolder,
} from '../../run/folder.ts';
import type { RunOutcome } from '../../telemetry/run-event.ts';
import { DEFAULT_HOSTS_WAIT_SECONDS, type HostsOptions, type OnSignal } from '../placement.ts';
import { newestCheckpoint } from './conclude-run.ts';
import type { GuardedHooks } from './hooks.ts';
import { claimCopy, fetchRun } from './own-disks.ts';
import { RunFailed } from './run-failed.ts';
import { continueRun, startCoordinator } from './start-run.ts';
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
      new Part(agent, place, here, hooks).lead(meeting, lead),
    );
  }
  for (;;) {
    const secret = await secretFrom(meeting, options);
    const outcome = await withAgent(options, secret, null, async (agent) =>
      new Part(agent, place, here, hooks).follow(meeting),
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

type Here = Pick<OnHosts, 'devices' | 'runFolder' | 'ownStore'> & {
  readonly hostRank: number | null;
  readonly onSignal: OnSignal;
};

/** The part of one host in a run, which may change. */
class Part {
  readonly #agent: HostAgent;
  readonly #place: HostRendezvous;
  readonly #here: Here;
  readonly #hooks: GuardedHooks;
  #copy: CopyFolder | null = null;

  constructor(agent: HostAgent, place: HostRendezvous, here: Here, hooks: GuardedHooks) {
    this.#agent = agent;
    this.#place = place;
    this.#here = here;
    this.#hooks = hooks;
  }

  async lead(
    meeting: Extract<Meeting, { role: 'lead' }>,
    lead: (hosts: HostLeader) => Promise<RunOutcome>,
  ): Promise<RunOutcome> {
    const leader = HostLeader.first(this.#agent);
    meeting.announce(this.#agent.links.port);
    return await this.#untilEnd(leader, meeting, async () => {
      await leader.gather();
      return await lead(leader);
    });
  }

  /**
   * Null when the leader that was found is of an earlier start, and there is another secret now.
   * @param meeting where the leader is found; null for a host that led before
   */
  async follow(meeting: Extract<Meeting, { role: 'follow' }> | null): Promise<RunOutcome | null> {
    const { hostRank, onSignal } = this.#here;
    const { ownDisks } = this.#agent.options;
    const standby = new StandbyCoordinator(() =>
      startCoordinator(runPaths(this.#agent.workers.run!.runFolder).logs),
    );
    const end = await followRun(this.#agent, meeting, {
      hostRank,
      watchSignals: watchStopRequests(this.#hooks),
      leaves: onSignal === 'leave',
      launcher: async (run, from) => this.#launcher(run, from),
      takeFolder: (path, from) => takeRunFolder(path, () => seizeFolder(path, from)),
      endOf: endedRun,
      standBy: () => {
        if (!ownDisks) standby.prepare();
      },
      standDown: () => standby.discard(),
    }).finally(() => this.#copy?.release());
    if (end.kind === 'anew') return null;
    if (end.kind === 'succeeds') return await this.#succeed(end, standby);
    if (end.kind === 'left') return await this.#leave(end.signal);
    const { outcome, error } = end;
    if (error !== null) throw outcome === null ? error : new RunFailed(error, outcome);
    this.#hooks.onEvent({ kind: 'end', outcome: outcome! });
    return outcome!;
  }

  async #launcher(run: RunHere, from: RunSource): Promise<Launch> {
    const { devices, runFolder: own, ownStore } = this.#here;
    const { firstSlot, resume, simulate, copy } = run;
    const here = { devices, firstSlot, resume, simulate };
    if (copy === null) {
      return launchWorkers({ ...here, runFolder: run.runFolder, config: await seenRun(run) });
    }
    this.#copy ??= await claimCopy(run, from, own);
    const { tell } = this.#agent.options;
    const fetched = await fetchRun({ ...run, copy }, from, this.#copy, { ownStore, tell });
    return launchWorkers({ ...here, runFolder: this.#copy.path, ...fetched });
  }

  async #leave(signal: StopSignal): Promise<RunOutcome> {
    const { workers, journal } = this.#agent;
    const { run } = workers;
    const runFolder = run === null || run.copy !== null ? this.#here.runFolder : run.runFolder;
    const { closed: step = 0 } = (journal?.content ?? {}) as Partial<Journal>;
    const lastCheckpoint = await newestCheckpoint(runPaths(runFolder));
    const common = { step, stateHash: null, lastCheckpoint, runFolder };
    const outcome = { status: 'stopped', ...departure(signal), ...common } as const;
    this.#hooks.onEvent({ kind: 'end', outcome });
    return outcome;
  }

  async #succeed(
    { folder, lostAt, loss, left }: Succeeds<RunFolder>,
    standby: StandbyCoordinator,
  ): Promise<RunOutcome> {
    const agent = this.#agent;
    const leader = HostLeader.successor(agent);
    const meeting = this.#place.succeed(agent.secret);
    const warn = (text: string) => agent.options.tell(text, true);
    const endAnnouncing = announceAnyway(meeting, agent.links.port, warn);
    try {
      agent.options.tell(`This host leads now: host ${agent.rank} of ${agent.options.hosts}.`);
      return await this.#untilEnd(leader, meeting, async () => {
        // The host that led may have ended the run, and nobody heard of it.
        const ended = endedRun(folder.path);
        if (ended !== null) return ended;
        const journal = (agent.journal?.content ?? null) as Journal | null;
        const run = agent.workers.run!;
        const lost = { lostAt, loss, left };
        const inheritance = { hosts: leader, folder, run, journal, standby, ...lost };
        const { onEvent } = this.#hooks;
        const watchSignals = stopRequestsOf(this.#hooks, leader, this.#here.onSignal);
        return await continueRun(inheritance, { onEvent, watchSignals });
      });
    } finally {
      endAnnouncing();
      standby.discard();
      folder.release();
    }
  }

  async #untilEnd(
    leader: HostLeader,
    meeting: Pick<Extract<Meeting, { role: 'lead' }>, 'end'>,
    lead: () => Promise<RunOutcome>,
  ): Promise<RunOutcome> {
    let outcome: RunOutcome;
    try {
      outcome = await lead();
    } catch (thrown) {
      const error = asLockstepError(thrown);
      const mayFollow = error.code === 'RUN_TAKEN_OVER' && !this.#agent.options.ownDisks;
      if (mayFollow) return await this.#stepDown(error, meeting);
      await leader.end(thrown instanceof RunFailed ? thrown.outcome : null, error);
      meeting.end();
      throw thrown;
    }
    // The next leader takes over where hosts meet, too.
    if (leader.hasLeft) return outcome;
    await leader.end(outcome, null);
    meeting.end();
    return outcome;
  }

  /** Another host goes on with the run: this one follows it. */
  async #stepDown(
    error: LockstepError,
    meeting: Pick<Extract<Meeting, { role: 'lead' }>, 'end'>,
  ): Promise<RunOutcome> {
    meeting.end();
    this.#agent.options.tell(error.message, true);
    const outcome = await this.follow(null);
    if (outcome === null) throw error;
    return outcome;
  }
}

/** The secret of the run, once somebody has left it where hosts meet. @throws LockstepError TIMEOUT */
async function secretFrom(
  { find }: Extract<Meeting, { role: 'follow' }>,
  { waitMs, throwIfStopped: check }: Pick<AgentOptions, 'waitMs' | 'throwIfStopped'>,
): Promise<Buffer> {
  const startedMs = performance.now();
  for (;;) {
    const secret = find()?.secret;
    if (secret !== undefined) return secret;
    check();
    if (performance.now() - startedMs > waitMs) throw leaderNotFound(waitMs);
    await sleep(LOOK_MS);
  }
}

/** Whether a process of another host owns the run's folder, and gives signs of life. */
async function isLedElsewhere(folder: string, hooks: OutwaitHooks): Promise<boolean> {
  if (!isRenewedElsewhere(folder)) return false;
  await outwait(folder, hooks);
  return isRenewedElsewhere(folder);
}

/** How a run has ended since it was begun; null while it has not. */
function endedRun(runFolder: string): RunOutcome | null {
  const exit = readRunExit(runPaths(runFolder));
  if (exit === undefined) return null;
  const { code: exitCode, reason, globalStep: step, stateHash, lastCheckpoint } = exit;
  const status = exitCode === EXIT.done ? 'completed' : 'stopped';
  return { status, exitCode, reason, step, stateHash, lastCheckpoint, runFolder };
}

/**
 * Requests to stop that came to this host, and those that came to another one while none had come here.
 * @param mode `leave`: this host leaves the run to the others, if that can be; a second request ends the run
 */
export function stopRequestsOf(
  hooks: GuardedHooks,
  hosts: HostLeader | null,
  mode: OnSignal = 'stop',
): WatchSignals {
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
    if (mode === 'stop') return here(stop);
    let asked: StopSignal | null = null;
    return here((signal) => {
      if (asked === null) hosts.leave(signal);
      else for (const one of isStopping ? [signal] : [asked, signal]) stop(one);
      asked ??= signal;
    });
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

/** @throws LockstepError USAGE where any host might lead: only one has the data and the run */
function refuseUnknownLeader({ rendezvous, hostRank }: HostsOptions): void {
  const isNamed =
    rendezvous?.startsWith('tcp:') || (rendezvous !== undefined && hostRank !== undefined);
  if (isNamed) return;
  throw new LockstepError(
    'USAGE',
    'Cannot train with --own-disks: nothing says which host has the run and the data.',
    'Name that host on all hosts: --rendezvous tcp://HOST:29400, with --key-file.',
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
    'Name a folder with --run that all hosts see by the same path, and keep the data in such a folder, too; or start all hosts with --own-disks.',
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
