/** What a host that follows needs of its surroundings, and how it ends to follow. */
import type { LockstepError } from '../core/errors.ts';
import type { LockSeen } from '../core/renewed-lock.ts';
import type { StopSignal, WatchSignals } from '../core/stop-signal.ts';
import type { Launch } from '../launch/launching.ts';
import type { RunOutcome } from '../telemetry/run-event.ts';
import type { RunHere } from './own-workers.ts';
import type { RunSource } from './preparation.ts';

/** A lock that may be taken away. */
export type FoundLock = Pick<LockSeen, 'text'> & Partial<LockSeen>;

export interface MemberOptions<Folder> {
  /** Number of this host; null where the leader gives it one. */
  readonly hostRank: number | null;
  readonly watchSignals: WatchSignals;
  /** Whether this host leaves the run to the others when it is asked to stop; otherwise the run ends. */
  readonly leaves: boolean;
  /** What starts workers here, once the run is known. */
  readonly launcher: (run: RunHere, from: RunSource) => Promise<Launch>;
  /**
   * Takes the run's folder.
   * @param from the lock of the leader that was lost, or of any owner that did not touch it
   * @param epoch in which this host leads then
   * @throws LockstepError when the folder has another owner by now
   */
  readonly takeFolder: (runFolder: string, from: FoundLock, epoch: number) => Folder;
  /** How the run in this folder has ended; null while it has not. */
  readonly endOf: (runFolder: string) => RunOutcome | null;
  /** Makes ready to lead, since the leader may be lost. Called again and again. */
  readonly standBy: () => void;
  /** The leader is heard again, or another host leads. Called again and again. */
  readonly standDown: () => void;
}

/** How the run ended; `error` is what ended it early. */
export interface RunEnd {
  readonly kind: 'ended';
  readonly outcome: RunOutcome | null;
  readonly error: LockstepError | null;
}

/** What was found is of an earlier start: there is another secret now. */
export interface Anew {
  readonly kind: 'anew';
}

/** This host goes on with the run, as its leader. */
export interface Succeeds<Folder> {
  readonly kind: 'succeeds';
  readonly folder: Folder;
  /** When the leader before was heard last, as Date.now() says. */
  readonly lostAt: number;
  /** What happened, in one sentence. */
  readonly loss: string;
  /** Rank of the leader before where it has left; null where it was lost. */
  readonly left: number | null;
}

/** This host has left the run to the others. */
export interface Left {
  readonly kind: 'left';
  readonly signal: StopSignal;
}

export type Followed<Folder> = RunEnd | Anew | Left | Succeeds<Folder>;
