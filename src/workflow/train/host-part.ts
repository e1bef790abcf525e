/** The part of one host in a run of several: it leads or follows, and changes from one to the other when hosts are lost. */

import type { Succeeds } from '../../cluster/followed.ts';
import type { HostAgent } from '../../cluster/host-agent.ts';
import { HostLeader } from '../../cluster/leader.ts';
import { departure } from '../../cluster/leaves.ts';
import { followRun } from '../../cluster/member.ts';
import type { RunHere } from '../../cluster/own-workers.ts';
import type { RunSource } from '../../cluster/preparation.ts';
import { announceAnyway } from '../../cluster/rendezvous/announce-anyway.ts';
import type { HostRendezvous, Meeting } from '../../cluster/rendezvous/host-rendezvous.ts';
import type { Journal } from '../../coordinator/succession.ts';
import { StandbyCoordinator } from '../../coordinator/supervisor/standby.ts';
import { asLockstepError, type LockstepError } from '../../core/errors.ts';
import { seizeFolder } from '../../core/lease.ts';
import type { StopSignal } from '../../core/stop-signal.ts';
import type { Device } from '../../launch/device.ts';
import type { Launch } from '../../launch/launching.ts';
import type { CopyFolder } from '../../run/copy-folder.ts';
import { type RunFolder, runPaths, takeRunFolder } from '../../run/folder.ts';
import type { RunOutcome } from '../../telemetry/run-event.ts';
import type { OnSignal } from '../placement.ts';
import { newestCheckpoint } from './conclude-run.ts';
import { endedRun } from './ended-run.ts';
import type { GuardedHooks } from './hooks.ts';
import { stopRequestsOf } from './host-stop-requests.ts';
import { claimCopy, fetchRun } from './own-disks.ts';
import { RunFailed } from './run-failed.ts';
import { seenRun } from './seen-run.ts';
import { continueRun, startCoordinator } from './start-run.ts';
import { watchStopRequests } from './stop-requests.ts';
import { launchWorkers } from './workers.ts';

/** What this host brings, and how it was asked to take part. */
interface Here {
  readonly devices: readonly Device[];
  /** Number of this host; null where the leader gives it one. */
  readonly hostRank: number | null;
  readonly onSignal: OnSignal;
  readonly runFolder: string;
  /** Where the dataset is on this host, as far as its command says. */
  readonly ownStore: string | undefined;
}

export class HostPart {
  readonly #agent: HostAgent;
  readonly #place: HostRendezvous;
  readonly #here: Here;
  readonly #hooks: GuardedHooks;
  #copy: CopyFolder | null = null;
  /** Name of the host that has the run's folder, where this one has a copy. */
  #source: string | null = null;

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
      takeFolder: (path, from, epoch) => takeRunFolder(path, () => seizeFolder(path, from, epoch)),
      endOf: endedRun,
      standBy: () => {
        if (!ownDisks) standby.prepare();
      },
      standDown: () => standby.discard(),
    }).finally(() => this.#copy?.release());
    if (end.kind === 'anew') return null;
    if (end.kind === 'succeeds') return await this.#succeed(end, standby);
    if (end.kind === 'left') return await this.#leave(end.signal);
    const { error } = end;
    const onHost = this.#source === null ? {} : { onHost: this.#source };
    const outcome = end.outcome && { ...end.outcome, ...onHost };
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
    this.#source = from.host;
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
